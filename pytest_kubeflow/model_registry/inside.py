"""Where pods reach a Model Registry: by its Service, which is in one of two namespaces."""

from __future__ import annotations

from pytest_kubeflow.errors import KubeflowError, NotFound
from pytest_kubeflow.k8s.client import KubernetesClient, calling

_SERVICE, _PORT, _SYSTEM = "model-registry-service", 8080, "kubeflow"


def registry_inside(kubernetes: KubernetesClient, namespace: str) -> str:
    """The URL of the registry of a profile where it has one, else of the platform's."""
    for place in (namespace, _SYSTEM):
        try:
            with calling(f"read service {place}/{_SERVICE}"):
                service = kubernetes.core.read_namespaced_service(_SERVICE, place)
        except NotFound:
            continue
        except KubeflowError:
            break  # a profile's owner may not look there
        ports = [one.port for one in service.spec.ports or ()]
        port = _PORT if _PORT in ports or not ports else ports[0]
        return f"http://{_SERVICE}.{place}:{port}"
    return f"http://{_SERVICE}.{_SYSTEM}:{_PORT}"
