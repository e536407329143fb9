"""Katib's controller, database manager and UI."""

from __future__ import annotations

from pytest_kubeflow.local.platform.components.component import Component, Container, Port

_KATIB = "v0.19.0"
KATIB_SECRET = "katib-webhook-cert"  # noqa: S105 the name of a Secret object
KATIB_CONTROLLER = Component(
    "katib-controller",
    "kubeflow",
    "katib-controller",
    {"katib.kubeflow.org/component": "controller", "sidecar.istio.io/inject": "false"},
    (
        Container(
            "katib-controller",
            f"ghcr.io/kubeflow/katib/katib-controller:{_KATIB}",
            {"webhook": 8443},
        ),
    ),
    {"katib-controller": (Port("webhook", 443, 8443),)},
    meshed=False,
    secret=KATIB_SECRET,
    certificates="/tmp/cert",  # noqa: S108 in its pod
)
KATIB_DB_MANAGER = Component(
    "katib-db-manager",
    "kubeflow",
    "default",
    {"katib.kubeflow.org/component": "db-manager", "sidecar.istio.io/inject": "false"},
    (
        Container(
            "katib-db-manager",
            f"ghcr.io/kubeflow/katib/katib-db-manager:{_KATIB}",
            {"api": 6789},
        ),
    ),
    {"katib-db-manager": (Port("api", 6789, 6789),)},
    meshed=False,
)
KATIB_UI = Component(
    "katib-ui",
    "kubeflow",
    "katib-ui",
    {"katib.kubeflow.org/component": "ui", "sidecar.istio.io/inject": "true"},
    (Container("katib-ui", f"ghcr.io/kubeflow/katib/katib-ui:{_KATIB}", {"ui": 8080}),),
    {"katib-ui": (Port("ui", 80, 8080),)},
)
