"""What Kubeflow's web apps have in common: who asks, whether they may, and forged requests.

Statuses and messages: crud-web-apps/common/backend of kubeflow/notebooks (branch notebooks-v1).
"""

from __future__ import annotations

import hmac
import logging
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from pytest_kubeflow.local.bodies import parse_json
from pytest_kubeflow.local.kube import ApiError, ApiUnreachableError, KubeClient
from pytest_kubeflow.local.kube.accessreview import review_access
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import NAMESPACES, STORAGE_CLASSES

log = logging.getLogger(__name__)

USER_HEADER = "kubeflow-userid"
CSRF_COOKIE = "XSRF-TOKEN"
CSRF_HEADER = f"X-{CSRF_COOKIE}"
_SAFE = {"GET", "HEAD", "OPTIONS", "TRACE"}
_DEFAULT_CLASS = (
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
)

Handler = Callable[[Request], Awaitable[Response]]


class RefusedError(Exception):
    """A request that is not served: an HTTP status and what is told."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Guard:
    """Looks at requests before they are served. Methods raise RefusedError.

    Cookies are for the paths under `prefix`; where they are `secure`, for https alone.
    """

    def __init__(self, client: KubeClient, *, prefix: str, secure: Callable[[], bool]) -> None:
        self._client = client
        self._prefix = prefix
        self._secure = secure

    def check(self, request: Request) -> None:
        """Somebody must be asking, and from the app's own page if it changes anything."""
        if not request.headers.get(USER_HEADER):
            raise RefusedError(401, "No user detected.")
        if request.method in _SAFE:
            return
        cookie, header = request.cookies.get(CSRF_COOKIE), request.headers.get(CSRF_HEADER)
        if cookie is None:
            raise RefusedError(403, f"Could not find CSRF cookie {CSRF_COOKIE} in the request.")
        if header is None:
            raise RefusedError(403, f"Could not detect CSRF protection header {CSRF_HEADER}.")
        if not hmac.compare_digest(cookie.encode(), header.encode()):
            raise RefusedError(
                403,
                f"CSRF check failed. Token in cookie {CSRF_COOKIE} doesn't match "
                f"token in header {CSRF_HEADER}.",
            )

    async def require(
        self,
        request: Request,
        verb: str,
        resource: str,
        namespace: str | None,
        *,
        api_version: str = "v1",
    ) -> None:
        """The user must be allowed to `verb` this resource, by themselves: groups do not count.

        `resource` is a plural, or `plural/subresource`.
        """
        user = request.headers.get(USER_HEADER, "")
        group, _, version = api_version.rpartition("/")
        plural, _, subresource = resource.partition("/")
        attributes = {
            "group": group,
            "verb": verb,
            "resource": plural,
            "version": version,
            **({"namespace": namespace} if namespace is not None else {}),
            **({"subresource": subresource} if subresource else {}),
        }
        spec = {"user": user, "resourceAttributes": attributes}
        if not (await review_access(self._client, spec)).get("allowed"):
            where = "" if namespace is None else f" in namespace '{namespace}'"
            message = f"User '{user}' is not authorized to {verb} {api_version}/{resource}{where}"
            raise RefusedError(403, message)

    def guarded(self, handler: Handler) -> Handler:
        """A handler for requests that are looked at first."""

        async def run(request: Request) -> Response:
            self.check(request)
            return await answered(request, handler)

        return run

    def routes(self, title: str) -> list[Route]:
        """What all of the apps answer, the page for all other paths at the end."""

        async def alive(_: Request) -> Response:
            return JSONResponse("alive")

        async def ready(_: Request) -> Response:
            return JSONResponse("ready")

        async def info(request: Request) -> Response:
            return success(request, "info", {})

        async def page(_: Request) -> Response:
            return self.page(title)

        return [
            Route("/healthz/liveness", alive),
            Route("/healthz/readiness", ready),
            Route("/info", self.guarded(info), methods=["GET"]),
            Route("/api/namespaces", self.guarded(self._namespaces), methods=["GET"]),
            Route("/api/storageclasses", self.guarded(self._classes), methods=["GET"]),
            Route("/api/storageclasses/default", self.guarded(self._default), methods=["GET"]),
            Route("/{rest:path}", self.guarded(page), methods=["GET"]),
        ]

    async def _namespaces(self, request: Request) -> Response:
        await self.require(request, "list", "namespaces", None, api_version="core/v1")
        items = (await self._client.list(NAMESPACES))["items"]
        return success(request, "namespaces", [one["metadata"]["name"] for one in items])

    async def _classes(self, request: Request) -> Response:
        items = (await self._client.list(STORAGE_CLASSES))["items"]
        return success(request, "storageClasses", [one["metadata"]["name"] for one in items])

    async def _default(self, request: Request) -> Response:
        found = ""
        for item in (await self._client.list(STORAGE_CLASSES))["items"]:
            annotations = item["metadata"].get("annotations") or {}
            if any(annotations.get(key) == "true" for key in _DEFAULT_CLASS):
                found = item["metadata"]["name"]
                break
        return success(request, "defaultStorageClass", found)

    def page(self, title: str) -> Response:
        """The app's page, with a new cookie to be sent back in a header."""
        response = HTMLResponse(
            f'<!DOCTYPE html><html lang="en"><head><base href="{self._prefix}">'
            f"<title>{title}</title></head><body><app-root></app-root></body></html>",
            headers={"Cache-Control": "no-cache, no-store, must-revalidate, max-age=0"},
        )
        response.set_cookie(
            CSRF_COOKIE,
            secrets.token_urlsafe(32),
            path=self._prefix.rstrip("/"),
            secure=self._secure(),
            httponly=False,
            samesite="strict",
        )
        return response


