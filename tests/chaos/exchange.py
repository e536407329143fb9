"""Exchange: one request through a ChaosProxy, with the fault that it meets."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import ssl
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from tests.chaos.fault import PAGE, WORDS, Fault

if TYPE_CHECKING:
    from tests.chaos.listener import Listener
    from tests.chaos.proxy import ChaosProxy

KUBERNETES = "kubernetes"
"""The server whose own words are objects of the kind Status."""

_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_HANDSHAKE = frozenset(
    {"sec-websocket-key", "sec-websocket-version", "sec-websocket-extensions"}
    | {"sec-websocket-protocol", "content-length"}
)
_LINGER = struct.pack("ii", 1, 0)
_LOST = (aiohttp.ClientError, ConnectionError)


@dataclass(frozen=True, slots=True)
class Upstream:
    """A server: `name` is what plans call it."""

    name: str
    url: str
    tls: ssl.SSLContext | None = None

    def at(self, path: str) -> URL:
        """The same path there, as it is."""
        return URL(f"{self.url.rstrip('/')}{path}", encoded=True)


@dataclass
class UpstreamResponse:
    """A request and its response, which may be altered before the client gets it."""

    server: str
    method: str
    path: str
    request: bytes
    status: int
    headers: CIMultiDict[str]
    body: bytes


@dataclass
class Exchange:
    """One request and what is done with it."""

    proxy: ChaosProxy
    upstream: Upstream
    session: aiohttp.ClientSession
    listener: Listener
    request: web.BaseRequest
    body: bytes = field(default=b"", repr=False)

    @property
    def path(self) -> str:
        """Path and query, as they were sent."""
        return self.request.raw_path

    async def respond(self) -> web.StreamResponse:
        """Give the client what it gets."""
        self.body = await self.request.content.read()
        proxy = self.proxy
        if proxy.altering is not None:
            self.body = proxy.altering.ask(
                self.upstream.name, self.request.method, self.path, self.body
            )
        fault = proxy.plan.fault_for(
            self.upstream.name, self.request.method, self.path, at=proxy.now
        )
        if self.request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._websocket(fault)
        return await self._http(fault)

    async def _http(self, fault: Fault | None) -> web.StreamResponse:
        if (instead := await self._instead(fault)) is not None:
            return instead
        try:
            if fault is Fault.REPEAT:
                async with self._asked() as lost:
                    await lost.read()
            async with self._asked() as response:
                return await self._delivered(response, fault)
        except _LOST:
            # The server is away, or has broken off: so does the proxy.
            return self._reset()

    async def _instead(self, fault: Fault | None) -> web.StreamResponse | None:
        """What the client gets without that the server is asked; None: ask it."""
        pace = self.proxy.pace
        if fault is Fault.REFUSED:
            await self.listener.refuse(pace.refusing)
            return self._reset()
        if fault is Fault.RESET_BEFORE:
            return self._reset()
        if fault is Fault.DELAY:
            await asyncio.sleep(pace.delay)
        if fault is not None and fault.status is not None:
            return self._own(fault)
        return None

    def _own(self, fault: Fault) -> web.StreamResponse:
        """A response of the proxy's own."""
        status = fault.status or 200
        headers = {"Server": "istio-envoy"}
        if fault is Fault.TOO_MANY_RETRY_AFTER:
            headers["Retry-After"] = str(self.proxy.pace.retry_after)
        if fault is Fault.HTML:
            return web.Response(text=PAGE, content_type="text/html", headers=headers)
        if self.upstream.name != KUBERNETES:
            return web.Response(text=WORDS[status], status=status, headers=headers)
        words = "etcdserver: request timed out" if status == 500 else WORDS[status]
        found = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
        text = json.dumps({**found, "message": words, "code": status})
        return web.Response(
            text=text, status=status, content_type="application/json", headers=headers
        )

    def _asked(self) -> aiohttp.client._RequestContextManager:
        """The server's response, which ends with the block."""
        return self.session.request(
            self.request.method,
            self.upstream.at(self.path),
            headers=self._headers(_HOP | {"content-length"}),
            data=self.body if self.body or "Content-Length" in self.request.headers else None,
            allow_redirects=False,
            ssl=self.upstream.tls or True,
        )

    def _headers(self, left_out: frozenset[str]) -> CIMultiDict[str]:
        # Host stays: signatures of S3 are over it, and a login comes back to it.
        return CIMultiDict(
            (name, value)
            for name, value in self.request.headers.items()
            if name.lower() not in left_out
        )

    async def _delivered(
        self, response: aiohttp.ClientResponse, fault: Fault | None
    ) -> web.StreamResponse:
        """Hand the response on, or as much of it as the fault leaves."""
        if fault is Fault.RESET_AFTER:
            await response.read()
            return self._reset()
        if fault in {Fault.TIMEOUT, Fault.HANG}:
            await response.read()
            await asyncio.sleep(3600.0 if fault is Fault.HANG else self.proxy.pace.timeout)
            return self._reset()
        altering = self.proxy.altering
        name, method = self.upstream.name, self.request.method
        whole: bytes | None = None
        status = response.status
        headers = CIMultiDict(
            (key, value) for key, value in response.headers.items() if key.lower() not in _HOP
        )
        if altering is not None and altering.wants(name, method, self.path):
            altered = UpstreamResponse(
                name, method, self.path, self.body, status, headers, await response.read()
            )
            altering.alter(altered)
            whole, status = altered.body, altered.status
        given = web.StreamResponse(status=status, headers=headers)
        if whole is not None and method != "HEAD":
            given.content_length = len(whole)
        await given.prepare(self.request)
        if fault is Fault.CUT:
            chunk = whole if whole is not None else await response.content.readany()
            await given.write(chunk[: len(chunk) // 2])
            return self._reset(flush=True)
        if method == "HEAD":
            pass
        elif whole is not None:
            await given.write(whole)
        else:
            async for chunk in response.content.iter_any():
                await given.write(chunk)
        await given.write_eof()
        return given

    async def _websocket(self, fault: Fault | None) -> web.StreamResponse:
        if (instead := await self._instead(fault)) is not None:
            return instead
        wanted = self.request.headers.get("Sec-WebSocket-Protocol", "")
        protocols = [one.strip() for one in wanted.split(",") if one.strip()]
        try:
            far = await self.session.ws_connect(
                self.upstream.at(self.path),
                protocols=protocols,
                headers=self._headers(_HOP | _HANDSHAKE),
                autoping=False,
                autoclose=False,
                max_msg_size=0,
                ssl=self.upstream.tls or True,
            )
        except aiohttp.WSServerHandshakeError as refused:
            return web.Response(status=refused.status, text=refused.message)
        except _LOST:
            return self._reset()
        if fault is not None and fault is not Fault.DELAY and fault is not Fault.CUT:
            await far.close()
            return self._reset()
        near = web.WebSocketResponse(
            protocols=protocols, autoping=False, autoclose=False, max_msg_size=0, compress=False
        )
        await near.prepare(self.request)
        pumps = {asyncio.create_task(_pump(near, far)), asyncio.create_task(_pump(far, near))}
        limit = self.proxy.pace.delay if fault is Fault.CUT else None
        try:
            await asyncio.wait(pumps, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            await far.close()
        if fault is Fault.CUT:
            return self._reset()
        await near.close()
        return near

    def _reset(self, *, flush: bool = False) -> web.StreamResponse:
        """Break the connection off: by a reset, or after what was written has gone out."""
        transport = self.request.transport
        if transport is not None and flush:
            transport.close()
        elif transport is not None:
            with contextlib.suppress(OSError):
                end = transport.get_extra_info("socket")
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
            transport.abort()
        # Nobody gets it: aiohttp wants something to be returned.
        return web.Response()


async def _pump(
    source: web.WebSocketResponse | aiohttp.ClientWebSocketResponse,
    target: web.WebSocketResponse | aiohttp.ClientWebSocketResponse,
) -> None:
    """Hand frames on, until one side closes."""
    while True:
        frame = await source.receive()
        match frame.type:
            case aiohttp.WSMsgType.BINARY:
                await target.send_bytes(frame.data)
            case aiohttp.WSMsgType.TEXT:
                await target.send_str(frame.data)
            case aiohttp.WSMsgType.PING:
                await target.ping(frame.data)
            case aiohttp.WSMsgType.PONG:
                await target.pong(frame.data)
            case aiohttp.WSMsgType.CLOSE:
                await target.close(code=frame.data or 1000, message=(frame.extra or "").encode())
                return
            case _:
                await target.close()
                return
