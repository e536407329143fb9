"""Causality: of a cause and what follows from it, the cause alone is a finding."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from pytest_kubeflow.platform.finding import Finding

_GENERAL = {
    "KF403": 1,
    "KF113": 2,
    "KF101": 3,
    "KF103": 3,
    "KF105": 3,
    "KF106": 3,
    "KF117": 3,
    "KF110": 4,
    "KF108": 5,
    "KF202": 6,
    "KF715": 6,
    "KF717": 6,
    "KF803": 6,
    "KF312": 6,
    "KF904": 6,
    "KF906": 6,
}
"""Faults that others explain: those with a lower number, or with none, on the same object."""

_WAIT_FOR = {
    "Deployment kubeflow/katib-mysql": ("katib-db-manager", "katib-controller", "katib-ui"),
    "Deployment kubeflow/mysql": (
        "cache-server",
        "metadata-grpc-deployment",
        "metadata-writer",
        "ml-pipeline",
        "ml-pipeline-persistenceagent",
        "ml-pipeline-scheduledworkflow",
    ),
    "Deployment kubeflow/metadata-grpc-deployment": (
        "metadata-writer",
        "metadata-envoy-deployment",
    ),
    "Deployment kubeflow/minio": ("ml-pipeline",),
    "Deployment kubeflow/seaweedfs": ("ml-pipeline",),
}
"""Deployments in `kubeflow` that crash or never become ready while another is away."""

_PODS = ("KF101", "KF102", "KF105", "KF107", "KF108", "KF113", "KF114", "KF701", "KF702", "KF703")
_OF_ONE_POD = frozenset(_PODS) - {"KF108"}
"""Faults that two pods of one workload may have each for itself."""

_OF_THE_NEW = {"KF110": frozenset(_PODS)}
"""What keeps a new version from coming up breaks nothing while the old one serves."""

_NO_MORE = {"KF501": ("KF106", "KF108", "KF110", "KF202", "KF715", "KF717", "KF803")}
"""What alone some faults explain: a pod on a node that is away crashes for reasons of its own."""

_CONSEQUENCES = frozenset({"KF101", "KF108"})
_TOLD = 5


def without_consequences(findings: Iterable[Finding]) -> set[Finding]:
    """Those that no other explains; each tells what it has done to others."""
    found = set(findings)
    causes = _causes(found)
    told: dict[Finding, dict[str, str]] = {}
    explained: dict[Finding, set[str]] = {}
    for finding in sorted(found, key=lambda one: (one.code, one.sentence)):
        cause = causes.get(finding)
        if cause is None:
            continue
        passed = {finding}
        while (further := causes.get(cause)) is not None and further not in passed:
            passed.add(cause)
            cause = further
        explained.setdefault(cause, set()).add(finding.code)
        others = told.setdefault(cause, {})
        if finding.code in _OF_THE_NEW.get(cause.code, ()):
            others.setdefault(finding.code, f"because {finding.sentence}")
        elif finding.objects[0] != cause.objects[0]:
            others.setdefault(finding.objects[0], f"so {finding.sentence}")
    left = found - causes.keys()
    return {
        replace(
            one,
            evidence=(*one.evidence, *list(told.get(one, {}).values())[:_TOLD]),
            explains=frozenset(explained.get(one, ())),
        )
        for one in left
    }


def _causes(findings: set[Finding]) -> dict[Finding, Finding]:
    by_object: dict[str, list[Finding]] = {}
    for finding in sorted(findings, key=lambda one: (_rank(one), one.code, one.sentence)):
        for name in finding.objects:
            by_object.setdefault(name, []).append(finding)
    found: dict[Finding, Finding] = {}
    for finding in findings:
        better = (one for name in finding.objects for one in by_object[name])
        cause = next((one for one in better if _explains(one, finding)), None)
        cause = cause or _awaited(finding, by_object)
        if cause is not None:
            found[finding] = cause
    return found


def _explains(better: Finding, finding: Finding) -> bool:
    if finding.code in _OF_THE_NEW.get(better.code, ()):
        return better.objects[0] == finding.objects[0]
    if better.code in _OF_THE_NEW.get(finding.code, ()):
        return False
    if (
        better.code in _OF_ONE_POD
        and finding.code in _OF_ONE_POD
        and not _share_pod(better, finding)
    ):
        return False
    return (
        _rank(better) < _rank(finding)
        and better.severity.weight <= finding.severity.weight
        and finding.code in _NO_MORE.get(better.code, (finding.code,))
    )


def _share_pod(one: Finding, other: Finding) -> bool:
    return any(name.startswith("Pod ") and name in other.objects for name in one.objects)


def _awaited(finding: Finding, by_object: dict[str, list[Finding]]) -> Finding | None:
    """The finding of what the subject of this one waits for."""
    if finding.code not in _CONSEQUENCES or not finding.objects:
        return None
    for awaited, waiting in _WAIT_FOR.items():
        if finding.objects[0] in {f"Deployment kubeflow/{name}" for name in waiting}:
            for cause in by_object.get(awaited, ()):
                if cause.objects[0] != finding.objects[0] and cause.severity.weight == 0:
                    return cause
    return None


def _rank(finding: Finding) -> int:
    return _GENERAL.get(finding.code, 0)
