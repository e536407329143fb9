"""LazyGrpcServer: a port that speaks gRPC once somebody connects.

grpcio takes long to import, and most sessions never ask: so a plain socket listens, and the first
connection starts the server behind it.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
from collections.abc import Awaitable, Callable
from typing import Any

_CHUNK = 1 << 16
LOOPBACK = "127.0.0.1"

Serve = Callable[[], Awaitable[tuple[Any, int]]]
"""Starts a `grpc.aio.Server` on a port of loopback, and returns both."""


class LazyGrpcServer:
    """Listens on a free port of `host`, an address of this machine, from `start` to `stop`."""

    def __init__(self, serve: Serve, *, host: str = LOOPBACK) -> None:
        self._serve = serve
        self._listener: asyncio.Server | None = None
        self._started: asyncio.Task[tuple[Any, int]] | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self.host, self.port = host, 0

    async def start(self) -> None:
        self._listener = await asyncio.start_server(self._connected, self.host, 0)
        self.port = self._listener.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._listener is not None:
            self._listener.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        if self._started is not None:
            server, _ = await self._started
            await server.stop(None)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            if self._started is None:
                self._started = asyncio.create_task(self._begin())
            _, port = await asyncio.shield(self._started)
            there, back = await asyncio.open_connection(LOOPBACK, port)
            try:
                await asyncio.wait(
                    [
                        asyncio.create_task(_copy(reader, back)),
                        asyncio.create_task(_copy(there, writer)),
                    ],
                    return_when=asyncio.FIRST_COMPLETED,
                )
            finally:
                back.close()
        finally:
            writer.close()
            self._connections.discard(task)

    async def _begin(self) -> tuple[Any, int]:
        await import_grpc()
        return await self._serve()


async def import_grpc() -> None:
    """Import grpcio in a thread: others are served meanwhile."""
    await asyncio.to_thread(importlib.import_module, "grpc")


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
