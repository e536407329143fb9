"""The real KServeClient, on our connection.

Its own constructor loads the kubeconfig into the official client's global default, for all of the
process, and its watch asks that default again: so it is made without it.
"""

from __future__ import annotations

from typing import Any

from pytest_kubeflow.k8s.client import KubernetesClient


def make_kserve_client(kubernetes: KubernetesClient) -> Any:
    """A kserve.KServeClient that uses `kubernetes`; give `namespace=` in each call."""
    from kserve import KServeClient
    from kubernetes.client import AppsV1Api, AutoscalingV2Api

    class Client(KServeClient):  # type: ignore[misc]  # the base class has no types
        """KServeClient without its constructor."""

        def __init__(self) -> None:
            self.core_api = kubernetes.core
            self.app_api = AppsV1Api(kubernetes.api_client)
            self.api_instance = kubernetes.custom
            self.hpa_v2_api = AutoscalingV2Api(kubernetes.api_client)

    return Client()
