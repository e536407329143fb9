"""Upstream: passes a request on to a backend, and its answer back, as they come.

A request that no backend has seen is tried again on another one: a connection that is refused, or
a kept one that turns out to be closed, tells that the pod has just gone. Whatever else goes wrong
is told to the client, in Envoy's words: to ask again may be to do the work twice.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from dataclasses import dataclass
from types import SimpleNamespace

import aiohttp
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send
from yarl import URL

from pytest_kubeflow.local.gateway import websockets
from pytest_kubeflow.local.gateway.backends import Backend

_ATTEMPTS = 3  # as Istio: two retries
_CONNECT_SECONDS = 5.0
_KEPT_BYTES = 1 << 20  # a larger body is sent once; Envoy's buffer has this size
_LONGEST_HEADER = 1 << 16
_HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"expect",
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
_GONE = "upstream connect error or disconnect/reset before headers. reset reason: "
_LATE = "upstream request timeout"

Following = Callable[[Collection[Backend]], Awaitable[Backend | None]]


class _NoAnswerError(Exception):
    """The backend did not answer.

    `absent`: nobody took the connection; `unseen`: nobody can have seen the request.
    """

    def __init__(self, reason: str, *, unseen: bool = False, absent: bool = False) -> None:
        super().__init__(reason)
        self.unseen = unseen
        self.absent = absent


@dataclass(slots=True)
class _RequestTrace:
    """What becomes known of a request while it is made: whether its connection is an old one."""

    reused: bool = False


class Upstream:
    """Passes requests on; connections are kept, but for what can be sent only once."""

    @functools.cached_property
    def _kept(self) -> aiohttp.ClientSession:
        # Made by the first request, because it belongs to the event loop that runs then.
        return _session(aiohttp.TCPConnector(limit=0, keepalive_timeout=75))

    @functools.cached_property
    def _fresh(self) -> aiohttp.ClientSession:
        return _session(aiohttp.TCPConnector(limit=0, force_close=True))

    async def close(self) -> None:
        for session in (self._kept, self._fresh):
            await session.close()

    async def forward(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        *,
        following: Following,
        path: str,
        longest: float | None = None,
        connected: Receive | None = None,
    ) -> None:
        """Send the request on, under `path` (raw, with its query).

        `following` is asked whom to, and told who has refused it already. Who has not begun to
        answer within `longest` seconds is not waited for any longer. `connected` is what the
        client of a websocket says.
        """
        body = _Body(scope, receive)
        await body.begin()
        headers = [
            (name.decode(errors="replace"), value.decode(errors="replace"))
            for name, value in scope["headers"]
            if name.lower() not in _HOP_BY_HOP
        ]
        refused: list[Backend] = []
        for attempt in range(_ATTEMPTS):
            backend = await following(refused)
            if backend is None:
                await PlainTextResponse(_NONE_READY, 503)(scope, receive, send)
                return
            url = f"{backend.url}{path}"
            try:
                if connected is not None and websockets.is_websocket(scope):
                    await self._connect(scope, connected, send, url=url, headers=headers)
                    return
                async with asyncio.timeout(longest):
                    answer = await self._ask(scope["method"], url, headers=headers, body=body)
            except TimeoutError:
                await PlainTextResponse(_LATE, 504)(scope, receive, send)
                return
            except _NoAnswerError as error:
                if not error.unseen or body.spent or attempt + 1 == _ATTEMPTS:
                    await PlainTextResponse(f"{_GONE}{error}", 503)(scope, receive, send)
                    return
                if error.absent:
                    refused.append(backend)
                continue
            async with answer:
                await _pass_back(answer, send)
            return

    async def _connect(
        self,
        scope: Scope,
        connected: Receive,
        send: Send,
        *,
        url: str,
        headers: list[tuple[str, str]],
    ) -> None:
        """Pass on a websocket until its end, or the backend's refusal of one."""
        try:
            backend = await websockets.connect(self._fresh, scope, url, headers)
        except aiohttp.WSServerHandshakeError as error:
            await Response(status_code=error.status)(scope, connected, send)
            return
        except aiohttp.ClientConnectorError:
            raise _NoAnswerError("connection failure", unseen=True, absent=True) from None
        except (aiohttp.ClientError, ValueError):
            raise _NoAnswerError("connection termination") from None
        async with backend:
            await websockets.relay(backend, connected, send)

    async def _ask(
        self, method: str, url: str, *, headers: list[tuple[str, str]], body: _Body
    ) -> aiohttp.ClientResponse:
        session = self._kept if body.repeatable else self._fresh
        trace = _RequestTrace()
        try:
            return await session.request(
                method,
                URL(url, encoded=True),
                headers=headers,
                data=body.stream(),
                chunked=True if body.chunked else None,
                allow_redirects=False,
                trace_request_ctx=trace,
            )
        except aiohttp.ClientConnectorError:
            raise _NoAnswerError("connection failure", unseen=True, absent=True) from None
        except (aiohttp.ClientResponseError, ValueError):
            raise _NoAnswerError("protocol error") from None
        except (aiohttp.ClientError, TimeoutError):
            raise _NoAnswerError("connection termination", unseen=trace.reused) from None


def _session(connector: aiohttp.TCPConnector) -> aiohttp.ClientSession:
    tracing = aiohttp.TraceConfig()

    async def reused(_: aiohttp.ClientSession, context: SimpleNamespace, __: object) -> None:
        context.trace_request_ctx.reused = True

    tracing.on_connection_reuseconn.append(reused)
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        skip_auto_headers=["Accept", "Accept-Encoding", "Content-Type", "User-Agent"],
        auto_decompress=False,
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS),
        trace_configs=[tracing],
        max_line_size=_LONGEST_HEADER,
        max_field_size=_LONGEST_HEADER,
    )


async def _pass_back(answer: aiohttp.ClientResponse, send: Send) -> None:
    """Send an answer on as it comes. Raises aiohttp.ClientError if it ends too early."""
    headers = [
        (name, value) for name, value in answer.raw_headers if name.lower() not in _HOP_BY_HOP
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    async for chunk in answer.content.iter_any():
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


class _Body:
    """The body of a request; one of up to 1 MiB is kept, so that it can be sent again."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        names = {name.lower() for name, _ in scope["headers"]}
        self.chunked = b"content-length" not in names and b"transfer-encoding" in names
        self.spent = False
        self._empty = b"content-length" not in names and not self.chunked
        self._receive = receive
        self._kept = b""
        self._complete = False

    async def begin(self) -> None:
        self._complete = self._empty
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

    @property
    def repeatable(self) -> bool:
        return self._complete

    def stream(self) -> bytes | AsyncIterator[bytes] | None:
        if self._empty:
            return None
        if self._complete and not self.chunked:
            return self._kept
        return self._rest()

    async def _rest(self) -> AsyncIterator[bytes]:
        yield self._kept
        while not self._complete:
            self.spent = True
            yield await self._next()
