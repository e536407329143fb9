"""KServe's controller."""

from __future__ import annotations

from pytest_kubeflow.local.platform.components.component import Component, Container, Port

KSERVE_SECRET = "kserve-webhook-server-cert"  # noqa: S105 the name of a Secret object
KSERVE = Component(
    "kserve-controller-manager",
    "kubeflow",
    "kserve-controller-manager",
    {
        "app.kubernetes.io/name": "kserve-controller-manager",
        "control-plane": "kserve-controller-manager",
        "controller-tools.k8s.io": "1.0",
        "sidecar.istio.io/inject": "false",
    },
    (Container("manager", "kserve/kserve-controller:v0.18.0", {"webhook-server": 9443}),),
    {"kserve-webhook-server-service": (Port("https", 443, 9443),)},
    meshed=False,
    secret=KSERVE_SECRET,
)
