"""The web apps of notebooks, volumes and Tensorboards, and their controllers."""

from __future__ import annotations

from pytest_kubeflow.local.notebooks.settings import CONFIG as NOTEBOOK_CONFIG
from pytest_kubeflow.local.platform.components.component import Component, Container, Port
from pytest_kubeflow.local.tensorboards.settings import CONFIG as TENSORBOARD_CONFIG

_NOTEBOOKS = "v1.11.0"
VOLUMES_WEB_APP = Component(
    "volumes-web-app-deployment",
    "kubeflow",
    "volumes-web-app-service-account",
    {"app": "volumes-web-app", "kustomize.component": "volumes-web-app"},
    (
        Container(
            "volumes-web-app",
            f"ghcr.io/kubeflow/notebooks/volumes-web-app:{_NOTEBOOKS}",
            {"http": 5000},
        ),
    ),
    {"volumes-web-app-service": (Port("http", 80, 5000),)},
)
JUPYTER_WEB_APP = Component(
    "jupyter-web-app-deployment",
    "kubeflow",
    "jupyter-web-app-service-account",
    {"app": "jupyter-web-app", "kustomize.component": "jupyter-web-app"},
    (
        Container(
            "jupyter-web-app",
            f"ghcr.io/kubeflow/notebooks/jupyter-web-app:{_NOTEBOOKS}",
            {"http": 5000},
        ),
    ),
    {"jupyter-web-app-service": (Port("http", 80, 5000),)},
)
NOTEBOOK_CONTROLLER = Component(
    "notebook-controller-deployment",
    "kubeflow",
    "notebook-controller-service-account",
    {"app": "notebook-controller", "kustomize.component": "notebook-controller"},
    (
        Container(
            "manager",
            f"ghcr.io/kubeflow/notebooks/notebook-controller:{_NOTEBOOKS}",
            config=NOTEBOOK_CONFIG,
            settings=(
                "USE_ISTIO",
                "ISTIO_GATEWAY",
                "ISTIO_HOST",
                "CLUSTER_DOMAIN",
                "ENABLE_CULLING",
                "CULL_IDLE_TIME",
                "IDLENESS_CHECK_PERIOD",
            ),
        ),
    ),
)
VIEWER_SECRET = "webhook-server-cert"  # noqa: S105 the name of a Secret object
VIEWER_CONTROLLER = Component(
    "pvcviewer-controller-manager",
    "kubeflow",
    "pvcviewer-controller-manager",
    {"app": "pvcviewer", "control-plane": "controller-manager"},
    (
        Container(
            "manager",
            f"ghcr.io/kubeflow/notebooks/pvcviewer-controller:{_NOTEBOOKS}",
            {"webhook-server": 9443},
        ),
    ),
    {"pvcviewer-webhook-service": (Port("https", 443, 9443),)},
    secret=VIEWER_SECRET,
)
TENSORBOARDS_WEB_APP = Component(
    "tensorboards-web-app-deployment",
    "kubeflow",
    "tensorboards-web-app-service-account",
    {"app": "tensorboards-web-app", "kustomize.component": "tensorboards-web-app"},
    (
        Container(
            "tensorboards-web-app",
            f"ghcr.io/kubeflow/notebooks/tensorboards-web-app:{_NOTEBOOKS}",
            {"http": 5000},
        ),
    ),
    {"tensorboards-web-app-service": (Port("http", 80, 5000),)},
)
TENSORBOARD_CONTROLLER = Component(
    "tensorboard-controller-deployment",
    "kubeflow",
    "tensorboard-controller",
    {
        "app": "tensorboard-controller",
        "control-plane": "controller-manager",
        "kustomize.component": "tensorboard-controller",
    },
    (
        Container(
            "manager",
            f"ghcr.io/kubeflow/notebooks/tensorboard-controller:{_NOTEBOOKS}",
            config=TENSORBOARD_CONFIG,
            settings=(
                "RWO_PVC_SCHEDULING",
                "TENSORBOARD_IMAGE",
                "ISTIO_GATEWAY",
                "ISTIO_HOST",
            ),
        ),
        Container("kube-rbac-proxy", "quay.io/brancz/kube-rbac-proxy:v0.8.0"),
    ),
)
