"""Websockets: how the gateway treats a request for one, and passes on what is said.

Such a request is judged as any other GET: who asks, which route is for it, what policies say. So it
goes the way of a request, as `as_request` makes one of it, and what that way answers is the reason
why there is no websocket. Only the end of the way differs: `relay` connects both sides.
"""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
from starlette.types import Message, Receive, Scope, Send

_MARK = "gateway.websocket"
_ABNORMAL, _INTERNAL_ERROR = 1006, 1011
_HANDSHAKE = frozenset(
    {
        b"sec-websocket-accept",
        b"sec-websocket-extensions",
        b"sec-websocket-key",
        b"sec-websocket-protocol",
        b"sec-websocket-version",
    }
)


def is_websocket(scope: Scope) -> bool:
    """Whether a request that `as_request` has made is one for a websocket."""
    return _MARK in scope


def as_request(scope: Scope, send: Send) -> tuple[Scope, Receive, Send]:
    """The request for a websocket as a GET without a body, whose answer refuses the websocket."""
    schemes = {"ws": "http", "wss": "https"}
    request = {
        **scope,
        "type": "http",
        "method": "GET",
        "scheme": schemes.get(scope.get("scheme", "ws"), "http"),
        _MARK: scope.get("subprotocols") or [],
    }

    async def nothing() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def answer(message: Message) -> None:
        if message["type"].startswith("http.response."):
            message = {**message, "type": f"websocket.{message['type']}"}
        await send(message)

    return request, nothing, answer


async def connect(
    session: aiohttp.ClientSession, scope: Scope, url: str, headers: list[tuple[str, str]]
) -> aiohttp.ClientWebSocketResponse:
    """Ask a backend for the websocket. Raises aiohttp.WSServerHandshakeError if it has none."""
    kept = [(name, value) for name, value in headers if name.lower().encode() not in _HANDSHAKE]
    return await session.ws_connect(
        url, headers=kept, protocols=scope[_MARK], max_msg_size=0, compress=0
    )


async def relay(backend: aiohttp.ClientWebSocketResponse, receive: Receive, send: Send) -> None:
    """Accept the client's websocket, and pass on what both sides say until one ends."""
    message = await receive()
    if message["type"] != "websocket.connect":
        return
    await send({"type": "websocket.accept", "subprotocol": backend.protocol})
    sides = [
        asyncio.create_task(_from_client(backend, receive)),
        asyncio.create_task(_from_backend(backend, send)),
    ]
    try:
        await asyncio.wait(sides, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for side in sides:
            side.cancel()
        await asyncio.gather(*sides, return_exceptions=True)


async def _from_client(backend: aiohttp.ClientWebSocketResponse, receive: Receive) -> None:
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            await backend.close(code=_sendable(message.get("code")))
            return
        text = message.get("text")
        try:
            if text is not None:
                await backend.send_str(text)
            else:
                await backend.send_bytes(message["bytes"])
        except (aiohttp.ClientError, ConnectionError):
            return  # the other side tells why


async def _from_backend(backend: aiohttp.ClientWebSocketResponse, send: Send) -> None:
    async for message in backend:
        kinds: dict[Any, str] = {aiohttp.WSMsgType.TEXT: "text", aiohttp.WSMsgType.BINARY: "bytes"}
        await send({"type": "websocket.send", kinds[message.type]: message.data})
    await send({"type": "websocket.close", "code": _sendable(backend.close_code)})


def _sendable(code: int | None) -> int:
    """A close code that may be sent: a connection that was cut has none."""
    return _INTERNAL_ERROR if code is None or code in {1005, _ABNORMAL, 1015} else code
