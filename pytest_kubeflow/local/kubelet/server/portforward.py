"""Ports of a pod over a websocket, in the protocol `v4.channel.k8s.io`.

For the port number i (from 0) there are two channels: 2i for data and 2i+1 for errors. The first
byte of each message is its channel's number; the first message of each channel is the port, in two
bytes, the low one first. There is no way to end one direction alone. As in kubernetes/kubernetes
staging/src/k8s.io/kubelet/pkg/cri/streaming/portforward/websocket.go.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import Awaitable, Callable, Mapping, Sequence

from starlette.websockets import WebSocket, WebSocketDisconnect

Dial = Callable[[int], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]
"""Connects to a port of a pod. Raises OSError."""

PROTOCOL = "v4.channel.k8s.io"
_CHUNK_BYTES = 1 << 16


def parse_ports(text: str) -> list[int]:
    """The port numbers of a request. Raises ValueError with a line for the caller."""
    if not text:
        raise ValueError('query parameter "port" is required')
    ports = []
    for part in text.split(","):
        if not (part.isascii() and part.isdigit()) or not 0 < int(part) < 1 << 16:
            raise ValueError(f'unable to parse "{part}" as a port')
        ports.append(int(part))
    return ports


class PortForwarding:
    """One websocket, already accepted, to `ports` of the pod that `dial` connects to."""

    def __init__(self, socket: WebSocket, pod: str, dial: Dial, ports: Sequence[int]) -> None:
        self._socket = socket
        self._pod = pod
        self._dial = dial
        self._ports = ports
        self._writers: dict[int, asyncio.StreamWriter] = {}

    async def run(self) -> None:
        """Copy until the client goes, or all ports have ended."""
        for index, port in enumerate(self._ports):
            first = struct.pack("<H", port)
            for channel in (2 * index, 2 * index + 1):
                await self._send(channel, first)
        connected = {
            2 * index: await self._connect(2 * index, port)
            for index, port in enumerate(self._ports)
        }
        reading = asyncio.create_task(self._from_client())
        copying = asyncio.create_task(self._all_to_client(connected))
        try:
            await asyncio.wait({reading, copying}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            gone = reading.done()
            reading.cancel()
            copying.cancel()
            for writer in self._writers.values():
                writer.close()
            await asyncio.gather(reading, copying, return_exceptions=True)
        if not gone:
            await self._socket.close()

    async def _connect(self, channel: int, port: int) -> asyncio.StreamReader | None:
        try:
            reader, self._writers[channel] = await self._dial(port)
        except OSError as error:
            message = f"error forwarding port {port} to pod {self._pod}: {error.strerror or error}"
            await self._send(channel + 1, message.encode())
            return None
        return reader

    async def _send(self, channel: int, data: bytes) -> None:
        await self._socket.send_bytes(bytes([channel]) + data)

    async def _all_to_client(self, readers: Mapping[int, asyncio.StreamReader | None]) -> None:
        async with asyncio.TaskGroup() as group:
            for channel, reader in readers.items():
                if reader is not None:
                    group.create_task(self._to_client(channel, reader))

    async def _to_client(self, channel: int, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(OSError, WebSocketDisconnect):
            while chunk := await reader.read(_CHUNK_BYTES):
                await self._send(channel, chunk)

    async def _from_client(self) -> None:
        """Hand on what comes; what comes for a port that is closed is lost, as on a real node."""
        while (message := await self._socket.receive())["type"] == "websocket.receive":
            data = message.get("bytes")
            if not data:
                continue
            writer = self._writers.get(data[0])
            if writer is None or writer.is_closing():
                continue
            with contextlib.suppress(OSError):
                writer.write(data[1:])
                await writer.drain()
