"""cert-manager, which signs the certificates of webhooks."""

from __future__ import annotations

from pytest_kubeflow.local.platform.components.component import Component, Container

_CERT_MANAGER = "v1.20.2"
CERT_MANAGER = tuple(
    Component(
        name,
        "cert-manager",
        name,
        {
            "app": app,
            "app.kubernetes.io/name": app,
            "app.kubernetes.io/instance": "cert-manager",
            "app.kubernetes.io/version": _CERT_MANAGER,
        },
        (Container(container, f"quay.io/jetstack/{image}:{_CERT_MANAGER}"),),
        meshed=False,
    )
    for name, app, container, image in (
        ("cert-manager", "cert-manager", "cert-manager-controller", "cert-manager-controller"),
        (
            "cert-manager-cainjector",
            "cainjector",
            "cert-manager-cainjector",
            "cert-manager-cainjector",
        ),
    )
)
