"""ServicePort: which pod, and which of its ports, a port of a Service leads to.

As `kubectl port-forward` finds it, except that only pods that are ready count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pytest_kubeflow.errors import NotFound
from pytest_kubeflow.k8s.client import KubernetesClient, calling
from pytest_kubeflow.k8s.pods.lifecycle import describe_pod
from pytest_kubeflow.k8s.ports.tunnel import PodPort


@dataclass(frozen=True)
class ServicePort:
    """A port of a Service, by its number or its name. Nothing is asked before `find`."""

    kubernetes: KubernetesClient
    namespace: str
    service: str
    port: int | str

    def __str__(self) -> str:
        return f"service {self.namespace}/{self.service}, port {self.port}"

    def find(self) -> PodPort:
        """The youngest of the pods that are ready now, and the port of it that is meant.

        Needs `get services` and `list pods`. Raises NotFound where there is no such service, port
        or pod, PermissionDenied, ClusterUnreachable.
        """
        core = self.kubernetes.core
        where = f"{self.namespace}/{self.service}"
        with calling(f"read service {where}"):
            service = core.read_namespaced_service(self.service, self.namespace)
        port = self._named(service)
        selector = service.spec.selector
        if not selector:
            raise NotFound(f"service {where} selects no pods: its ports cannot be forwarded")
        labels = ",".join(f"{key}={value}" for key, value in selector.items())
        with calling(f"list the pods of service {where}"):
            pods = core.list_namespaced_pod(self.namespace, label_selector=labels).items
        ready = [one for one in pods if is_ready(one)]
        if not ready:
            seen = "; ".join(f"{one.metadata.name}: {describe_pod(one)}" for one in pods)
            raise NotFound(f"service {where} has no pod that is ready ({seen or 'it has no pods'})")
        targets = {one.metadata.name: at for one in ready if (at := self._target(port, one))}
        if not targets:
            names = ", ".join(one.metadata.name for one in ready)
            raise NotFound(
                f"service {where} leads to port {port.target_port!r}, "
                f"which no container of pod {names} has"
            )
        name = youngest([one for one in ready if one.metadata.name in targets]).metadata.name
        return PodPort(self.namespace, name, targets[name])

    def _named(self, service: Any) -> Any:
        ports = service.spec.ports or ()
        found = next((one for one in ports if self.port in {one.port, one.name}), None)
        if found is None:
            known = ", ".join(
                f"{one.port} ({one.name})" if one.name else str(one.port) for one in ports
            )
            raise NotFound(
                f"service {self.namespace}/{self.service} has no port {self.port}; "
                f"it has {known or 'none'}"
            )
        return found

    def _target(self, port: Any, pod: Any) -> int | None:
        """The number of the pod's port that is meant; None if it has none of that name."""
        wanted = port.target_port or port.port
        if isinstance(wanted, int):
            return wanted
        named = (one for container in pod.spec.containers for one in container.ports or ())
        return next((int(one.container_port) for one in named if one.name == wanted), None)


def is_ready(pod: Any) -> bool:
    """Whether a V1Pod takes requests: it is ready, and not on its way out."""
    if pod.metadata.deletion_timestamp:
        return False
    return any(one.type == "Ready" and one.status == "True" for one in pod.status.conditions or ())


def youngest(pods: Sequence[Any]) -> Any:
    """The V1Pod of one or more that was made last."""
    return max(pods, key=lambda one: (one.metadata.creation_timestamp, one.metadata.name))
