"""Upstream: passes a request on to a backend, and its answer back, as they come.

A request that no backend has seen is tried again on another one: a connection that is refused, or
a kept one that turns out to be closed, tells that the pod has just gone. (Istio's default retry
policy does the same for `connect-failure` and `reset-before-request`.)
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import httpx
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from pytest_kubeflow.local.gateway.backends import Backend

_ATTEMPTS = 3  # as Istio: two retries
_KEPT_BYTES = 1 << 20  # a larger body is sent once; Envoy's buffer has this size
_HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
_NONE_READY = "no healthy upstream"
_GONE = "upstream connect error or disconnect/reset before headers"


class Upstream:
    """One pool of connections for all backends."""

    def __init__(self) -> None:
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=64)
        self._transport = httpx.AsyncHTTPTransport(limits=limits, trust_env=False)

    async def close(self) -> None:
        await self._transport.aclose()

    async def forward(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        *,
        following: Callable[[], Backend | None],
        path: str,
    ) -> None:
        """Send the request to `following()`, under `path` (raw, with its query)."""
        body = _Body(scope, receive)
        await body.begin()
        for attempt in range(_ATTEMPTS):
            backend = following()
            if backend is None:
                await PlainTextResponse(_NONE_READY, 503)(scope, receive, send)
                return
            request = httpx.Request(
                scope["method"],
                f"{backend.url}{path}",
                headers=_headers(scope["headers"]),
                content=body.stream(),
            )
            request.extensions["timeout"] = {"connect": 5.0, "pool": 5.0}
            try:
                response = await self._transport.handle_async_request(request)
            except (httpx.ConnectError, httpx.RemoteProtocolError, httpx.ReadError) as error:
                if body.spent or attempt + 1 == _ATTEMPTS:
                    why = f"{_GONE}. reset reason: {type(error).__name__}"
                    await PlainTextResponse(why, 503)(scope, receive, send)
                    return
                continue
            await _answer(response, send)
            return


async def _answer(response: httpx.Response, send: Send) -> None:
    try:
        headers = [one for one in response.headers.raw if one[0].lower() not in _HOP_BY_HOP]
        await send(
            {"type": "http.response.start", "status": response.status_code, "headers": headers}
        )
        async for chunk in response.aiter_raw():
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    finally:
        await response.aclose()


def _headers(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    return [one for one in headers if one[0].lower() not in _HOP_BY_HOP]


class _Body:
    """The body of a request; one of up to 1 MiB is kept, so that it can be sent again."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        names = {name.lower() for name, _ in scope["headers"]}
        self._chunked = b"content-length" not in names and b"transfer-encoding" in names
        self._empty = not self._chunked and b"content-length" not in names
        self._receive = receive
        self._kept = b""
        self._complete = False
        self.spent = False

    async def begin(self) -> None:
        while not self._complete and len(self._kept) <= _KEPT_BYTES:
            self._kept += await self._next()

    async def _next(self) -> bytes:
        message = await self._receive()
        if message["type"] != "http.request":
            self._complete = True
            return b""
        self._complete = not message.get("more_body", False)
        body: bytes = message.get("body", b"")
        return body

    def stream(self) -> bytes | AsyncIterator[bytes] | None:
        if self._empty and not self._kept:
            return None
        return self._kept if self._complete else self._rest()

    async def _rest(self) -> AsyncIterator[bytes]:
        self.spent = True
        yield self._kept
        while not self._complete:
            yield await self._next()
