"""Releases: which version of each part a release of Kubeflow has.

From the tables in README.md of kubeflow/community-distribution (before 2026 kubeflow/manifests),
and third-party/argo of the Kubeflow Pipelines in each. Versions count by their minor release:
patches are taken up between releases.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

RELEASES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "1.8": {
        "Katib": ("0.16",),
        "KServe": ("0.11",),
        "Pipelines": ("2.0",),
        "Argo Workflows": ("3.3",),
        "Notebooks": ("1.8",),
        "Dashboard": ("1.8",),
        "Profiles": ("1.8",),
        "PodDefaults": ("1.8",),
        "TensorBoards": ("1.8",),
        "PVC Viewer": ("1.8",),
    },
    "1.9": {
        "Katib": ("0.17",),
        "KServe": ("0.13",),
        "Pipelines": ("2.2", "2.3"),
        "Argo Workflows": ("3.4",),
        "Notebooks": ("1.9",),
        "Dashboard": ("1.9",),
        "Profiles": ("1.9",),
        "PodDefaults": ("1.9",),
        "TensorBoards": ("1.9",),
        "PVC Viewer": ("1.9",),
    },
    "1.10": {
        "Katib": ("0.18",),
        "KServe": ("0.15",),
        "Pipelines": ("2.5",),
        "Argo Workflows": ("3.5",),
        "Notebooks": ("1.10",),
        "Dashboard": ("1.10",),
        "Profiles": ("1.10",),
        "PodDefaults": ("1.10",),
        "TensorBoards": ("1.10",),
        "PVC Viewer": ("1.10",),
        "Spark Operator": ("2.2",),
    },
    "1.11": {
        "Katib": ("0.19",),
        "KServe": ("0.15",),
        "Pipelines": ("2.15",),
        "Argo Workflows": ("3.7",),
        "Trainer": ("2.1",),
        "Notebooks": ("1.10",),
        "Dashboard": ("1.10",),
        "Profiles": ("1.10",),
        "PodDefaults": ("1.10",),
        "TensorBoards": ("1.10",),
        "PVC Viewer": ("1.10",),
        "Spark Operator": ("2.4",),
    },
    "26.03": {
        "Katib": ("0.19",),
        "KServe": ("0.16",),
        "Pipelines": ("2.16",),
        "Argo Workflows": ("3.7",),
        "Trainer": ("2.1",),
        "Notebooks": ("1.10",),
        "Dashboard": ("1.10",),
        "Profiles": ("1.10",),
        "PodDefaults": ("1.10",),
        "TensorBoards": ("1.10",),
        "PVC Viewer": ("1.10",),
        "Spark Operator": ("2.5",),
    },
    "26.03.1": {
        "Katib": ("0.19",),
        "KServe": ("0.18",),
        "Pipelines": ("2.16",),
        "Argo Workflows": ("3.7",),
        "Trainer": ("2.2",),
        "Notebooks": ("1.11",),
        "Dashboard": ("2.0",),
        "Profiles": ("2.0",),
        "PodDefaults": ("2.0",),
        "TensorBoards": ("1.11",),
        "PVC Viewer": ("1.11",),
        "Spark Operator": ("2.5",),
    },
}
"""By release, the oldest first. What everybody upgrades alone (Istio, cert-manager) is left out."""

_VERSION = re.compile(r"v?(\d+)\.(\d+)")
_ENOUGH = 3


@dataclass(frozen=True, slots=True)
class Likeness:
    """Which release a cluster looks like."""

    release: str
    alike: tuple[str, ...]
    """The parts that are of it."""

    others: Mapping[str, tuple[str, ...]]
    """The releases that each of the other parts is of, without parts that are of none."""


def minor_of(version: str) -> tuple[int, int] | None:
    """(2, 16) of "2.16.1" or "v2.16"; None of what is no version."""
    found = _VERSION.match(version)
    return (int(found[1]), int(found[2])) if found else None


def likeness(versions: Iterable[tuple[str, str]]) -> Likeness | None:
    """The release that most of these parts are of, given with their versions.

    None if that cannot be told. Of two that fit as well it is the newer one.
    """
    known = {part: found for part, version in versions if (found := _releases(part, version))}
    best = max(RELEASES, key=lambda one: (_score(known, one), list(RELEASES).index(one)))
    alike = tuple(part for part, found in known.items() if best in found)
    others = {part: found for part, found in known.items() if best not in found}
    if len(alike) < _ENOUGH or len(alike) <= len(others):
        return None
    return Likeness(best, alike, others)


def _score(known: Mapping[str, Sequence[str]], release: str) -> int:
    return sum(release in found for found in known.values())


def _releases(part: str, version: str) -> tuple[str, ...]:
    minor = minor_of(version)
    return tuple(
        release
        for release, parts in RELEASES.items()
        if minor is not None and minor in map(minor_of, parts.get(part, ()))
    )
