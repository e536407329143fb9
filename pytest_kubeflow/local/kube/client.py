"""KubeClient: the verbs of the Kubernetes API over kept HTTP connections.

aiohttp does the transport: docs/explanation/decisions/0003 says why it is neither the generated
`kubernetes` SDK nor httpx.
"""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError

from pytest_kubeflow.local.fastjson import decode, encode
from pytest_kubeflow.local.kube.kubeconfig import Credentials
from pytest_kubeflow.local.kube.resources import Resource
from pytest_kubeflow.local.kube.unreachable import ApiUnreachableError

Object = dict[str, Any]
PATCH_TYPES = {
    "merge": "application/merge-patch+json",
    "json": "application/json-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "apply": "application/apply-patch+yaml",
}


# Some answers have a type of their own: /openid/v1/jwks is application/jwk-set+json, and no other.
_ACCEPT = "application/json, */*;q=0.1"
_SETTLING_SECONDS = 20.0
_READY = "/readyz"
_SECONDS = 30.0  # without a byte, until the API server counts as unreachable
_MOST_RETRIES, _LONGEST_PAUSE = 10, 30
_LONGEST_HEADER = 1 << 20  # bytes, as Go's client takes them
_LONGEST_EVENT = 1 << 23  # bytes; etcd takes objects of up to 1.5 MiB


class ApiError(Exception):
    """The API server answered with a `Status` of failure.

    `code` is the HTTP status, `reason` the machine-readable word (`NotFound`, `Conflict`, ...).
    `retry_after` are the seconds after which it asks for the same again.
    """

    def __init__(
        self, code: int, reason: str, message: str, *, retry_after: int | None = None
    ) -> None:
        super().__init__(f"{code} {reason}: {message}")
        self.code = code
        self.reason = reason
        self.message = message
        self.retry_after = retry_after

    @property
    def not_found(self) -> bool:
        return self.code == 404

    @property
    def conflict(self) -> bool:
        return self.code == 409


