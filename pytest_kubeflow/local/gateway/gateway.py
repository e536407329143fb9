"""Gateway: authenticates each request and hands it to the application behind its path."""

from __future__ import annotations

import html
import secrets
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.gateway.connectors import ldap_connector, local_connector
from pytest_kubeflow.local.gateway.dex import Dex
from pytest_kubeflow.local.gateway.identity import (
    InvalidTokenError,
    TrustedIssuer,
    Verifier,
)
from pytest_kubeflow.local.gateway.issuer import Issuer, make_key
from pytest_kubeflow.local.gateway.mesh import Mesh, call_of
from pytest_kubeflow.local.gateway.oauth2proxy import OAuth2Proxy
from pytest_kubeflow.local.gateway.sessions import CookieBox
from pytest_kubeflow.local.gateway.virtualhosts import Rule
from pytest_kubeflow.local.gateway.websockets import as_request
from pytest_kubeflow.local.hosts import service_names
from pytest_kubeflow.local.settings import GatewaySettings

USER_HEADER = "kubeflow-userid"
GROUPS_HEADER = "kubeflow-groups"
SECRET_HEADER = "x-gateway-secret"  # noqa: S105 a header's name
_VOLUMES = "/volumes/"
_WORKGROUPS = "/api/workgroup/"
_OPEN = ("/dex/", "/oauth2/")
_DEX, _OAUTH2_PROXY = ("auth", "dex"), ("oauth2-proxy", "oauth2-proxy")
_OWN_NAMES = service_names("istio-ingressgateway", namespace="istio-system")
_UNREACHED = (
    "upstream connect error or disconnect/reset before headers. retried and the latest reset "
    "reason: remote connection failure, transport failure reason: delayed connect error: "
    "Connection refused"
)
LDAP_GROUPS = tuple(
    f"cn={uuid.uuid5(uuid.NAMESPACE_DNS, str(number))},ou=Groups,dc=example,dc=com"
    for number in range(24)
)
"""So many that a session needs two cookies, as those of large companies do."""


@dataclass(frozen=True, slots=True)
class Route:
    """Requests under `prefix` go to `app`; `strip` takes the prefix off their paths first.

    `open_fault` is the fault that lets in everybody who asks for this. `service` is the Service
    (namespace and name) of the application: where the mesh has a route to it, that decides which
    requests are for it, and its pods whether they are served. What is below a prefix of `behind`
    it asks of another Service, whose pods have to be there too. What is only for those `inside` is
    refused where no policies of the mesh say whom it lets in.
    """

    prefix: str
    app: ASGIApp
    strip: bool = False
    open_fault: str | None = None
    service: tuple[str, str] | None = None
    behind: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    inside: bool = False


