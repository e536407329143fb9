"""Tunnel: one connection to a port of a pod, through the Kubernetes API."""

from __future__ import annotations

import json
import socket
import threading
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any

from pytest_kubeflow.errors import ClusterUnreachable
from pytest_kubeflow.k8s.client import KubernetesClient, calling

if TYPE_CHECKING:
    from kubernetes.client import ApiException, CoreV1Api


@dataclass(frozen=True, slots=True)
class PodPort:
    """Where a tunnel leads: `port` is a number of the pod's own."""

    namespace: str
    pod: str
    port: int

    def __str__(self) -> str:
        return f"port {self.port} of pod {self.namespace}/{self.pod}"


class Tunnel:
    """A websocket to a pod's port, closed at the end.

    `socket` is this end of it; it can be closed, and not half closed. Whether anything listens
    there shows a little later: `trouble` is then what the node said.
    """

    def __init__(self, target: PodPort, forward: Any) -> None:
        self.target = target
        self._forward = forward
        self.socket: socket.socket = forward.socket(target.port)
        # The library leaves it as it comes from socketpair(): how it blocks is the user's choice.
        self.socket.setblocking(True)

    @property
    def is_open(self) -> bool:
        """Whether the connection to the API is still there; what came before can be read yet."""
        return bool(self._forward.connected)

    @property
    def trouble(self) -> ClusterUnreachable | None:
        """Why nothing comes from there, if the node has said so."""
        told = self._forward.error(self.target.port)
        return ClusterUnreachable(f"{self.target} does not answer: {told}") if told else None

    def close(self) -> None:
        """End it; twice is fine."""
        self._forward.close()

    def __enter__(self) -> Tunnel:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class Tunnels:
    """Opens tunnels. Threads may share it."""

    def __init__(self, kubernetes: KubernetesClient) -> None:
        self._kubernetes = kubernetes
        self._core: CoreV1Api | None = None
        self._lock = threading.Lock()

    def open(self, target: PodPort) -> Tunnel:
        """A tunnel to a pod that runs.

        Raises PermissionDenied without `create pods/portforward`, NotFound without the pod,
        ClusterUnreachable.
        """
        from kubernetes.client import ApiClient, ApiException, CoreV1Api
        from kubernetes.stream import portforward

        with self._lock, calling(f"forward {target}"):
            if self._core is None:
                # `portforward` puts its own request function into the client for the time of the
                # call: a client of its own keeps other threads' calls out of that.
                self._core = CoreV1Api(ApiClient(self._kubernetes.api_client.configuration))
            try:
                forward = portforward(
                    self._core.connect_get_namespaced_pod_portforward,
                    target.pod,
                    target.namespace,
                    ports=str(target.port),
                )
            except ApiException as error:
                raise _explained(error, target) from error
        return Tunnel(target, forward)

    def close(self) -> None:
        """Close the client; tunnels that are open stay so."""
        if self._core is not None:
            self._core.api_client.close()
            self._core = None


def _explained(error: ApiException, target: PodPort) -> Exception:
    """What the library calls status 0, as what the API server answered to the handshake."""
    from kubernetes.client import ApiException
    from websocket import WebSocketBadStatusException

    cause = error.__context__
    if not isinstance(cause, WebSocketBadStatusException):
        told = " ".join(str(error.reason).split())
        return ClusterUnreachable(f"cannot forward {target}: {told}")
    body = cause.resp_body or b""
    answered: Exception = ApiException(status=cause.status_code, reason=_text(body))
    return answered


def _text(body: bytes) -> str:
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        return body.decode(errors="replace").strip()
