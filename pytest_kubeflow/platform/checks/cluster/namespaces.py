"""Namespaces: those that do not end."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_kubeflow.platform.age import ENDING, longer_than
from pytest_kubeflow.platform.catalogue.profiles import NAMESPACE_NOT_ENDING
from pytest_kubeflow.platform.fault import Severity
from pytest_kubeflow.platform.finding import Finding
from pytest_kubeflow.platform.place import is_ours
from pytest_kubeflow.platform.snapshot import Object, Snapshot
from pytest_kubeflow.platform.snapshot.fields import condition, name_of, text
from pytest_kubeflow.platform.snapshot.kind import NAMESPACES

_CONDITIONS = (
    "NamespaceFinalizersRemaining",
    "NamespaceContentRemaining",
    "NamespaceDeletionDiscoveryFailure",
    "NamespaceDeletionGroupVersionParsingFailure",
    "NamespaceDeletionContentFailure",
)


def check_namespaces(snapshot: Snapshot) -> Iterator[Finding]:
    """Whether namespaces that are being deleted end."""
    for namespace in snapshot.all(NAMESPACES):
        begun = text(namespace, "metadata", "deletionTimestamp")
        if begun and longer_than(ENDING, snapshot, namespace, "metadata", "deletionTimestamp"):
            ours = is_ours(snapshot, name_of(namespace))
            yield _finding(namespace, begun, None if ours else Severity.NOTICE)


def _finding(namespace: Object, begun: str, severity: Severity | None) -> Finding:
    name = name_of(namespace)
    said = [
        " ".join(text(found, "message").split())
        for one in _CONDITIONS
        if text(found := condition(namespace, one), "status") == "True"
    ]
    return Finding(
        fault=NAMESPACE_NOT_ENDING,
        component="profiles",
        severity=severity or NAMESPACE_NOT_ENDING.severity,
        sentence=f"namespace {name} has been ending since {begun}: "
        f"{said[0] if said else 'it does not say what it waits for'}",
        fix=f"kubectl get namespace {name} -o yaml  # bring the controller back that the "
        "finalizer names, or take the finalizer from what is left:\n"
        "kubectl api-resources --verbs=list --namespaced -o name | "
        f"xargs -n 1 kubectl -n {name} get --ignore-not-found --show-kind",
        evidence=tuple(said),
        objects=(f"Namespace {name}",),
    )