class Gateway:
    """An ASGI application.

    `passwords` are the users of Dex's local connector, `ldap_users` those of its second one
    (`{login: (password, e-mail)}`), `cluster` the API server as an issuer of tokens. Applications
    behind the gateway find the user in `kubeflow-userid`, which clients cannot set, and `secret` in
    a header of its own, so that they know who says so. Requests for a host or a path that `mesh`
    has a route for go there.
    """

    def __init__(
        self,
        routes: Sequence[Route],
        *,
        passwords: Mapping[str, str],
        cluster: TrustedIssuer,
        secret: str,
        ldap_users: Mapping[str, tuple[str, str]] | None = None,
        dex_key: rsa.RSAPrivateKey | None = None,
        mesh: Mesh | None = None,
        settings: GatewaySettings | None = None,
        faults: Faults | None = None,
    ) -> None:
        settings, self._faults = settings or GatewaySettings(), faults or Faults()
        self._routes = sorted(routes, key=lambda route: len(route.prefix), reverse=True)
        self._by_service = {one.service: one for one in self._routes if one.service is not None}
        self._secret = secret
        self._mesh = mesh
        issuer = Issuer(
            dex_key or make_key(), lifetime=settings.session_seconds, faults=self._faults
        )
        trusted = [issuer.trust(), *([cluster] if settings.cluster_tokens else [])]
        self._verifier = Verifier(
            trusted,
            skew=settings.clock_skew_seconds,
            faults=self._faults,
            configured=mesh.issuers if mesh is not None else lambda: None,
        )
        connectors = [local_connector(passwords)]
        if settings.ldap:
            connectors.append(ldap_connector(ldap_users or {}, LDAP_GROUPS))
        self._dex = Dex(
            issuer,
            connectors,
            client_secret=secrets.token_urlsafe(24),
            approval=settings.approval,
            faults=self._faults,
        )
        cookies = CookieBox(lifetime=settings.session_seconds, secure=settings.secure_cookies)
        self._proxy = OAuth2Proxy(self._dex, cookies, settings=settings, faults=self._faults)
        self._login = Starlette(routes=[*self._dex.routes(), *self._proxy.routes()])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        connected = None
        if scope["type"] == "websocket":
            connected = receive
            scope, receive, send = as_request(scope, send)
        if scope["type"] != "http":
            return
        request = Request(scope)
        if self._mesh is not None and not await self._mesh.lets_in():
            await _denied()(scope, receive, send)
            return
        if request.url.path.startswith(_OPEN):
            trouble = await self._login_trouble(request.url.path)
            answer = self._login if trouble is None else PlainTextResponse(trouble, 503)
            await answer(scope, receive, send)
            return
        where = await self._destination(request)
        user = self._user(request)
        if isinstance(user, Response) and self._is_open(where):
            user = ""
        if isinstance(user, Response):
            await user(scope, receive, send)
            return
        await self._forward(scope, receive, send, user=user, where=where, connected=connected)

    async def answers_to(self, host: str) -> bool:
        """Its Service's names, and the hosts of what the mesh shows here."""
        if await _OWN_NAMES(host):
            return True
        return self._mesh is not None and await self._mesh.knows(host)

    async def _login_trouble(self, path: str) -> str | None:
        """Why what a login needs behind this path does not answer, if it does not."""
        dex = path.startswith("/dex/")
        if self._dex.is_down() if dex else self._faults.active("login-down"):
            return _UNREACHED
        if self._mesh is None:
            return None
        return await self._mesh.trouble(*(_DEX if dex else _OAUTH2_PROXY))

    async def _destination(self, request: Request) -> Route | Rule | None:
        """The application that a request is for, or the mesh's own route, if there is one."""
        path, rule = request.url.path, None
        if self._mesh is not None:
            rule = await self._mesh.rule(_host(request), path)
        if rule is None:
            # Istio's prefix match compares strings, not path segments.
            return next((one for one in self._routes if path.startswith(one.prefix)), None)
        first = rule.destinations[0]
        return self._by_service.get((first.namespace, first.service), rule)

    def _is_open(self, where: Route | Rule | None) -> bool:
        """Whether a fault lets in everybody who asks for this."""
        if isinstance(where, Rule):
            return self._mesh is not None and self._mesh.is_open(where)
        fault = where.open_fault if where is not None else None
        return fault is not None and self._faults.active(fault)

    def _user(self, request: Request) -> str | Response:
        """The verified user, or the refusal.

        A request with an Authorization header bypasses oauth2-proxy and is judged by Istio alone.
        """
        claimed = request.headers.get(USER_HEADER)
        if claimed and self._faults.active("userid-trusted"):
            return claimed
        authorization = request.headers.get("authorization")
        if authorization is not None:
            # The rule's prefix is "Bearer "; what has another one is no token, so nobody is known.
            if not authorization.startswith("Bearer "):
                return _denied()
            return self._verified(authorization.removeprefix("Bearer ").strip(), request)
        if self._faults.active("login-down"):
            return Response(status_code=403)  # as Envoy does where its authorizer is away
        token = self._proxy.id_token(request)
        return self._proxy.refuse(request) if token is None else self._verified(token, request)

    def _verified(self, token: str, request: Request) -> str | Response:
        try:
            return self._verifier.user(token)
        except InvalidTokenError as error:
            headers = {}
            if error.status == 401:
                url = quote(str(request.url), safe="%/:?=&~")
                realm = f'Bearer realm="{url}", error="invalid_token"'
                headers["www-authenticate"] = realm
            return PlainTextResponse(str(error), status_code=error.status, headers=headers)

    async def _forward(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        *,
        user: str,
        where: Route | Rule | None,
        connected: Receive | None,
    ) -> None:
        kept = [
            (name, value)
            for name, value in scope["headers"]
            if name.decode("latin-1").lower() not in {USER_HEADER, GROUPS_HEADER, SECRET_HEADER}
        ]
        named = [*kept, (USER_HEADER.encode(), user.encode())] if user else kept
        if self._faults.active("user-not-detected") and scope["path"].startswith(_VOLUMES):
            named = kept
        host = _host(Request(scope))
        if isinstance(where, Rule):
            assert self._mesh is not None
            inner: Scope = {**scope, "headers": named}
            await self._mesh.serve(inner, receive, send, rule=where, host=host, connected=connected)
            return
        refusal = await self._refusal(where, {**scope, "headers": named}, host)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        headers = [*named, (SECRET_HEADER.encode(), self._secret.encode())]
        inner = {**scope, "headers": headers}
        if where is None:
            await _greeting(user)(inner, receive, send)
            return
        if where.strip:
            inner["path"] = "/" + scope["path"].removeprefix(where.prefix).lstrip("/")
            inner["raw_path"] = inner["path"].encode()
        await where.app(inner, receive, send)

    async def _refusal(self, route: Route | None, scope: Scope, host: str) -> Response | None:
        """What the mesh answers in place of an application of ours, if it does."""
        if self._mesh is None:
            return None
        path = scope["path"]
        if self._mesh.claims(host):
            return Response(status_code=404)
        if route is None or route.service is None:
            return None
        if self._faults.active("dashboard-access-denied") and path.startswith(_WORKGROUPS):
            return _denied()
        if route.inside and not self._mesh.leads_to(*route.service):
            return _denied()
        trouble = await self._mesh.trouble(*route.service)
        call = call_of(scope, host=host, path=path)
        if trouble is None and not self._mesh.admits(*route.service, call):
            return _denied()
        if trouble is None and self._mesh.leads_to(*route.service):
            others = (one for prefix, one in route.behind.items() if path.startswith(prefix))
            troubles = (self._mesh.pods_trouble(*one) for one in others)
            trouble = next((one for one in troubles if one is not None), None)
        return PlainTextResponse(trouble, 503) if trouble is not None else None


def _denied() -> Response:
    return PlainTextResponse("RBAC: access denied", status_code=403)


def _host(request: Request) -> str:
    return request.headers.get("host", "").partition(":")[0].lower()


def _greeting(user: str) -> Response:
    """For a gateway with no dashboard behind it."""
    return HTMLResponse(
        f"<!DOCTYPE html><html><body>Logged in as {html.escape(user)}.</body></html>"
    )
