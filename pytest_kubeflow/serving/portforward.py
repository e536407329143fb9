"""A connection to a port of a pod, through the Kubernetes API."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from pytest_kubeflow.errors import ClusterUnreachable
from pytest_kubeflow.k8s.client import KubernetesClient, calling


@contextmanager
def pod_socket(
    kubernetes: KubernetesClient, namespace: str, pod: str, port: int, *, timeout: float
) -> Iterator[socket.socket]:
    """A connected socket, closed at the end. Raises ClusterUnreachable if nothing listens there."""
    from kubernetes.client import ApiClient, CoreV1Api
    from kubernetes.stream import portforward

    # `portforward` puts its own request function into the client for the time of the call: one
    # of its own keeps other threads' calls out of that.
    api = CoreV1Api(ApiClient(kubernetes.api_client.configuration))
    with calling(f"forward a port of pod {namespace}/{pod}"):
        forward = portforward(
            api.connect_get_namespaced_pod_portforward, pod, namespace, ports=str(port)
        )
    try:
        sock: socket.socket = forward.socket(port)
        sock.setblocking(True)
        sock.settimeout(timeout)
        yield sock
        if error := forward.error(port):
            raise ClusterUnreachable(f"port {port} of pod {namespace}/{pod}: {error}")
    finally:
        forward.close()
        api.api_client.close()
