"""The ways to a predictor: by host, by path, by port-forward. All give a PredictorResponse."""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from pytest_kubeflow.auth.session import gateway_session
from pytest_kubeflow.cluster import Cluster
from pytest_kubeflow.errors import ClusterUnreachable, NotFound
from pytest_kubeflow.k8s.ports.portforward import PortForward
from pytest_kubeflow.k8s.ports.tunnel import PodPort
from pytest_kubeflow.network_errors import network_errors
from pytest_kubeflow.serving.errors import ServiceFailed
from pytest_kubeflow.serving.state import ServiceState
from pytest_kubeflow.serving.workload import CONTAINER, Workload

if TYPE_CHECKING:
    import requests

HOST, PATH, PORT_FORWARD = "host", "path", "port-forward"
_CONNECT_SECONDS = 10.0
_PORT = 8080
_INSIDE = (".svc", ".svc.cluster.local")


@dataclass(frozen=True, slots=True)
class PredictorResponse:
    """An HTTP answer, whatever its status."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The body as text, for people."""
        return self.body.decode(errors="replace")


class Route(Protocol):
    """A way to one predictor."""

    @property
    def description(self) -> str:
        """For messages: "https://kf.example with host iris.team.example.com"."""

    def send(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None,
        headers: Mapping[str, str],
        timeout: float,
    ) -> PredictorResponse:
        """One request, no second attempt, no redirects. Raises ClusterUnreachable."""


@dataclass(frozen=True)
class GatewayRoute:
    """Through the platform's gateway, whose `session` has the credentials, or none."""

    session: requests.Session
    base: str
    host: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def description(self) -> str:
        """The address and, where it is another one, the host."""
        return f"{self.base} with host {self.host}" if self.host else self.base

    def send(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None,
        headers: Mapping[str, str],
        timeout: float,
    ) -> PredictorResponse:
        """As Route says."""
        url = self.base + path
        with network_errors(url):
            answer = self.session.request(
                method,
                url,
                data=body,
                headers={
                    **self.headers,
                    **headers,
                    **({"Host": self.host} if self.host else {}),
                },
                # Where a login is asked for we want to see that, not the login page.
                allow_redirects=False,
                timeout=(_CONNECT_SECONDS, timeout),
            )
        return PredictorResponse(answer.status_code, answer.content, dict(answer.headers))


@dataclass(frozen=True)
class PortForwardRoute:
    """Straight into a pod, past gateway and mesh: tells a bad model from a bad route."""

    cluster: Cluster
    namespace: str
    name: str

    @property
    def description(self) -> str:
        """Which service's pod."""
        return f"a pod of {self.namespace}/{self.name} by port-forward"

    def send(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None,
        headers: Mapping[str, str],
        timeout: float,
    ) -> PredictorResponse:
        """As Route says; each request has a connection of its own."""
        kubernetes = self.cluster.kubernetes
        pod = Workload.read(kubernetes, self.namespace, self.name).best
        if pod is None:
            raise NotFound(f"InferenceService {self.namespace}/{self.name} has no pod to ask")
        container = next((one for one in pod.spec.containers if one.name == CONTAINER), None)
        ports = [one.container_port for one in (container.ports if container else None) or ()]
        target = PodPort(self.namespace, pod.metadata.name, ports[0] if ports else _PORT)
        with (
            PortForward.to_pod(kubernetes, target) as forward,
            closing(http.client.HTTPConnection(*forward.address, timeout=timeout)) as connection,
        ):
            try:
                connection.request(method, path, body=body, headers=dict(headers))
                answer = connection.getresponse()
                return PredictorResponse(answer.status, answer.read(), dict(answer.getheaders()))
            except (OSError, http.client.HTTPException) as error:
                message = f"{target} does not answer: {error or type(error).__name__}"
                raise forward.trouble or ClusterUnreachable(message) from error


def make_route(
    cluster: Cluster,
    namespace: str,
    name: str,
    state: ServiceState,
    *,
    ingress: str,
    anonymous: bool,
    headers: Mapping[str, str],
) -> Route:
    """The way `ingress` to the service with this `state`. Raises ServiceFailed if there is none."""
    if ingress == PORT_FORWARD:
        return PortForwardRoute(cluster, namespace, name)
    credentials = None if anonymous else cluster.credentials
    session = gateway_session(cluster.config.gateway, credentials, patient=False)
    if ingress == PATH:
        return GatewayRoute(
            session,
            cluster.gateway_url + (state.path or f"/serving/{namespace}/{name}"),
            "",
            headers,
        )
    host = state.host
    if not host or host.endswith(_INSIDE):
        message = f"only {host}, inside the cluster" if host else state.url or "none yet"
        raise ServiceFailed(
            f"InferenceService {name} has no host name that the gateway routes (it has {message}): "
            "try --kf-serving-ingress=path, or port-forward"
        )
    # On the gateway's own port: a browser would send it as well.
    port = urlsplit(cluster.gateway_url).port
    return GatewayRoute(session, cluster.gateway_url, f"{host}:{port}" if port else host, headers)
