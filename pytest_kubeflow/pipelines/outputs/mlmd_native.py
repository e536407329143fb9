"""ML Metadata asked by gRPC itself, past the gateway: where `metadata-grpc-service` is reachable.

Only Kubeflow's front door leads to it by gRPC-web; the address of the API alone, as programs in
the cluster use it, does not. The Service is there all the same: in the cluster by its name, from
outside by a forwarded port.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

from pytest_kubeflow.errors import KubeflowError, NotFound, PermissionDenied
from pytest_kubeflow.k8s.client import KubernetesClient, calling
from pytest_kubeflow.pipelines.outputs.mlmd import MetadataSource, Unanswered, passing
from pytest_kubeflow.pipelines.outputs.mlmd_messages import SERVICE
from pytest_kubeflow.pipelines.outputs.source import SourceUnavailable
from pytest_kubeflow.retries.evidence import attempt_seconds

if TYPE_CHECKING:
    from pytest_kubeflow.k8s.ports.portforward import PortForward

NAMESPACE, SERVICE_NAME, PORT = "kubeflow", "metadata-grpc-service", 8080
_CONNECT_SECONDS = 5.0
_CALL_SECONDS = 30.0


class NativeMetadataSource(MetadataSource):
    """Reads `TaskRecord`s; `address` is "host:port", or found when it is first asked.

    A way that is not there, or not allowed, is not looked for again.
    """

    name = "ML Metadata by gRPC"

    def __init__(
        self, kubernetes: KubernetesClient | None = None, *, address: str | None = None
    ) -> None:
        super().__init__(_no_post)
        self._kubernetes = kubernetes
        self._address = address
        self._forward: PortForward | None = None
        self._channel: Any = None
        self._refusal = ""

    def close(self) -> None:
        """End its connection."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None
        if self._forward is not None:
            self._forward.close()
            self._forward = None

    def _ask(self, method: str, request: bytes) -> bytes:
        return self._policy.repeat(lambda: self._once(method, request))

    def _once(self, method: str, request: bytes) -> bytes:
        import grpc

        channel = self._connected()
        call = channel.unary_unary(f"/{SERVICE}/{method}")
        try:
            answer: bytes = call(request, timeout=attempt_seconds(_CALL_SECONDS))
        except grpc.RpcError as error:
            message = " ".join(str(error.details()).split())
            code = error.code()
            raise Unanswered(
                f"{self.name} refuses {method} with {code.name}: {message}",
                passing(code.value[0], message),
            ) from error
        return answer

    def _connected(self) -> Any:
        if self._refusal:
            raise SourceUnavailable(self._refusal)
        if self._channel is None:
            try:
                self._channel = self._connect(self._address or self._find())
            except (KubeflowError, OSError) as error:
                message = error.message if isinstance(error, KubeflowError) else str(error)
                refusal = f"{self.name} is not reachable: {message}"
                if isinstance(error, NotFound | PermissionDenied):  # all else may pass
                    self._refusal = refusal
                raise SourceUnavailable(refusal) from error
        return self._channel

    def _connect(self, address: str) -> Any:
        import grpc

        # Neither Services nor forwarded ports are behind a proxy.
        # What is asked again is the policy's to say.
        options = [("grpc.enable_http_proxy", 0), ("grpc.enable_retries", 0)]
        channel = grpc.insecure_channel(address, options=options)
        try:
            grpc.channel_ready_future(channel).result(attempt_seconds(_CONNECT_SECONDS))
        except grpc.FutureTimeoutError:
            channel.close()
            raise NotFound(f"{address} does not answer by gRPC") from None
        return channel

    def _find(self) -> str:
        """By its name, where that is known; by a forwarded port, or the Service's own address."""
        host = f"{SERVICE_NAME}.{NAMESPACE}"
        try:
            socket.getaddrinfo(host, PORT, type=socket.SOCK_STREAM)
        except OSError:
            if self._kubernetes is None:
                raise NotFound(
                    f"{host} is no name here, and there is no access to Kubernetes to forward a "
                    "port with"
                ) from None
            return self._forwarded(self._kubernetes)
        return f"{host}:{PORT}"

    def _forwarded(self, kubernetes: KubernetesClient) -> str:
        from pytest_kubeflow.k8s.ports.portforward import PortForward

        with calling(f"read service {NAMESPACE}/{SERVICE_NAME}"):
            service = kubernetes.core.read_namespaced_service(SERVICE_NAME, NAMESPACE)
        if not service.spec.selector:
            return f"{service.spec.cluster_ip}:{PORT}"
        self._forward = PortForward(kubernetes, NAMESPACE, SERVICE_NAME, PORT).open()
        host, port = self._forward.address
        return f"{host}:{port}"


def _no_post(*_: object) -> Any:
    raise AssertionError("gRPC posts nothing")
