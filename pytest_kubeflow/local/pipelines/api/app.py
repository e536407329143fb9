"""The API as one ASGI application."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from itertools import count

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.kube import ApiError
from pytest_kubeflow.local.pipelines.api.context import Context
from pytest_kubeflow.local.pipelines.api.errors import Code, RequestError, invalid

log = logging.getLogger(__name__)

VERSION = "2.17.0"
_LATER = ("visualizations/{rest:path}",)


def make_app(context: Context, routes: Iterable[BaseRoute]) -> Starlette:
    """All routes of the services, health, and what is common to every answer."""
    api = "/apis/v2beta1"

    mode = {"multi_user": True} if context.multi_user else {}

    async def healthz(_: Request) -> Response:
        if not context.multi_user:
            return JSONResponse({"pipeline_store": "database"})
        # On a platform the UI answers in between (frontend/server/handlers/healthz.ts).
        ui = {"frontendTagName": VERSION, "frontendCommitHash": "embedded", "buildDate": ""}
        seen = {"apiServerReady": True, "apiServerMultiUser": True, "pipelineStore": "database"}
        return JSONResponse(mode | ui | seen)

    async def healthz_v1(_: Request) -> Response:
        return JSONResponse(mode)

    async def authorize(request: Request) -> Response:
        """AuthService: empty if the sender may do `verb` on `resources` in `namespace`."""
        query = request.query_params
        await context.access.require(
            request,
            query.get("verb", "UNASSIGNED_VERB").lower(),
            query.get("resources", "UNASSIGNED_RESOURCES").lower(),
            query.get("namespace", ""),
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

    return Starlette(
        routes=[
            Route(f"{api}/healthz", healthz, methods=["GET"]),
            Route("/apis/v1beta1/healthz", healthz_v1, methods=["GET"]),
            Route(f"{api}/auth", authorize, methods=["GET"]),
            Route("/k8s/pod/logs", pod_log, methods=["GET"]),
            *(
                Route(f"{api}/{path}", later, methods=["GET", "POST", "DELETE", "PATCH"])
                for path in _LATER
            ),
            *routes,
        ],
        middleware=[Middleware(_Failing, faults=context.faults), Middleware(_Unexpected)],
        exception_handlers={RequestError: _refusal, HTTPException: _no_route},
    )


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


async def _refusal(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestError)
    return error.response()


async def _no_route(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code in {404, 405}:
        status = {404: Code.NOT_FOUND, 405: Code.UNIMPLEMENTED}[error.status_code]
        body = {"code": status.number, "message": error.detail, "details": []}
        return JSONResponse(body, status_code=error.status_code)
    return invalid(str(error.detail)).response()
