"""Answers: what goes back to a client, and how it is sent."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from starlette.types import Receive, Send

from pytest_kubeflow.local.apiserver.errors import Object
from pytest_kubeflow.local.fastjson import encode

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class ApiResponse:
    """A status, and a body that is there or that comes in chunks.

    `warnings` are sentences that clients show to their users (header `Warning`, code 299).
    """

    code: int
    body: bytes | AsyncGenerator[bytes, None]
    content_type: str = JSON
    warnings: tuple[str, ...] = ()

    async def send(self, receive: Receive, send: Send) -> None:
        """Send it; a body of chunks ends early when the client hangs up."""
        headers = [(b"content-type", self.content_type.encode()), (b"cache-control", b"no-cache")]
        headers += [(b"warning", f"299 - {json.dumps(text)}".encode()) for text in self.warnings]
        if isinstance(self.body, bytes):
            headers.append((b"content-length", str(len(self.body)).encode()))
            await send({"type": "http.response.start", "status": self.code, "headers": headers})
            await send({"type": "http.response.body", "body": self.body})
            return
        await send({"type": "http.response.start", "status": self.code, "headers": headers})
        await send({"type": "http.response.body", "body": b"", "more_body": True})
        await _stream(self.body, receive, send)

    async def refuse(self, send: Send) -> None:
        """Send it instead of opening the websocket that was asked for; its body is there."""
        assert isinstance(self.body, bytes)
        kind = "websocket.http.response"
        headers = [
            (b"content-type", self.content_type.encode()),
            (b"content-length", str(len(self.body)).encode()),
        ]
        await send({"type": f"{kind}.start", "status": self.code, "headers": headers})
        await send({"type": f"{kind}.body", "body": self.body})


def document(
    code: int, obj: Object, *, content_type: str = JSON, warnings: tuple[str, ...] = ()
) -> ApiResponse:
    """An answer whose body is a JSON object."""
    return ApiResponse(code, encode(obj), content_type, warnings)


async def _stream(chunks: AsyncGenerator[bytes, None], receive: Receive, send: Send) -> None:
    async def copy() -> None:
        async with aclosing(chunks):
            async for chunk in chunks:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def hang_up() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    copying, hanging = asyncio.create_task(copy()), asyncio.create_task(hang_up())
    try:
        await asyncio.wait({copying, hanging}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (copying, hanging):
            task.cancel()
        await asyncio.gather(copying, hanging, return_exceptions=True)
    if not copying.cancelled() and (error := copying.exception()) is not None:
        raise error
