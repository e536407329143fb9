"""Definition: a kind that was added to the API of a cluster, as inventories tell it."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_kubeflow.platform.snapshot import Snapshot
from pytest_kubeflow.platform.snapshot.fields import flag, items, text, texts
from pytest_kubeflow.platform.snapshot.kind import DEFINITIONS


@dataclass(frozen=True, slots=True)
class Definition:
    """A custom resource: "experiments.kubeflow.org"."""

    name: str
    versions: tuple[str, ...]
    """Those that are served, sorted."""

    stored: tuple[str, ...]
    """Those in which objects of it may be in etcd (status.storedVersions)."""


def definitions(snapshot: Snapshot) -> tuple[Definition, ...]:
    """All that a snapshot shows, by name."""
    found = sorted(snapshot.all(DEFINITIONS), key=lambda one: text(one, "metadata", "name"))
    return tuple(
        Definition(
            text(one, "metadata", "name"),
            tuple(
                sorted(
                    text(version, "name")
                    for version in items(one, "spec", "versions")
                    if flag(version, "served")
                )
            ),
            tuple(texts(one, "status", "storedVersions")),
        )
        for one in found
    )
