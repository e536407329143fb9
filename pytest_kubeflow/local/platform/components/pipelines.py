"""Kubeflow Pipelines: its API, UI, agents, store and the controller of Workflows."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_kubeflow.local.pipelines.settings import DRIVER_REFERENCE, LAUNCHER_REFERENCE
from pytest_kubeflow.local.platform.components.component import Component, Container, Port
from pytest_kubeflow.local.workflows.podspec import IMAGE as EXECUTOR_IMAGE

_KFP = "2.16.1"


def _kfp(
    name: str,
    container: str,
    image: str,
    *,
    ports: Mapping[str, int] | None = None,
    services: Mapping[str, tuple[Port, ...]] | None = None,
    env: Mapping[str, str] | None = None,
) -> Component:
    part = Container(container, f"ghcr.io/kubeflow/{image}:{_KFP}", ports or {}, env or {})
    labels = {"app": name, "application-crd-id": "kubeflow-pipelines"}
    return Component(name, "kubeflow", name, labels, (part,), services or {})


ML_PIPELINE = _kfp(
    "ml-pipeline",
    "ml-pipeline-api-server",
    "kfp-api-server",
    ports={"http": 8888},
    services={"ml-pipeline": (Port("http", 8888, 8888),)},
    env={
        "V2_DRIVER_IMAGE": DRIVER_REFERENCE,
        "V2_LAUNCHER_IMAGE": LAUNCHER_REFERENCE,
    },
)
ML_PIPELINE_UI = _kfp(
    "ml-pipeline-ui",
    "ml-pipeline-ui",
    "kfp-frontend",
    ports={"http": 3000},
    services={"ml-pipeline-ui": (Port("http", 80, 3000),)},
)
PERSISTENCE_AGENT = _kfp(
    "ml-pipeline-persistenceagent", "ml-pipeline-persistenceagent", "kfp-persistence-agent"
)
SCHEDULED_WORKFLOW = _kfp(
    "ml-pipeline-scheduledworkflow",
    "ml-pipeline-scheduledworkflow",
    "kfp-scheduled-workflow-controller",
)
METADATA = Component(
    "metadata-grpc-deployment",
    "kubeflow",
    "metadata-grpc-server",
    {"component": "metadata-grpc-server"},
    (
        Container(
            "container",
            "gcr.io/tfx-oss-public/ml_metadata_store_server:1.14.0",
            {"grpc-api": 8080},
        ),
    ),
    {"metadata-grpc-service": (Port("grpc-api", 8080, 8080),)},
)
METADATA_ENVOY = Component(
    "metadata-envoy-deployment",
    "kubeflow",
    "default",
    {"component": "metadata-envoy", "sidecar.istio.io/inject": "false"},
    (Container("container", f"ghcr.io/kubeflow/kfp-metadata-envoy:{_KFP}", {"md-envoy": 9090}),),
    {"metadata-envoy-service": (Port("md-envoy", 9090, 9090),)},
    meshed=False,
)
SEAWEEDFS = Component(
    "seaweedfs",
    "kubeflow",
    "seaweedfs",
    {"app": "seaweedfs", "application-crd-id": "kubeflow-pipelines"},
    (Container("seaweedfs", "chrislusf/seaweedfs:4.00", {"http-s3": 8333}),),
    {
        "seaweedfs": (Port("http-s3", 8333, 8333), Port("http-minio", 9000, 8333)),
        "minio-service": (Port("http", 9000, 8333),),
    },
)
WORKFLOW_CONTROLLER = Component(
    "workflow-controller",
    "kubeflow",
    "argo",
    {"app": "workflow-controller", "application-crd-id": "kubeflow-pipelines"},
    (
        Container(
            "workflow-controller",
            "quay.io/argoproj/workflow-controller:v3.7.3",
            arguments=(
                *("--configmap", "workflow-controller-configmap"),
                *("--executor-image", EXECUTOR_IMAGE),
            ),
        ),
    ),
)
PROFILE_PIECES = Component(
    "kubeflow-pipelines-profile-controller",
    "kubeflow",
    "default",
    {"app": "kubeflow-pipelines-profile-controller", "sidecar.istio.io/inject": "false"},
    (Container("profile-controller", "docker.io/alpine/k8s:1.32.3"),),
    meshed=False,
)
