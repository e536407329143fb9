"""The API as one ASGI application."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from itertools import count

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.kube import ApiError, ApiUnreachableError
from pytest_kubeflow.local.pipelines.api.context import Context
from pytest_kubeflow.local.pipelines.api.errors import Code, GatewayError, RequestError, invalid
from pytest_kubeflow.local.pipelines.api.query import Query

log = logging.getLogger(__name__)

VERSION = "2.17.0"
_COMMIT = "embedded"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
"""Those of routes that do not look at the method."""
_PAGE = (
    '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
    '<title>Kubeflow Pipelines</title></head><body><div id="root"></div></body></html>'
)
_LATER = ("visualizations/{rest:path}",)


def make_app(context: Context, routes: Iterable[BaseRoute], *, ui: bool = False) -> Starlette:
    """All routes of the services, health, and what is common to every response.

    `ui`: as the UI server has it, which stands before the API (frontend/server in
    kubeflow/pipelines) and answers for the health of both.
    """
    api = "/apis/v2beta1"
    about = {"commit_sha": _COMMIT, "tag_name": VERSION, "multi_user": context.multi_user}
    store = {"pipeline_store": "database"}
    both = {
        "buildDate": "",
        "frontendCommitHash": _COMMIT,
        "frontendTagName": VERSION,
        "apiServerReady": True,
        "apiServerCommitHash": _COMMIT,
        "apiServerTagName": VERSION,
        "apiServerMultiUser": context.multi_user,
        "multi_user": context.multi_user,
    }

    async def healthz(_: Request) -> Response:
        return JSONResponse(both | {"pipelineStore": "database"} if ui else about | store)

    async def healthz_v1(_: Request) -> Response:
        return JSONResponse(both if ui else about)

    async def authorize(request: Request) -> Response:
        """AuthService: empty if the sender may do `verb` on `resources` in `namespace`."""
        query = Query(request)
        await context.access.require(
            request,
            query.text("verb", "UNASSIGNED_VERB").lower(),
            query.text("resources", "UNASSIGNED_RESOURCES").lower(),
            query.text("namespace"),
        )
        return JSONResponse({})

    async def pod_log(request: Request) -> Response:
        """The UI server's way to a task's log, without access to Kubernetes."""
        query = request.query_params
        namespace, pod = query.get("podnamespace", ""), query.get("podname", "")
        if not pod:
            return PlainTextResponse("podname argument is required", status_code=422)
        namespace = context.cluster_namespace(namespace)
        await context.access.require(request, "get", "runs", namespace)
        try:
            text = await context.client.logs(pod, namespace, container="main")
        except ApiError as error:
            return PlainTextResponse(
                f"Could not get main container logs: {error.message}", status_code=500
            )
        return PlainTextResponse(text)

    async def later(request: Request) -> Response:
        name = request.url.path.removeprefix(f"{api}/").split("/")[0]
        raise RequestError(Code.UNIMPLEMENTED, f"The embedded Kubeflow has no {name} yet")

    services = [
        Route(f"{api}/auth", authorize, methods=["GET"]),
        *(
            Route(f"{api}/{path}", later, methods=["GET", "POST", "DELETE", "PATCH"])
            for path in _LATER
        ),
        *routes,
    ]
    for one in services:
        # The real server's methods are those of its services: none of them has HEAD.
        if isinstance(one, Route) and one.methods and not one.methods >= frozenset(METHODS):
            one.methods.discard("HEAD")
    app = Starlette(
        routes=[
            Route(f"{api}/healthz", healthz, methods=METHODS),
            Route("/apis/v1beta1/healthz", healthz_v1, methods=METHODS),
            *([Route("/k8s/pod/logs", pod_log, methods=["GET"])] if ui else []),
            *([Route("/", _page, methods=["GET"])] if ui else []),
            *services,
        ],
        middleware=[Middleware(_Failing, faults=context.faults), Middleware(_Unexpected)],
        exception_handlers={
            RequestError: _refusal,
            ApiUnreachableError: _unreachable,
            HTTPException: _no_route,
        },
    )
    app.router.redirect_slashes = False
    return app


class _Failing:
    """The fault `api-503`: every third request of a client is answered by nobody."""

    def __init__(self, app: ASGIApp, *, faults: Faults) -> None:
        self._app = app
        self._faults = faults
        self._requests = count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = scope["type"] == "http" and scope["path"].startswith("/apis/")
        if client and self._faults.active("api-503") and next(self._requests) % 3 == 0:
            # Envoy's own words and form, when no API server is there to answer.
            response = PlainTextResponse("no healthy upstream", status_code=503)
            await response(scope, receive, send)
            return
        await self._app(scope, receive, send)


class _Unexpected:
    """What no handler expected is logged and told by code 13; the connection can be used again."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as error:
            if begun or scope["type"] != "http":
                raise
            log.exception("%s %s failed", scope["method"], scope["path"])
            cause = f"{type(error).__name__}: {error}"
            refusal = RequestError(Code.INTERNAL, "Internal Server Error", cause=cause)
            await refusal.response()(scope, receive, send)


async def _page(_: Request) -> Response:
    """The UI's page, whose program is not here."""
    return HTMLResponse(_PAGE)


async def _refusal(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestError)
    return error.response()


async def _unreachable(_: Request, error: Exception) -> Response:
    """Kubernetes is away: the server passes on what its client says."""
    return RequestError(Code.INTERNAL, "Internal Server Error", cause=str(error)).response()


async def _no_route(request: Request, error: Exception) -> Response:
    """What is on no route, in the words of grpc-gateway, or below /apis/ of Go's own router."""
    assert isinstance(error, HTTPException)
    if error.status_code == 404 and not request.url.path.startswith("/apis/"):
        return PlainTextResponse("404 page not found\n", status_code=404)
    if error.status_code == 404:
        return GatewayError(Code.NOT_FOUND, "Not Found").response()
    if error.status_code == 405:
        return GatewayError(Code.UNIMPLEMENTED, "Method Not Allowed").response()
    return invalid(str(error.detail)).response()
