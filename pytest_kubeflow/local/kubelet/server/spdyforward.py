"""Ports of a pod as kubectl forwards them: SPDY in a websocket.

For each connection the client opens a pair of streams of one request: what goes wrong comes back on
the one, data goes over the other.
Source: kubernetes/kubernetes staging/src/k8s.io/kubelet/pkg/cri/streaming/portforward.
"""

from __future__ import annotations

import asyncio
import contextlib

from starlette.websockets import WebSocket, WebSocketDisconnect

from pytest_kubeflow.local.kubelet.server.portforward import Dial
from pytest_kubeflow.local.kubelet.server.spdy import SpdyConnection, SpdyError, SpdyStream

PROTOCOL = "spdy.portforward.k8s.io"
"""As the API server asks for it, whose clients call it SPDY/3.1+portforward.k8s.io."""
_CHUNK_BYTES = 1 << 16


class SpdyForwarding:
    """One websocket, already accepted, to any ports of the pod that `dial` connects to."""

    def __init__(self, socket: WebSocket, pod: str, dial: Dial) -> None:
        self._socket = socket
        self._pod = pod
        self._dial = dial
        self._pairs: dict[str, dict[str, SpdyStream]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Forward until the client goes."""
        connection = SpdyConnection(self._socket.send_bytes)
        try:
            while (message := await self._socket.receive())["type"] == "websocket.receive":
                for stream in await connection.feed(message.get("bytes") or b""):
                    self._opened(stream)
        except SpdyError:
            await self._socket.close(1002)
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _opened(self, stream: SpdyStream) -> None:
        request = stream.headers.get("requestid", "")
        pair = self._pairs.setdefault(request, {})
        pair[stream.headers.get("streamtype", "")] = stream
        if pair.keys() >= {"error", "data"}:
            del self._pairs[request]
            task = asyncio.create_task(self._forward(pair["error"], pair["data"]))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _forward(self, errors: SpdyStream, data: SpdyStream) -> None:
        port = data.headers.get("port", "")
        with contextlib.suppress(OSError, WebSocketDisconnect):
            try:
                reader, writer = await self._dial(int(port))
            except (OSError, ValueError, OverflowError) as error:
                why = getattr(error, "strerror", None) or error
                message = f"error forwarding port {port} to pod {self._pod}: {why}"
                await errors.write(message.encode())
            else:
                await _copy(reader, writer, data)
            await data.close()
            await errors.close()


async def _copy(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, data: SpdyStream
) -> None:
    """Both ways, until the pod has ended or the client does not want it any more."""

    async def from_client() -> None:
        with contextlib.suppress(OSError):
            while chunk := await data.read():
                writer.write(chunk)
                await writer.drain()
            if writer.can_write_eof():
                writer.write_eof()

    async def to_client() -> None:
        while chunk := await reader.read(_CHUNK_BYTES):
            await data.write(chunk)

    sending = asyncio.create_task(from_client())
    ends = [asyncio.create_task(to_client()), asyncio.create_task(data.reset.wait())]
    try:
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (sending, *ends):
            task.cancel()
        await asyncio.gather(sending, *ends, return_exceptions=True)
        writer.close()
