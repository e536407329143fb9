"""The way in without a host: a port-forward to the gateway, through the Kubernetes API."""

from __future__ import annotations

from dataclasses import replace

from pytest_kubeflow.config.model import KubeflowConfig
from pytest_kubeflow.config.setting import Setting
from pytest_kubeflow.errors import ClusterUnreachable, NotFound
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.ports.portforward import PortForward

SERVICES: tuple[tuple[str, str, int], ...] = (
    ("istio-system", "istio-ingressgateway", 80),
    ("kubeflow", "ml-pipeline-ui", 80),
    ("kubeflow", "ml-pipeline", 8888),
)
"""Namespace, Service and port of what can let us in; a platform's gateway comes first."""


def forward_to_gateway(kubernetes: KubernetesClient) -> PortForward:
    """An open port-forward to the first of `SERVICES` that is there; close it at the end.

    Each connection through it finds a pod that is ready then. Raises ClusterUnreachable if there
    is none of them, PermissionDenied if one may not be forwarded.
    """
    missing = []
    for namespace, service, port in SERVICES:
        forward = PortForward(kubernetes, namespace, service, port)
        try:
            return forward.open()
        except NotFound as error:
            missing.append(error.message)
    raise ClusterUnreachable(
        "--kf-host was not given, and there is nothing to forward a port to: "
        f"{'; '.join(missing)}; give --kf-host=URL"
    )


def located(config: KubeflowConfig, forward: PortForward) -> KubeflowConfig:
    """`config` with the port-forward as its host."""
    origin = f"port-forward to {forward.target}"
    return replace(
        config,
        gateway=replace(config.gateway, host=forward.url),
        settings={**config.settings, "host": Setting(forward.url, origin)},
    )
