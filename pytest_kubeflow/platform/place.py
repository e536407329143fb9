"""Place: what a namespace is to the platform, and which part of it an object belongs to."""

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

_COMPONENTS = {
    "argo": "workflows",
    "auth": "dex",
    "cert-manager": "cert-manager",
    "istio-ingress": "istio",
    "istio-system": "istio",
    "knative-eventing": "knative",
    "knative-serving": "knative",
    "kserve": "kserve",
    "kube-system": "kubernetes",
    "kubeflow-system": "trainer",
    "kubeflow-workspaces": "notebooks",
    "local-path-storage": "storage",
    "metacontroller": "profiles",
    "oauth2-proxy": "oauth2-proxy",
}
_IN_KUBEFLOW = (
    ("katib", r"katib"),
    ("workflows", r"workflow-controller|argo"),
    ("profiles", r"profiles|metacontroller|kubeflow-pipelines-profile-controller"),
    ("object store", r"minio|seaweedfs"),
    ("pipelines", r"ml-pipeline|metadata-|cache-|mysql|postgres|controller-manager"),
    ("kserve", r"kserve|llmisvc"),
    ("notebooks", r"jupyter|notebook"),
    ("dashboard", r"centraldashboard|dashboard"),
    ("volumes", r"volumes|pvcviewer"),
    ("tensorboards", r"tensorboard"),
    ("poddefaults", r"admission-webhook|poddefaults"),
    ("training", r"training-operator|mpi-operator|pytorch|tf-job"),
    ("trainer", r"kubeflow-trainer|jobset|lws"),
    ("spark", r"spark"),
    ("model registry", r"model-(registry|catalog)"),
)


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


def component_of(namespace: str, name: str) -> str:
    """The part of the platform that a workload belongs to: "katib", "istio"."""
    if namespace == "kubeflow":
        found = (part for part, names in _IN_KUBEFLOW if re.match(names, name))
        return next(found, "kubeflow")
    return _COMPONENTS.get(namespace, f"profile {namespace}" if namespace else "kubernetes")


def has_kubeflow(snapshot: Snapshot) -> bool:
    """Whether there is a Kubeflow at all: an empty cluster lacks nothing."""
    return snapshot.named(NAMESPACES, "kubeflow") is not None or any(
        resource.endswith(("kubeflow.org", "serving.kserve.io", "argoproj.io"))
        for resource in snapshot.served
    )
