"""Names and labels that KServe gives to what it makes (pkg/constants)."""

from __future__ import annotations

from pytest_kubeflow.local.kube.client import Object

DOMAIN = "example.com"  # `ingressDomain` of the inferenceservice-config that Kubeflow ships
CONTAINER = "kserve-container"
INITIALIZER = "storage-initializer"
MODEL_PATH = "/mnt/models"
INFERENCE_SERVICE_LABEL = "serving.kserve.io/inferenceservice"
REVISION_LABEL = "serving.knative.dev/revision"
SERVICE_LABEL = "serving.knative.dev/service"
MODE_ANNOTATION = "serving.kserve.io/deploymentMode"
STOP_ANNOTATION = "serving.kserve.io/stop"
STANDARD, KNATIVE = "Standard", "Knative"
_OLD_MODES = {"RawDeployment": STANDARD, "Serverless": KNATIVE}


def predictor_name(service: Object) -> str:
    return f"{service['metadata']['name']}-predictor"


def app_label(name: str) -> str:
    """The label by which a Service of KServe finds its pods."""
    return f"isvc.{name}"


def deployment_mode(service: Object) -> str:
    """Standard or Knative: what the status says, else the annotation, else the default.

    The mode of an InferenceService is fixed once it is in the status.
    """
    found = (service.get("status") or {}).get("deploymentMode")
    asked = (service["metadata"].get("annotations") or {}).get(MODE_ANNOTATION)
    for mode in (found, asked):
        mode = _OLD_MODES.get(str(mode), mode)  # noqa: PLW2901
        if mode in {STANDARD, KNATIVE}:
            return str(mode)
    return STANDARD


def standard_host(name: str, namespace: str) -> str:
    return f"{name}-{namespace}.{DOMAIN}"


def knative_host(name: str, namespace: str) -> str:
    return f"{name}.{namespace}.{DOMAIN}"


def local_host(name: str, namespace: str) -> str:
    return f"{name}.{namespace}.svc.cluster.local"


def serving_path(name: str, namespace: str) -> str:
    """Where the gateway shows a model by path: Kubeflow's `pathTemplate`."""
    return f"/serving/{namespace}/{name}"
