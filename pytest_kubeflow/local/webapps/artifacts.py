"""Artifacts as the pipelines' UI server hands them out, under /pipeline/artifacts.

Whose they are: frontend/server/handlers/artifacts.ts and helpers/mlmd-validator.ts of
kubeflow/pipelines. The namespace comes from the key alone; the real server asks ML Metadata first,
which says the same of what runs have made.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.kube import ApiUnreachableError, KubeClient
from pytest_kubeflow.local.kube.accessreview import review_access

_USER_HEADER = "kubeflow-userid"
_OPEN_FAULTS = ("artifacts-open", "pipelines-open")

Read = Callable[[str, str], Awaitable[bytes | None]]
"""The content of a key in a bucket; None: there is none. Raises OSError where nobody answers."""


class _RefusedError(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def artifacts_app(client: KubeClient | None, read: Read, faults: Faults) -> Starlette:
    """An ASGI application for the paths below that prefix.

    Without a `client` nobody is asked who may read them: stand-alone, without ENABLE_AUTHZ.
    """

    async def by_query(request: Request) -> Response:
        query = request.query_params
        return await answer(request, query.get("source"), query.get("bucket"), query.get("key"))

    async def by_path(request: Request) -> Response:
        parts = request.path_params
        return await answer(request, parts["source"], parts["bucket"], parts["key"])

    async def answer(
        request: Request, source: str | None, bucket: str | None, key: str | None
    ) -> Response:
        if client is not None and not any(map(faults.active, _OPEN_FAULTS)):
            await _authorize(client, request, key or "")
        if source not in {"minio", "s3"} or not bucket or not key:
            return PlainTextResponse("Storage source, bucket or key is missing", 500)
        try:
            content = await read(bucket, key)
        except OSError as error:
            return PlainTextResponse(f"Failed to get object in bucket: {error}", 500)
        if content is None:
            message = "Failed to get object in bucket: The specified key does not exist."
            return PlainTextResponse(message, 500)
        peek = request.query_params.get("peek", "")
        return Response(content[: int(peek)] if peek.isdecimal() and int(peek) else content)

    return Starlette(
        routes=[
            Route("/get", by_query),
            Route("/{source}/{bucket}/{key:path}", by_path),
        ],
        exception_handlers={_RefusedError: _refused, ApiUnreachableError: _failed},
    )


async def _authorize(client: KubeClient, request: Request, key: str) -> None:
    user = request.headers.get(_USER_HEADER)
    if not user:
        raise _RefusedError(401, "Authentication required for artifact access")
    namespace = request.query_params.get("namespace")
    if not namespace:
        message = "Namespace parameter is required when authentication is enabled"
        raise _RefusedError(400, message)
    attributes = {
        "group": "kubeflow.org",
        "version": "v1beta1",
        "resource": "viewers",
        "verb": "get",
        "namespace": namespace,
    }
    spec = {"user": user, "resourceAttributes": attributes}
    if not (await review_access(client, spec)).get("allowed"):
        message = f"User is not authorized to GET VIEWERS in namespace {namespace}"
        raise _RefusedError(403, message)
    if _namespace_of(key) != namespace:
        raise _RefusedError(403, "Artifact does not belong to the requested namespace")


def _namespace_of(key: str) -> str | None:
    """Whose object that is; None: nobody's that can be told."""
    segments = key.split("/")
    if {"", ".", ".."} & set(segments) or len(segments) < 3 or segments[0] != "private-artifacts":
        return None
    return segments[1]


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, _RefusedError)
    return PlainTextResponse(str(error), error.status)


async def _failed(_: Request, error: Exception) -> Response:
    return PlainTextResponse(str(error), 500)
