"""StoreFront: the way from clients to the S3 port of SeaweedFS, which has no other.

SeaweedFS listens in a network of its own; what leads out of it is a socket file that only the
user who runs the cluster can open.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

from pytest_kubeflow.local.controllers.serviceproxy import Forwarder
from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.hosts import Known, is_ours, refusal


class StoreFront(Forwarder):
    """Copies bytes to and from `socket()`, None while it is closed; objects can be damaged.

    A connection whose first request comes from a page of a browser, or for a host that is not
    ours, is refused. That is enough: a browser keeps no connection for two hosts.
    """

    def __init__(self, socket: Callable[[], str | None], *, faults: Faults, known: Known) -> None:
        super().__init__(list)
        self._socket = socket
        self._faults = faults
        self._known = known

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
            writer.close()
            return
        if (reason := await self._objection(head)) is not None:
            body = reason.encode()
            writer.write(
                b"HTTP/1.1 421 Misdirected Request\r\nContent-Type: text/plain\r\n"
                b"Connection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
            )
            writer.close()
            return
        if (path := self._socket()) is None:
            writer.close()
            return
        await self.relay(reader, writer, asyncio.open_unix_connection(path), first=head)

    async def _objection(self, head: bytes) -> str | None:
        for line in head.split(b"\r\n")[1:]:
            name, _, value = line.decode("latin-1").partition(":")
            if name.strip().lower() == "host" and not await is_ours(value, self._known):
                return refusal(value.strip())
            if name.strip().lower() == "origin":
                return "pages of a browser have no access to the embedded cluster's objects\n"
        return None

    def transform(self, chunk: bytes) -> bytes:
        if not self._faults.active("object-corrupt"):
            return chunk
        head, separator, body = chunk.partition(b"\r\n\r\n")
        # Object contents only: a damaged XML listing would be another fault.
        if not separator or not body or b"content-type: application/xml" in head.lower():
            return chunk
        return head + separator + body[:-1] + bytes([body[-1] ^ 1])


class Sockets:
    """Unix sockets in a directory that only its owner enters, however long the way there is."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(mode=0o700, exist_ok=True)
        directory.chmod(0o700)
        # The address of a socket has 108 bytes at most; a directory of a test may take more.
        self._directory = os.open(directory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)

    def path(self, name: str) -> str:
        """The socket of that name, as this process can open it."""
        return f"/proc/self/fd/{self._directory}/{name}"

    def close(self) -> None:
        os.close(self._directory)