class KubeClient:
    """Asynchronous client of one API server; objects are plain dicts."""

    def __init__(self, credentials: Credentials, *, user_agent: str = "embedded-kubeflow") -> None:
        self.credentials = credentials
        self._user_agent = user_agent
        self._tls = credentials.ssl_context()
        self._server = credentials.server.rstrip("/")
        self._lost_at: float | None = None

    @functools.cached_property
    def _http(self) -> aiohttp.ClientSession:
        # Made by the first request, because it belongs to the event loop that runs then.
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=self._tls, limit=0),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": self._user_agent, "Accept": _ACCEPT},
            timeout=_timeout(_SECONDS),
            max_field_size=_LONGEST_HEADER,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self._http.close()

    def _authorization(self) -> dict[str, str]:
        credentials = self.credentials
        # A projected token is renewed in place, so its file is read for each request.
        token = (
            credentials.token_file.read_text().strip()
            if credentials.token_file is not None
            else credentials.token
        )
        return {"Authorization": f"Bearer {token}"} if token else {}

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: dict[str, Any] | None = None,
        body: Any = None,
        content_type: str = "application/json",
    ) -> Object:
        """One call that answers JSON. Raises ApiError if refused, ApiUnreachableError."""
        headers, content = None, None
        if body is not None:
            headers, content = {"Content-Type": content_type}, encode(body)

        async def once() -> Object:
            async with self._open(method, path, params, headers=headers, data=content) as response:
                answer: Object = decode(await response.read())
                return answer

        metadata = body.get("metadata") if method == "POST" and isinstance(body, dict) else None
        name = (metadata or {}).get("name")
        return await self._attempted(once, made=f"{path}/{name}" if name else "")

    async def settles(self) -> bool:
        """Whether the API server was away and does not know all rights again: it is not ready yet.

        To be asked before what may be refused for that. Who may not ask whether it is ready takes
        it for so some time later.
        """
        if self._lost_at is None:
            return False
        try:
            async with self._open("GET", _READY) as response:
                await response.read()
        except ApiUnreachableError:
            return True
        except ApiError as error:
            if error.code >= 500:
                return True
            return time.monotonic() < self._lost_at + _SETTLING_SECONDS
        self._lost_at = None
        return False

    async def _attempted(
        self,
        once: Callable[[], Awaitable[Object]],
        *,
        made: str,  # noqa: ARG002 (for a client that repeats it)
    ) -> Object:
        """What one call answers. `made` is the path of the object that it makes; "" for none.

        A server that asks for the same a little later is asked again, as by client-go
        (rest/with_retry.go): it says so while the storage of a custom resource is made.
        """
        for _ in range(_MOST_RETRIES):
            try:
                return await once()
            except ApiError as error:
                if error.retry_after is None or not (error.code == 429 or error.code >= 500):
                    raise
                await asyncio.sleep(min(error.retry_after, _LONGEST_PAUSE))
        return await once()

    @asynccontextmanager
    async def _open(
        self,
        method: str,
        path: str,
        params: dict[str, Any] | None = None,
        *,
        headers: dict[str, str] | None = None,
        **options: Any,
    ) -> AsyncGenerator[aiohttp.ClientResponse, None]:
        headers = {**self._authorization(), **(headers or {})}
        url = f"{self._server}{path}"
        try:
            async with self._http.request(
                method, url, params=params, headers=headers, **options
            ) as response:
                if response.status >= 400:
                    raise _api_error(response, await response.text(errors="replace"))
                yield response
        # ValueError: what came is no JSON, or the token is none that fits into a header.
        except (aiohttp.ClientError, HttpProcessingError, TimeoutError, ValueError) as error:
            self._lost_at = time.monotonic()
            raise ApiUnreachableError.of(method, url, error) from error

    async def get(self, resource: Resource, name: str, namespace: str | None = None) -> Object:
        return await self.request("GET", resource.path(namespace, name))

    async def list(
        self,
        resource: Resource,
        namespace: str | None = None,
        *,
        label_selector: str | None = None,
        field_selector: str | None = None,
    ) -> Object:
        """The whole list object: `items`, and `metadata.resourceVersion` to watch from."""
        return await self.request(
            "GET",
            resource.path(namespace),
            params=_selectors(label_selector, field_selector),
        )

    async def create(self, resource: Resource, obj: Object) -> Object:
        """POST `obj` into the namespace that its metadata names."""
        obj = {"apiVersion": resource.api_version, "kind": resource.kind, **obj}
        namespace = obj["metadata"].get("namespace")
        return await self.request("POST", resource.path(namespace), body=obj)

    async def replace(
        self, resource: Resource, obj: Object, *, subresource: str | None = None
    ) -> Object:
        """PUT `obj`; a stale `metadata.resourceVersion` raises ApiError with reason Conflict."""
        return await self.request("PUT", _object_path(resource, obj, subresource), body=obj)

    async def patch(
        self,
        resource: Resource,
        name: str,
        patch: Any,
        *,
        namespace: str | None = None,
        subresource: str | None = None,
        kind: str = "merge",
        params: dict[str, Any] | None = None,
    ) -> Object:
        """PATCH with a `merge`, `json`, `strategic` or `apply` patch."""
        path = resource.path(namespace, name)
        if subresource:
            path += f"/{subresource}"
        return await self.request(
            "PATCH", path, body=patch, content_type=PATCH_TYPES[kind], params=params
        )

    async def delete(
        self,
        resource: Resource,
        name: str,
        namespace: str | None = None,
        *,
        grace_seconds: int | None = None,
        uid: str | None = None,
        propagation: str | None = None,
    ) -> Object:
        """DELETE one object; with `uid`, only if it is still that one."""
        options: Object = {"apiVersion": "v1", "kind": "DeleteOptions"}
        if grace_seconds is not None:
            options["gracePeriodSeconds"] = grace_seconds
        if uid is not None:
            options["preconditions"] = {"uid": uid}
        if propagation is not None:
            options["propagationPolicy"] = propagation
        return await self.request("DELETE", resource.path(namespace, name), body=options)

    async def logs(self, pod: str, namespace: str, *, container: str) -> str:
        """What a container has written so far. ApiError: there is no log to be had."""
        path = f"/api/v1/namespaces/{namespace}/pods/{pod}/log"
        async with self._open("GET", path, {"container": container}) as response:
            return await response.text(errors="replace")

    async def watch(
        self,
        resource: Resource,
        namespace: str | None = None,
        *,
        resource_version: str,
        label_selector: str | None = None,
        field_selector: str | None = None,
    ) -> AsyncIterator[tuple[str, Object]]:
        """Yield `(type, object)` of one watch until the server ends it, bookmarks included.

        An ERROR event (410 Expired, say) is raised as ApiError.
        """
        params = {
            **_selectors(label_selector, field_selector),
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": resource_version,
        }
        async with self._open(
            "GET",
            resource.path(namespace),
            params,
            timeout=_timeout(None),
            read_bufsize=_LONGEST_EVENT,
        ) as response:
            async for line in response.content:
                event = decode(line)
                if not isinstance(event, dict) or not {"type", "object"} <= event.keys():
                    raise ValueError(f"no event of a watch: {line[:80]!r}")
                if event["type"] == "ERROR":
                    status = event["object"]
                    raise ApiError(
                        status.get("code", 500),
                        status.get("reason", "Unknown"),
                        status.get("message", ""),
                    )
                yield event["type"], event["object"]


def _selectors(labels: str | None, fields: str | None) -> dict[str, str]:
    chosen = {"labelSelector": labels, "fieldSelector": fields}
    return {key: value for key, value in chosen.items() if value}


def _object_path(resource: Resource, obj: Object, subresource: str | None) -> str:
    metadata = obj["metadata"]
    path = resource.path(metadata.get("namespace"), metadata["name"])
    return f"{path}/{subresource}" if subresource else path


def _timeout(seconds: float | None) -> aiohttp.ClientTimeout:
    """So long for the next byte; a whole answer may take longer."""
    return aiohttp.ClientTimeout(total=None, sock_connect=_SECONDS, sock_read=seconds)


def _api_error(response: aiohttp.ClientResponse, text: str) -> ApiError:
    try:
        status = decode(text)
    except ValueError:
        status = {}
    if not isinstance(status, dict):
        status = {}
    after = response.headers.get("Retry-After", "")
    return ApiError(
        response.status,
        status.get("reason") or response.reason or "Unknown",
        status.get("message", text[:500]),
        retry_after=int(after) if after.isdecimal() else None,
    )
