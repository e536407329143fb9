"""The Model Registry's server."""

from __future__ import annotations

from pytest_kubeflow.local.platform.components.component import Component, Container, Port

_MODEL_REGISTRY = "v0.3.8"
MODEL_REGISTRY = Component(
    "model-registry-deployment",
    "kubeflow",
    "model-registry-server",
    {"component": "model-registry-server", "sidecar.istio.io/inject": "true"},
    (
        Container(
            "rest-container",
            f"ghcr.io/kubeflow/model-registry/server:{_MODEL_REGISTRY}",
            {"http-api": 8080},
        ),
    ),
    {"model-registry-service": (Port("http-api", 8080, 8080),)},
)
