"""Place: what a namespace is to the platform."""

from __future__ import annotations

import re

from pytest_kubeflow.platform.fault import Fault, Severity
from pytest_kubeflow.platform.snapshot import Snapshot
from pytest_kubeflow.platform.snapshot.fields import pairs
from pytest_kubeflow.platform.snapshot.kind import NAMESPACES, PROFILES

PLATFORM = frozenset(
    {
        "argo",
        "auth",
        "cert-manager",
        "istio-ingress",
        "istio-system",
        "knative-eventing",
        "knative-serving",
        "kserve",
        "kubeflow",
        "kubeflow-system",
        "kubeflow-workspaces",
        "local-path-storage",
        "metacontroller",
        "oauth2-proxy",
    }
)
"""The namespaces in which Kubeflow, and what it stands on, is installed."""

SYSTEM = "kube-system"
_NAMES = re.compile(r"coredns|kube-dns")  # without which nothing finds anything


def is_profile(snapshot: Snapshot, namespace: str) -> bool:
    """Whether a namespace belongs to a profile, as far as that can be seen."""
    if not namespace or namespace in PLATFORM or namespace == SYSTEM:
        return False
    found = snapshot.named(NAMESPACES, namespace)
    labels = pairs(found, "metadata", "labels")
    return (
        labels.get("app.kubernetes.io/part-of") == "kubeflow-profile"
        or snapshot.named(PROFILES, namespace) is not None
        or namespace in snapshot.namespaces
    )


def is_ours(snapshot: Snapshot, namespace: str) -> bool:
    """Whether a namespace is one of the platform's, or a profile's: others are not looked at."""
    return namespace in PLATFORM or namespace == SYSTEM or is_profile(snapshot, namespace)


def severity_at(
    fault: Fault, snapshot: Snapshot, namespace: str, name: str = ""
) -> Severity | None:
    """How much a fault weighs in a namespace; None where nobody expects Kubeflow to be whole.

    What is broken in a profile, or beside the cluster's DNS, leaves the platform standing.
    """
    if namespace in PLATFORM or (namespace == SYSTEM and _NAMES.match(name)):
        return fault.severity
    if namespace == SYSTEM or is_profile(snapshot, namespace):
        return max(fault.severity, Severity.DEGRADED, key=lambda one: one.weight)
    return None


def has_kubeflow(snapshot: Snapshot) -> bool:
    """Whether there is a Kubeflow at all: an empty cluster lacks nothing."""
    return snapshot.named(NAMESPACES, "kubeflow") is not None or any(
        resource.endswith(("kubeflow.org", "serving.kserve.io", "argoproj.io"))
        for resource in snapshot.served
    )
