"""The login: Dex, oauth2-proxy, and what gives the mesh the keys of the cluster."""

from __future__ import annotations

from pytest_kubeflow.local.platform.components.component import Component, Container, Port

JWKS_PROXY_IMAGE = "registry.k8s.io/kubectl:v1.36.0"
DEX = Component(
    "dex",
    "auth",
    "dex",
    {"app": "dex"},
    (Container("dex", "ghcr.io/dexidp/dex:v2.45.1", {"http": 5556}),),
    {"dex": (Port("dex", 5556, 5556),)},
    meshed=False,
)
OAUTH2_PROXY = Component(
    "oauth2-proxy",
    "oauth2-proxy",
    "oauth2-proxy",
    {"app.kubernetes.io/name": "oauth2-proxy"},
    (Container("oauth2-proxy", "quay.io/oauth2-proxy/oauth2-proxy:v7.15.2", {"http": 4180}),),
    {"oauth2-proxy": (Port("http", 80, 4180),)},
    meshed=False,
)