async def answered(request: Request, handler: Handler) -> Response:
    """A handler's answer; where it meets what it does not expect, that of the framework."""
    try:
        return await handler(request)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        # An object or a body of another shape than the app takes for granted.
        log.debug("%s %s: %r", request.method, request.url.path, error)
        raise RefusedError(500, "An error occured in the backend.") from None


def success(request: Request, field: str = "", data: Any = None) -> Response:
    """The answer to what went well, with `data` in `field`."""
    body = {"status": 200, "success": True, "user": request.headers.get(USER_HEADER)}
    return JSONResponse({**body, **({field: data} if field else {})})


def described(pod_default: Object) -> Object:
    """A PodDefault as forms offer it: by the first label that it asks for."""
    spec = pod_default["spec"]
    return {
        **pod_default,
        "label": next(iter(spec["selector"]["matchLabels"].keys())),
        "desc": spec.get("desc", pod_default["metadata"]["name"]),
    }


async def refused(request: Request, error: Exception) -> Response:
    """The answer to what was refused, by the app or by Kubernetes."""
    if isinstance(error, ApiError):
        status, found = error.code, error.message
        if error.not_found:
            found = "The requested resource could not be found in the API Server"
    elif isinstance(error, ApiUnreachableError):
        status, found = 500, str(error)
    elif isinstance(error, HTTPException):
        status, found = error.status_code, "The method is not allowed for the requested URL."
    else:
        assert isinstance(error, RefusedError)
        status, found = error.status, str(error)
    user = request.headers.get(USER_HEADER)
    body = {"success": False, "log": found, "status": status, "user": user}
    return JSONResponse(body, status_code=status)


HANDLERS = dict.fromkeys((RefusedError, ApiError, ApiUnreachableError, HTTPException), refused)


async def read_body(request: Request, *fields: str) -> dict[str, Any]:
    """The request's JSON, which must have these fields."""
    if request.headers.get("content-type") != "application/json":
        raise RefusedError(400, "Request is not in JSON format.")
    try:
        body = parse_json(await request.body())
    except ValueError:
        body = None
    if not isinstance(body, dict):
        message = "The browser (or proxy) sent a request that this server could not understand."
        raise RefusedError(400, message)
    for name in fields:
        if name not in body:
            raise RefusedError(400, f"Parameter '{name}' is missing from the request's body.")
    return body
