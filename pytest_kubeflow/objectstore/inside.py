"""Where pods reach the object store."""

from __future__ import annotations

from pytest_kubeflow.cluster import Cluster
from pytest_kubeflow.errors import KubeflowError, NotFound
from pytest_kubeflow.k8s.client import calling

_STORES = (("seaweedfs", 8333), ("minio-service", 9000))
_NAMESPACE = "kubeflow"


def store_inside(cluster: Cluster) -> str:
    """The object store's URL as pods reach it: configured, or that of Kubeflow's own store."""
    configured = cluster.config.serving.s3_endpoint
    if configured:
        return configured
    for name, usual in _STORES:
        try:
            with calling(f"read service {_NAMESPACE}/{name}"):
                service = cluster.kubernetes.core.read_namespaced_service(name, _NAMESPACE)
        except NotFound:
            continue
        except KubeflowError:
            break  # a profile's owner may not look there
        ports = [one.port for one in service.spec.ports or ()]
        port = usual if usual in ports or not ports else ports[0]
        return f"http://{name}.{_NAMESPACE}:{port}"
    # The name of MinIO's days is still served where SeaweedFS has taken its place.
    name, port = _STORES[-1]
    return f"http://{name}.{_NAMESPACE}:{port}"
