"""Relay: one client's connection, copied to a tunnel and back, at the pace of the slower side."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from time import monotonic

from pytest_kubeflow.k8s.ports.tunnel import Tunnel

_CHUNK_BYTES = 1 << 16

LINGER = 5.0
"""Seconds without a byte after which a client that sends no more is done.

One that has ended its sending direction waits for the rest of a response, or is gone: which of the
two cannot be seen.
"""


class Relay:
    """Copies until one side ends. `ended_by_pod`: the pod's side did, before the client."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, tunnel: Tunnel
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._tunnel = tunnel
        self._last = monotonic()
        self._client_ended = False
        self.ended_by_pod = False

    async def run(self) -> None:
        """Returns when it is over; closes neither side."""
        upward = asyncio.create_task(self._send_up())
        downward = asyncio.create_task(self._send_down())
        try:
            await asyncio.wait({upward, downward}, return_when=asyncio.FIRST_COMPLETED)
            while not downward.done() and (left := self._last + LINGER - monotonic()) > 0:
                await asyncio.wait({downward}, timeout=left)
        finally:
            for task in (upward, downward):
                task.cancel()
            await asyncio.gather(upward, downward, return_exceptions=True)

    async def _send_up(self) -> None:
        with contextlib.suppress(OSError):
            while chunk := await self._reader.read(_CHUNK_BYTES):
                self._last = monotonic()
                if not await self._tunnel.write(chunk):
                    return  # the other direction tells why
        self._client_ended = True

    async def _send_down(self) -> None:
        with contextlib.suppress(OSError):
            while chunk := await self._tunnel.read():
                self._last = monotonic()
                self._writer.write(chunk)
                await self._writer.drain()
            self.ended_by_pod = not self._client_ended


def reset(writer: asyncio.StreamWriter) -> None:
    """End a client's connection so that it cannot take what it has for all that there is."""
    connection: socket.socket | None = writer.get_extra_info("socket")
    if connection is not None:
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
