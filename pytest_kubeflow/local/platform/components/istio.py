"""Istio: its control plane and gateways."""

from __future__ import annotations

from pytest_kubeflow.local.platform.components.component import Component, Container, Port
from pytest_kubeflow.local.platform.images import ISTIO, PROXY_IMAGE

ISTIOD = Component(
    "istiod",
    "istio-system",
    "istiod",
    {"app": "istiod", "istio": "pilot", "app.kubernetes.io/version": ISTIO},
    (
        Container(
            "discovery",
            f"registry.istio.io/release/pilot:{ISTIO}",
            env={"ENABLE_NATIVE_SIDECARS": "true", "PILOT_ENABLE_ALPHA_GATEWAY_API": "false"},
        ),
    ),
    meshed=False,
)
INGRESS_GATEWAY = Component(
    "istio-ingressgateway",
    "istio-system",
    "istio-ingressgateway-service-account",
    {"app": "istio-ingressgateway", "istio": "ingressgateway"},
    (Container("istio-proxy", PROXY_IMAGE, {"http2": 8080}),),
    {"istio-ingressgateway": (Port("http2", 80, 8080),)},
    meshed=False,
)
LOCAL_GATEWAY = Component(
    "cluster-local-gateway",
    "istio-system",
    "cluster-local-gateway-service-account",
    {"app": "cluster-local-gateway", "istio": "cluster-local-gateway"},
    (Container("istio-proxy", PROXY_IMAGE, {"http2": 8080}),),
    {
        "cluster-local-gateway": (Port("http2", 80, 8080),),
        "knative-local-gateway": (Port("http2", 80, 8080),),
    },
    meshed=False,
)
