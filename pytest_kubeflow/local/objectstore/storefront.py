"""StoreFront: the way from clients to the S3 port of SeaweedFS, which has no other.

SeaweedFS listens in a network of its own; what leads out of it is a socket file that only the
user who runs the cluster can open.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import httptools

from pytest_kubeflow.local.controllers.serviceproxy import Forwarder
from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.hosts import Known, is_ours, refusal

_CHUNK_BYTES = 64 * 1024


class StoreFront(Forwarder):
    """Copies bytes to and from `socket()`, None while it is closed; objects can be damaged.

    A request that comes from a page of a browser, or for a host that is not ours, ends its
    connection and does not reach the store.
    """

    def __init__(self, socket: Callable[[], str | None], *, faults: Faults, known: Known) -> None:
        super().__init__(list)
        self._socket = socket
        self._faults = faults
        self._known = known

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests = _Requests(self._known)
        guarded = _Guarded(reader, requests)
        try:
            first = await guarded.read(_CHUNK_BYTES)
        except OSError:
            first = b""
        if requests.objection:
            body = requests.objection.encode()
            writer.write(
                b"HTTP/1.1 421 Misdirected Request\r\nContent-Type: text/plain\r\n"
                b"Connection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
            )
        if not first or (path := self._socket()) is None:
            writer.close()
            return
        await self.relay(guarded, writer, asyncio.open_unix_connection(path), first=first)

    def transform(self, chunk: bytes) -> bytes:
        if not self._faults.active("object-corrupt"):
            return chunk
        head, separator, body = chunk.partition(b"\r\n\r\n")
        # Object contents only: a damaged XML listing would be another fault.
        if not separator or not body or b"content-type: application/xml" in head.lower():
            return chunk
        return head + separator + body[:-1] + bytes([body[-1] ^ 1])


class _Guarded:
    """What a client sends, as long as `requests` has no objection to it."""

    def __init__(self, reader: asyncio.StreamReader, requests: _Requests) -> None:
        self._reader = reader
        self._requests = requests

    async def read(self, most: int) -> bytes:
        """The next bytes: of the first request its whole head; empty at the end."""
        found = b""
        while not self._requests.begun:
            chunk = await self._reader.read(most)
            if not chunk or not await self._requests.allow(chunk):
                return b""
            found += chunk
        if found:
            return found
        chunk = await self._reader.read(most)
        return chunk if chunk and await self._requests.allow(chunk) else b""


class _Requests:
    """The heads of the requests of a connection, and what is to be said against one of them."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._parser = httptools.HttpRequestParser(self)
        self._headers: list[tuple[str, str]] = []
        self.begun = False
        self.objection = ""

    async def allow(self, chunk: bytes) -> bool:
        """Whether these next bytes may be passed on."""
        try:
            self._parser.feed_data(chunk)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self.objection = f"this is no request of S3: {error}\n"
            return False
        for name, value in self._headers:
            if name == "origin":
                self.objection = "pages of a browser have no access to the cluster's objects\n"
            elif not await is_ours(value, self._known):
                self.objection = refusal(value)
        self._headers.clear()
        return not self.objection

    def on_header(self, name: bytes, value: bytes) -> None:
        if (key := name.decode("latin-1").lower()) in {"host", "origin"}:
            self._headers.append((key, value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        self.begun = True


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
