"""LocalGateway: the way of pods to services that are made of revisions, by their names inside.

On a real platform the Services of a Knative service are names for `knative-local-gateway`, whose
pods Kubeflow makes (community-distribution, common/istio/cluster-local-gateway). In the example
installation it lets through whoever comes, and takes nothing off the request: who may come in is
for the policies at the pods to say.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from pytest_kubeflow.local.gateway.mesh import Mesh
from pytest_kubeflow.local.hosts import service_names

SERVICE, NAMESPACE = "knative-local-gateway", "istio-system"
_PRINCIPAL = "cluster.local/ns/istio-system/sa/cluster-local-gateway-service-account"
_DOMAIN = "svc.cluster.local"
_OWN_NAMES = service_names(SERVICE, namespace=NAMESPACE)


class LocalGateway:
    """An ASGI application in front of `mesh`, for hosts of this cluster alone."""

    def __init__(self, mesh: Mesh) -> None:
        self._mesh = mesh

    async def answers_to(self, host: str) -> bool:
        """Its own names, and the short ones of Services that it shows."""
        return await _OWN_NAMES(host) or await self._mesh.has_routes(full_name(host))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope)
        host = full_name(request.headers.get("host", ""))
        rule = await self._mesh.rule(host, request.url.path)
        if rule is None or rule.host != host:
            await Response(status_code=404)(scope, receive, send)
            return
        await self._mesh.serve(scope, receive, send, rule=rule, host=host, principal=_PRINCIPAL)


def full_name(host: str) -> str:
    """A Service's whole name for each way in which pods write it: `iris.team`, `iris.team.svc`."""
    name, _, rest = host.partition(":")[0].lower().partition(".")
    namespace, _, domain = rest.partition(".")
    known = domain in {"", "svc", _DOMAIN}
    return f"{name}.{namespace}.{_DOMAIN}" if namespace and known else host
