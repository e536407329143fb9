"""Component: which part of the platform an object belongs to, by its namespace and name."""

from __future__ import annotations

_NAMESPACES = {
    "auth": "dex",
    "cert-manager": "cert-manager",
    "istio-system": "istio",
    "knative-eventing": "knative",
    "knative-serving": "knative",
    "kserve": "kserve",
    "kubeflow-system": "trainer",
    "oauth2-proxy": "oauth2-proxy",
}
_NAMES = (
    ("katib", "katib"),
    ("poddefaults", "poddefaults"),
    ("admission-webhook", "poddefaults"),
    ("jobset", "trainer"),
    ("trainer", "trainer"),
    ("training", "training"),
    ("spark", "spark"),
    ("pvcviewer", "volumes"),
    ("volumes", "volumes"),
    ("tensorboard", "tensorboards"),
    ("notebook", "notebooks"),
    ("jupyter", "notebooks"),
    ("kserve", "kserve"),
    ("model-registry", "model registry"),
    ("pipeline", "pipelines"),
    ("cache-", "pipelines"),
    ("metadata-", "pipelines"),
    ("dashboard", "dashboard"),
    ("profiles", "profiles"),
)


def component_of(namespace: str, name: str) -> str:
    """The part that an object belongs to; "kubeflow" or its namespace where names do not tell."""
    if namespace in _NAMESPACES:
        return _NAMESPACES[namespace]
    return next((part for mark, part in _NAMES if mark in name), namespace or "kubeflow")
