"""The central dashboard, profiles and their PodDefaults."""

from __future__ import annotations

from pytest_kubeflow.local.platform.components.component import Component, Container, Port

_DASHBOARD = "v2.0.0"


def _named(name: str, part_of: str) -> dict[str, str]:
    return {
        "app": name,
        "app.kubernetes.io/name": name,
        "app.kubernetes.io/part-of": part_of,
    }


DASHBOARD = Component(
    "dashboard",
    "kubeflow",
    "dashboard",
    {**_named("dashboard", "kubeflow-dashboard"), "sidecar.istio.io/inject": "true"},
    (Container("dashboard", f"ghcr.io/kubeflow/dashboard/dashboard:{_DASHBOARD}", {"http": 8082}),),
    {"dashboard": (Port("http", 80, 8082),)},
)
PROFILES = Component(
    "profiles-deployment",
    "kubeflow",
    "profiles-controller-service-account",
    {**_named("profile-controller", "kubeflow-dashboard"), "sidecar.istio.io/inject": "true"},
    (
        Container("manager", f"ghcr.io/kubeflow/dashboard/profile-controller:{_DASHBOARD}"),
        Container(
            "access-management",
            f"ghcr.io/kubeflow/dashboard/access-management:{_DASHBOARD}",
            {"http-kfam": 8081},
        ),
    ),
    {"profiles-kfam": (Port("http-kfam", 8081, 8081),)},
)
POD_DEFAULTS_SECRET = "poddefaults-webhook-certs"  # noqa: S105 the name of a Secret object
POD_DEFAULTS = Component(
    "poddefaults-webhook-deployment",
    "kubeflow",
    "poddefaults-webhook-service-account",
    {
        "app": "poddefaults",
        "app.kubernetes.io/component": "poddefaults",
        "app.kubernetes.io/managed-by": "kustomize",
        "app.kubernetes.io/name": "poddefaults-webhook",
        "app.kubernetes.io/part-of": "kubeflow-dashboard",
        "sidecar.istio.io/inject": "false",
    },
    (
        Container(
            "poddefaults-webhook",
            f"ghcr.io/kubeflow/dashboard/poddefaults-webhook:{_DASHBOARD}",
            {"https-webhook": 4443},
        ),
    ),
    {"poddefaults-webhook-service": (Port("https-webhook", 443, 4443),)},
    meshed=False,
    secret=POD_DEFAULTS_SECRET,
    certificates="/etc/webhook/certs",
)
