"""What Kubeflow's web apps have in common: who asks, whether they may, and forged requests.

Statuses and messages: crud-web-apps/common/backend of kubeflow/notebooks (branch notebooks-v1).
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from pytest_kubeflow.local.bodies import parse_json
from pytest_kubeflow.local.kube import ApiError, ApiUnreachableError, KubeClient

USER_HEADER = "kubeflow-userid"
CSRF_COOKIE = "XSRF-TOKEN"
CSRF_HEADER = f"X-{CSRF_COOKIE}"
_SAFE = {"GET", "HEAD", "OPTIONS", "TRACE"}
_REVIEW = "/apis/authorization.k8s.io/v1/subjectaccessreviews"


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

    async def require(self, request: Request, verb: str, resource: str, namespace: str) -> None:
        """The user must be allowed to `verb` this resource of the core group."""
        user = request.headers.get(USER_HEADER, "")
        attributes = {
            "group": "",
            "namespace": namespace,
            "verb": verb,
            "resource": resource,
            "version": "v1",
        }
        body = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {"user": user, "resourceAttributes": attributes},
        }
        review = await self._client.request("POST", _REVIEW, body=body)
        if not review["status"]["allowed"]:
            raise RefusedError(
                403,
                f"User '{user}' is not authorized to {verb} v1/{resource} "
                f"in namespace '{namespace}'",
            )

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
            path=self._prefix,
            secure=self._secure(),
            httponly=False,
            samesite="strict",
        )
        return response


def success(request: Request, field: str = "", data: Any = None) -> Response:
    """The answer to what went well, with `data` in `field`."""
    body = {"status": 200, "success": True, "user": request.headers.get(USER_HEADER)}
    return JSONResponse({**body, **({field: data} if field else {})})


async def refused(request: Request, error: Exception) -> Response:
    """The answer to what was refused, by the app or by Kubernetes."""
    if isinstance(error, ApiError):
        status, told = error.code, error.message
        if error.not_found:
            told = "The requested resource could not be found in the API Server"
    elif isinstance(error, ApiUnreachableError):
        status, told = 500, str(error)
    else:
        assert isinstance(error, RefusedError)
        status, told = error.status, str(error)
    user = request.headers.get(USER_HEADER)
    body = {"success": False, "log": told, "status": status, "user": user}
    return JSONResponse(body, status_code=status)


async def read_body(request: Request, *fields: str) -> dict[str, Any]:
    """The request's JSON, which must have these fields."""
    if request.headers.get("content-type") != "application/json":
        raise RefusedError(400, "Request is not in JSON format.")
    try:
        body = parse_json(await request.body())
    except ValueError:
        body = None
    if not isinstance(body, dict):
        told = "The browser (or proxy) sent a request that this server could not understand."
        raise RefusedError(400, told)
    for name in fields:
        if name not in body:
            raise RefusedError(400, f"Parameter '{name}' is missing from the request's body.")
    return body
