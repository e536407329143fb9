"""Component: which part of the platform an object belongs to, by its namespace and name."""

from __future__ import annotations

import re

_OF_NAMESPACES = {
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


def component_of(namespace: str, name: str = "") -> str:
    """The part that an object belongs to: "katib", "istio"; else its namespace.

    "kubeflow" where names do not tell, "kubernetes" for what is in no namespace.
    """
    if namespace == "kubeflow":
        found = (part for part, names in _IN_KUBEFLOW if re.match(names, name))
        return next(found, "kubeflow")
    return _OF_NAMESPACES.get(namespace, namespace or "kubernetes")
