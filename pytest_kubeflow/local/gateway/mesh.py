"""Mesh: the services of the cluster that are shown through the gateway by host or path.

What istiod and the sidecars do on a real platform: the table of routes follows Ingresses and
VirtualServices, and AuthorizationPolicies are asked for each request, at the pod that it is for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from functools import partial

from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.gateway.activity import Activity
from pytest_kubeflow.local.gateway.backends import Backend, Backends
from pytest_kubeflow.local.gateway.policies import Call, allows, is_allowed, is_guarded
from pytest_kubeflow.local.gateway.shifted_predictions import ShiftedPredictions
from pytest_kubeflow.local.gateway.transport import trouble
from pytest_kubeflow.local.gateway.upstream import Upstream
from pytest_kubeflow.local.gateway.virtualhosts import Destination, Rule, VirtualHosts
from pytest_kubeflow.local.kube import Informer, KubeClient, Resource
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import (
    AUTHORIZATION_POLICIES,
    DESTINATION_RULES,
    ENDPOINTS,
    INGRESSES,
    NAMESPACES,
    PODS,
    REQUEST_AUTHENTICATIONS,
    SERVICES,
    VIRTUAL_SERVICES,
)

_PRINCIPAL = "cluster.local/ns/istio-system/sa/istio-ingressgateway-service-account"
_NAMESPACE = "istio-system"
_DASHBOARD = ("kubeflow", "dashboard")
_GATEWAY_LABELS = {"app": "istio-ingressgateway", "istio": "ingressgateway"}
# Hosts of these domains are the mesh's alone: nobody else answers for one that has no route.
_DOMAINS = (".example.com", ".svc.cluster.local")
_REVISION = "serving.knative.dev/revision"
_OPEN = {
    "/notebook/": "notebook-open",
    "/pvcviewers/": "viewer-open",
    "/tensorboard/": "tensorboard-open",
}
_PAGES = tuple(_OPEN)
_LONGEST_HOLD = 300.0  # `timeoutSeconds` of a Knative revision


class Mesh:
    """Start it once; `rule` tells whether a request is for it, `serve` answers that request.

    Requests for revisions are counted in `activity`, and wait there for a pod if there is none.
    """

    def __init__(
        self, client: KubeClient, *, activity: Activity | None = None, faults: Faults | None = None
    ) -> None:
        self.activity = activity or Activity()
        self._faults = faults or Faults()
        self._endpoints_changed = asyncio.Event()
        self._informers: dict[Resource, Informer] = {
            resource: Informer(client, resource)
            for resource in (
                AUTHORIZATION_POLICIES,
                DESTINATION_RULES,
                ENDPOINTS,
                INGRESSES,
                NAMESPACES,
                PODS,
                REQUEST_AUTHENTICATIONS,
                SERVICES,
                VIRTUAL_SERVICES,
            )
        }
        self._hosts = VirtualHosts()
        for resource in (INGRESSES, VIRTUAL_SERVICES):
            self._informers[resource].on_change(self._routes_changed)
        self._informers[ENDPOINTS].on_change(self._wake)
        self._backends = Backends(
            self._informers[SERVICES].objects, self._informers[ENDPOINTS].objects
        )
        self._upstream = Upstream()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin to follow the cluster; the first requests wait until that is done."""
        self._tasks = [asyncio.create_task(one.run()) for one in self._informers.values()]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._upstream.close()

    def _routes_changed(self, _kind: str, _obj: Object) -> None:
        self._hosts.replace(
            self._informers[INGRESSES].objects.values(),
            self._informers[VIRTUAL_SERVICES].objects.values(),
        )

    def _wake(self, _kind: str, _obj: Object) -> None:
        self._endpoints_changed.set()
        self._endpoints_changed = asyncio.Event()

    async def rule(self, host: str, path: str) -> Rule | None:
        """The route for a request, if it is one of the mesh's."""
        await self._synced()
        return self._hosts.find(host, path)

    async def trouble(self, namespace: str, name: str) -> str | None:
        """Why pods of a Service that routes of the gateway lead to do not answer, if they do not.

        A cluster without routes to the platform's own Services leaves them to who asks.
        """
        await self._synced()
        if not self._hosts.leads_to(namespace, name):
            return None
        return self.pods_trouble(namespace, name)

    def leads_to(self, namespace: str, name: str) -> bool:
        """Whether routes of the gateway lead to a Service."""
        return self._hosts.leads_to(namespace, name)

    def pods_trouble(self, namespace: str, name: str) -> str | None:
        """The same of any Service."""
        service = self._informers[SERVICES].get(name, namespace)
        if service is None:
            return ""
        backends = [
            backend
            for port in service["spec"].get("ports") or ()
            for backend in self._backends.ready(Destination(namespace, name, port["port"]))
        ]
        pods = [
            self._informers[PODS].get(one.pod or "", namespace) if one.pod else None
            for one in backends
        ]
        rules = self._informers[DESTINATION_RULES].objects.values()
        return trouble((namespace, name), pods, rules)

    def admits(self, namespace: str, name: str, call: Call) -> bool:
        """Whether policies let the gateway's request through to the pods of a Service."""
        service = self._informers[SERVICES].get(name, namespace)
        for port in (service or {}).get("spec", {}).get("ports") or ():
            for backend in self._backends.ready(Destination(namespace, name, port["port"])):
                return self._admits(backend, call)
        return True

    def issuers(self) -> frozenset[str] | None:
        """Whose tokens the gateway takes; None: nobody has said so."""
        rules = [
            rule
            for one in self._informers[REQUEST_AUTHENTICATIONS].objects.values()
            if one["metadata"]["namespace"] == _NAMESPACE
            for rule in (one.get("spec") or {}).get("jwtRules") or ()
        ]
        return frozenset(str(rule.get("issuer")) for rule in rules) if rules else None

    async def lets_in(self) -> bool:
        """Whether the policies let requests through the gateway of the platform."""
        await self._synced()
        if not self._hosts.leads_to(*_DASHBOARD):
            return True  # it is not this platform's: a cluster that is joined has policies alone
        pod = {"metadata": {"namespace": _NAMESPACE, "labels": _GATEWAY_LABELS}}
        policies = self._informers[AUTHORIZATION_POLICIES].objects.values()
        return is_allowed(policies, pod, Call("", "", "", "GET", "/", {}))

    def is_open(self, rule: Rule) -> bool:
        """Whether the fault is on that no credentials are asked for there."""
        if not _is_page(rule):
            return self._faults.active("serving-open")
        (fault,) = (one for prefix, one in _OPEN.items() if rule.path.startswith(prefix))
        return self._faults.active(fault)

    def claims(self, host: str) -> bool:
        """Whether a request for this host is the mesh's, with or without a route."""
        return host.endswith(_DOMAINS) or self._hosts.knows(host)

    async def knows(self, host: str) -> bool:
        """Whether the cluster has given this name to something."""
        await self._synced()
        return self.claims(host)

    async def has_routes(self, host: str) -> bool:
        """Whether there are routes for this very host."""
        await self._synced()
        return self._hosts.knows(host)

    async def _synced(self) -> None:
        for informer in self._informers.values():
            if not informer.synced.is_set():
                await informer.synced.wait()

    async def serve(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        *,
        rule: Rule,
        host: str,
        principal: str = _PRINCIPAL,
        connected: Receive | None = None,
    ) -> None:
        """Pass the request on, from the gateway that is `principal`.

        From the ingress gateway `scope` has the verified user in its headers. `connected` is what
        the client of a websocket says, where `scope` is a request for one.
        """
        scope = {**scope, "headers": rule.headers.apply(scope["headers"])}
        destination = rule.destination()
        predictor = not _is_page(rule)
        if predictor and self._faults.active("predictor-503"):
            await PlainTextResponse("no healthy upstream", 503)(scope, receive, send)
            return
        if predictor and self._faults.active("predictor-wrong"):
            send = ShiftedPredictions(send)
        path = rule.rewritten(scope["path"])
        call = call_of(scope, host=host, path=path, principal=principal)
        raw = rule.rewritten(scope.get("raw_path", scope["path"].encode()).decode("latin-1"))
        query = scope.get("query_string") or b""
        target = raw + (f"?{query.decode('latin-1')}" if query else "")
        passing = partial(
            self._pass_on,
            rule,
            scope,
            receive,
            send,
            destination,
            call,
            target,
            connected,
        )
        if not self._is_revision(destination):
            await passing()
            return
        with self.activity.request((destination.namespace, destination.service)):
            await passing()

    async def get(self, namespace: str, service: str, path: str, *, principal: str) -> bytes | None:
        """What `principal`, a program inside, gets from a Service's port 80; None: a refusal."""
        rule = Rule("*", path, (Destination(namespace, service, 80),))
        host = f"{service}.{namespace}.svc.cluster.local"
        scope: Scope = {
            "type": "http",
            "method": "GET",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": [(b"host", host.encode())],
        }
        status, body = 0, bytearray()

        async def nothing() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def keep(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            body.extend(message.get("body", b""))

        await self.serve(scope, nothing, keep, rule=rule, host=host, principal=principal)
        return bytes(body) if status == 200 else None

    async def _pass_on(
        self,
        rule: Rule,
        scope: Scope,
        receive: Receive,
        send: Send,
        destination: Destination,
        call: Call,
        target: str,
        connected: Receive | None,
    ) -> None:
        async def following(refused: Collection[Backend]) -> Backend | None:
            if self._is_revision(destination) and not self._is_deaf:
                await self._hold(destination, refused)
            return self._backends.following(destination, refused)

        backend = await following(())
        if backend is not None and not self.is_open(rule) and not self._admits(backend, call):
            await PlainTextResponse("RBAC: access denied", 403)(scope, receive, send)
            return
        await self._upstream.forward(
            scope,
            receive,
            send,
            following=following,
            path=target,
            longest=rule.timeout,
            connected=connected,
        )

    @property
    def _is_deaf(self) -> bool:
        """Whether a fault is on that lets requests wait for no pod."""
        return self._faults.active("serving-asleep") or self._faults.active("serving-gap")

    def _is_revision(self, destination: Destination) -> bool:
        service = self._informers[SERVICES].get(destination.service, destination.namespace)
        labels = (service["metadata"].get("labels") or {}) if service is not None else {}
        return labels.get(_REVISION) == destination.service

    async def _hold(self, destination: Destination, refused: Collection[Backend]) -> None:
        """Wait until a pod of the revision is ready, as Knative's activator does."""
        try:
            async with asyncio.timeout(_LONGEST_HOLD):
                while self._backends.following(destination, refused) is None:
                    changed = self._endpoints_changed
                    self.activity.demand((destination.namespace, destination.service))
                    await changed.wait()
        except TimeoutError:
            return  # what follows says that nobody is there

    def _admits(self, backend: Backend, call: Call) -> bool:
        pod = self._informers[PODS].get(backend.pod or "", backend.namespace)
        if pod is None or not is_guarded(self._informers[NAMESPACES].get(backend.namespace), pod):
            return True
        return allows(self._informers[AUTHORIZATION_POLICIES].objects.values(), pod, call)


def _is_page(rule: Rule) -> bool:
    """Whether it leads to what somebody has made for their browser, and not to a predictor."""
    return rule.host == "*" and rule.path.startswith(_PAGES)


def call_of(scope: Scope, *, host: str, path: str, principal: str = _PRINCIPAL) -> Call:
    """A request as the proxy at a pod sees it."""
    return Call(
        principal=principal,
        namespace=principal.split("/")[2],
        host=host,
        method=scope["method"],
        path=path,
        headers={
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in scope["headers"]
        },
    )
