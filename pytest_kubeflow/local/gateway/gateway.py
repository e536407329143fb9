"""Gateway: authenticates each request and hands it to the application behind its path."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route as StarletteRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from pytest_kubeflow.local.gateway.dex import COOKIE, Dex
from pytest_kubeflow.local.gateway.identity import (
    InvalidTokenError,
    Sessions,
    TrustedIssuer,
    Verifier,
)
from pytest_kubeflow.local.gateway.mesh import Mesh

USER_HEADER = "kubeflow-userid"
SECRET_HEADER = "x-gateway-secret"  # noqa: S105 a header's name
_OPEN = ("/dex/", "/oauth2/")
_API_PATHS = ("/api/", "/apis/")


@dataclass(frozen=True, slots=True)
class Route:
    """Requests under `prefix` go to `app`; `strip` takes the prefix off their paths first."""

    prefix: str
    app: ASGIApp
    strip: bool = False


class Gateway:
    """An ASGI application.

    `passwords` are the users of Dex's local connector, `cluster` the API server as an issuer of
    service-account tokens. Applications behind the gateway find the user in `kubeflow-userid`,
    which clients cannot set, and `secret` in a header of its own, so that they know who says so.
    Requests for a host or a path that `mesh` has a route for go there.
    """

    def __init__(
        self,
        routes: Sequence[Route],
        *,
        passwords: Mapping[str, str],
        cluster: TrustedIssuer,
        secret: str,
        mesh: Mesh | None = None,
    ) -> None:
        sessions = Sessions("http://dex.auth.svc.cluster.local:5556/dex")
        self._verifier = Verifier([sessions.trust(), cluster])
        self._routes = sorted(routes, key=lambda route: len(route.prefix), reverse=True)
        self._secret = secret
        self._mesh = mesh
        self._login = Starlette(routes=Dex(sessions, passwords).routes())
        self._dashboard = Starlette(routes=[StarletteRoute("/", _dashboard)])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope)
        if request.url.path.startswith(_OPEN):
            await self._login(scope, receive, send)
            return
        user = self._user(request)
        if isinstance(user, Response) and await self._is_open(request):
            user = ""
        if isinstance(user, Response):
            await user(scope, receive, send)
            return
        await self._forward(scope, receive, send, user)

    async def _is_open(self, request: Request) -> bool:
        """Whether a fault lets in everybody who asks for this."""
        if self._mesh is None or not self._mesh.open_to_all:
            return False
        return await self._mesh.rule(_host(request), request.url.path) is not None

    def _user(self, request: Request) -> str | Response:
        """The verified user, or the refusal.

        A request with an Authorization header bypasses oauth2-proxy and is judged by Istio alone.
        """
        authorization = request.headers.get("authorization")
        if authorization is not None:
            kind, _, token = authorization.partition(" ")
            if kind.lower() != "bearer":
                return PlainTextResponse("RBAC: access denied", status_code=403)
            try:
                return self._verifier.user(token.strip())
            except InvalidTokenError as error:
                return PlainTextResponse(
                    str(error),
                    status_code=401,
                    headers={"www-authenticate": 'Bearer error="invalid_token"'},
                )
        cookie = request.cookies.get(COOKIE)
        if cookie is not None:
            try:
                return self._verifier.user(cookie)
            except InvalidTokenError:
                pass  # an old session is no session
        path = request.url.path
        if any(part in path for part in _API_PATHS) or path.startswith("/ml_metadata"):
            return PlainTextResponse("Unauthorized", status_code=401)
        return Dex.sign_in(path)

    async def _forward(self, scope: Scope, receive: Receive, send: Send, user: str) -> None:
        path: str = scope["path"]
        # Istio's prefix match compares strings, not path segments.
        route = next((one for one in self._routes if path.startswith(one.prefix)), None)
        kept = [
            (name, value)
            for name, value in scope["headers"]
            if name.decode().lower() not in {USER_HEADER, SECRET_HEADER}
        ]
        named = [*kept, (USER_HEADER.encode(), user.encode())]
        if self._mesh is not None and await self._through_mesh(
            self._mesh, {**scope, "headers": named}, receive, send
        ):
            return
        headers = [*named, (SECRET_HEADER.encode(), self._secret.encode())]
        inner: Scope = {**scope, "headers": headers}
        if route is None:
            await self._dashboard(inner, receive, send)
            return
        if route.strip:
            inner["path"] = path.removeprefix(route.prefix) or "/"
            inner["raw_path"] = inner["path"].encode()
        await route.app(inner, receive, send)

    async def _through_mesh(self, mesh: Mesh, scope: Scope, receive: Receive, send: Send) -> bool:
        """Let the mesh answer, if the request is its own."""
        host = _host(Request(scope))
        rule = await mesh.rule(host, scope["path"])
        if rule is not None:
            await mesh.serve(scope, receive, send, rule=rule, host=host)
            return True
        if mesh.claims(host):
            await Response(status_code=404)(scope, receive, send)
            return True
        return False


def _host(request: Request) -> str:
    return request.headers.get("host", "").partition(":")[0].lower()


async def _dashboard(request: Request) -> Response:
    user = request.headers[USER_HEADER]
    return HTMLResponse(
        "<!DOCTYPE html><html><head><title>Kubeflow Central Dashboard</title></head>"
        f"<body><h1>Kubeflow</h1><p>Embedded, logged in as {html.escape(user)}.</p></body></html>"
    )
