"""Upstream: passes a request on to a backend, and its answer back, as they come.

A request that no backend has seen is tried again on another one: a connection that is refused, or
a kept one that turns out to be closed, tells that the pod has just gone. Whatever else goes wrong
is told to the client, in Envoy's words: to ask again may be to do the work twice.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection

from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from pytest_kubeflow.local.gateway.backends import Backend
from pytest_kubeflow.local.gateway.connections import (
    Connection,
    Head,
    Header,
    NoAnswerError,
    Pool,
    request_head,
)

_ATTEMPTS = 3  # as Istio: two retries
_KEPT_BYTES = 1 << 20  # a larger body is sent once; Envoy's buffer has this size
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


Following = Callable[[Collection[Backend]], Awaitable[Backend | None]]


class Upstream:
    """One pool of connections for all backends."""

    def __init__(self) -> None:
        self._pool = Pool()

    def close(self) -> None:
        self._pool.close()

    async def forward(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        *,
        following: Following,
        path: str,
    ) -> None:
        """Send the request on, under `path` (raw, with its query).

        `following` is asked whom to, and told who has refused it already.
        """
        body = _Body(scope, receive)
        await body.begin()
        headers = [one for one in scope["headers"] if one[0].lower() not in _HOP_BY_HOP]
        if body.chunked:
            headers.append((b"transfer-encoding", b"chunked"))
        request = request_head(scope["method"], path, headers)
        refused: list[Backend] = []
        for attempt in range(_ATTEMPTS):
            backend = await following(refused)
            if backend is None:
                await PlainTextResponse(_NONE_READY, 503)(scope, receive, send)
                return
            try:
                connection, head = await self._ask(backend, request, body)
            except NoAnswerError as error:
                if not error.unseen or body.spent or attempt + 1 == _ATTEMPTS:
                    await PlainTextResponse(f"{_GONE}{error}", 503)(scope, receive, send)
                    return
                if error.absent:
                    refused.append(backend)
                continue
            await self._answer(backend, connection, head, scope["method"], send)
            return

    async def _ask(self, backend: Backend, request: bytes, body: _Body) -> tuple[Connection, Head]:
        # What can be sent only once goes over a connection that is known to be open.
        fresh = not body.repeatable
        connection = await self._pool.take(backend.host, backend.port, fresh=fresh)
        try:
            await connection.send(request, body.stream(), chunked=body.chunked)
            return connection, await connection.head()
        except (OSError, EOFError):
            connection.close()
            self._pool.forget(backend.host, backend.port)
            raise NoAnswerError("connection termination", unseen=connection.used) from None
        except ValueError:
            connection.close()
            raise NoAnswerError("protocol error", unseen=False) from None
        except BaseException:
            connection.close()  # the client has gone, or the cluster ends
            raise

    async def _answer(
        self, backend: Backend, connection: Connection, head: Head, method: str, send: Send
    ) -> None:
        headers: list[Header] = [one for one in head.headers if one[0] not in _HOP_BY_HOP]
        complete = False
        try:
            await send({"type": "http.response.start", "status": head.status, "headers": headers})
            async for chunk in connection.body(head, method):
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
            complete = True
        finally:
            if complete:
                self._pool.give_back(backend.host, backend.port, connection)
            else:
                connection.close()


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

    def stream(self) -> bytes | AsyncIterator[bytes]:
        if self._complete and not self.chunked:
            return self._kept
        return self._rest()

    async def _rest(self) -> AsyncIterator[bytes]:
        yield self._kept
        while not self._complete:
            self.spent = True
            yield await self._next()
