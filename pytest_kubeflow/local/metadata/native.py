"""ML Metadata by gRPC itself, as `metadata-grpc-service` of a cluster speaks it.

grpcio takes long to import, and most sessions never ask: so a plain socket listens, and the first
connection starts the server behind it.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from pytest_kubeflow.local.metadata.store import MetadataStore

_CHUNK = 1 << 16
_LOOPBACK = "127.0.0.1"


class NativeMetadata:
    """Listens on a free port of `host`, an address of this machine, from `start` to `stop`."""

    def __init__(self, store: MetadataStore, *, host: str = _LOOPBACK) -> None:
        self._store = store
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
                self._started = asyncio.create_task(serve(self._store))
            _, port = await asyncio.shield(self._started)
            there, back = await asyncio.open_connection(_LOOPBACK, port)
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


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()


async def serve(store: MetadataStore) -> tuple[Any, int]:
    """A gRPC server of its own port, that answers for `store`."""
    import grpc

    from pytest_kubeflow.local.metadata.methods import Methods
    from pytest_kubeflow.local.metadata.service import call

    table = Methods(store).table
    codes = {code.value[0]: code for code in grpc.StatusCode}

    class Handler(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpcio has no types
        def service(self, details: Any) -> Any:
            method = details.method.rpartition("/")[2]

            async def answer(request: bytes, context: Any) -> bytes:
                code, message, response = call(table, method, request)
                if response is None:
                    await context.abort(codes[code], message)
                return response or b""

            return grpc.unary_unary_rpc_method_handler(answer)

    server = grpc.aio.server()
    server.add_generic_rpc_handlers((Handler(),))
    port = server.add_insecure_port(f"{_LOOPBACK}:0")
    await server.start()
    return server, port
