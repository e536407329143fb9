"""A small server, for tests of the proxy itself."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from aiohttp import WSMsgType, web


@dataclass
class Upstream:
    """Where it is, and what it was asked: method, path, body and the header Host."""

    url: str = ""
    asked: list[tuple[str, str, bytes, str]] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """What was sent; for /stream in three pieces, for /websocket frame by frame."""
        body = await request.read()
        self.asked.append((request.method, request.raw_path, body, request.headers["Host"]))
        if request.path == "/websocket":
            if "refused" in request.query:
                return web.Response(status=403)
            frames = web.WebSocketResponse(protocols=["v4.channel.k8s.io"])
            await frames.prepare(request)
            async for one in frames:
                if one.type is WSMsgType.BINARY:
                    await frames.send_bytes(one.data)
            return frames
        if request.path == "/stream":
            stream = web.StreamResponse()
            await stream.prepare(request)
            for number in range(3):
                await stream.write(f"line {number}\n".encode())
            return stream
        response = web.Response(body=body or b"0123456789", status=201)
        response.headers.add("Set-Cookie", "a=1")
        response.headers.add("Set-Cookie", "b=2")
        return response


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    """One that runs."""
    server = Upstream()
    loop = asyncio.new_event_loop()

    async def start() -> web.AppRunner:
        app = web.Application(client_max_size=2**26)
        app.router.add_route("*", "/{path:.*}", server.answer)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return runner

    runner = loop.run_until_complete(start())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield server
    asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()
