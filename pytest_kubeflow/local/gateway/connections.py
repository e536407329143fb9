"""Connections: HTTP/1.1 to backends on kept connections, as little of it as a gateway needs.

httpx does the same for 0.5 ms more per request, which is a good part of what a prediction takes.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

Header = tuple[bytes, bytes]
_LIMIT = 1 << 16
_CHUNK = 1 << 18
_CONNECT_SECONDS = 5.0
_KEPT = 32
_NO_BODY = {204, 304}


class NoAnswerError(Exception):
    """The backend did not answer.

    `absent`: nobody took the connection; `unseen`: nobody can have seen the request.
    """

    def __init__(self, reason: str, *, unseen: bool, absent: bool = False) -> None:
        super().__init__(reason)
        self.unseen = unseen
        self.absent = absent


@dataclass(frozen=True, slots=True)
class Head:
    """Status and headers of an answer, names in lower case."""

    status: int
    headers: list[Header]

    def get(self, name: bytes) -> bytes:
        return next((value for key, value in self.headers if key == name), b"")


class Connection:
    """One connection to a backend, used for one exchange at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.used = False
        self.reusable = True

    @property
    def stale(self) -> bool:
        """Whether the backend has closed it meanwhile."""
        return self._reader.at_eof() or self._writer.is_closing()

    def close(self) -> None:
        self._writer.close()

    async def send(self, head: bytes, body: bytes | AsyncIterator[bytes], *, chunked: bool) -> None:
        """Send one request. Raises OSError."""
        if isinstance(body, bytes):
            self._writer.write(head + body)
            await self._writer.drain()
            return
        self._writer.write(head)
        async for chunk in body:
            if chunk:
                self._writer.write(b"%x\r\n%b\r\n" % (len(chunk), chunk) if chunked else chunk)
                await self._writer.drain()
        if chunked:
            self._writer.write(b"0\r\n\r\n")
            await self._writer.drain()

    async def head(self) -> Head:
        """The beginning of the answer. Raises OSError, EOFError (nothing came), ValueError."""
        while True:
            try:
                text = await self._reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError as error:
                if error.partial:
                    raise ValueError("the answer ends within its headers") from None
                raise EOFError from None
            except asyncio.LimitOverrunError:
                raise ValueError("the answer's headers are too long") from None
            lines = text[:-4].split(b"\r\n")
            words = lines[0].split(b" ", 2)
            if len(words) < 2 or not words[0].startswith(b"HTTP/1."):
                raise ValueError(f"no HTTP answer: {lines[0][:80]!r}")
            status = int(words[1])
            if status >= 200:
                break  # before that there may be interim ones, such as 100 Continue
        headers = []
        for line in lines[1:]:
            name, _, value = line.partition(b":")
            headers.append((name.strip().lower(), value.strip()))
        head = Head(status, headers)
        closing = head.get(b"connection").lower() == b"close" or lines[0].startswith(b"HTTP/1.0")
        self.reusable = not closing
        return head

    async def body(self, head: Head, method: str) -> AsyncIterator[bytes]:
        """The rest of the answer, as it comes. Raises OSError, EOFError, ValueError."""
        if method == "HEAD" or head.status in _NO_BODY:
            return
        if head.get(b"transfer-encoding").lower() == b"chunked":
            while size := int((await self._reader.readuntil(b"\r\n")).split(b";")[0], 16):
                async for chunk in self._exactly(size):
                    yield chunk
                await self._reader.readexactly(2)
            while await self._reader.readuntil(b"\r\n") != b"\r\n":
                pass  # trailers
        elif length := head.get(b"content-length"):
            async for chunk in self._exactly(int(length)):
                yield chunk
        else:
            self.reusable = False
            while chunk := await self._reader.read(_CHUNK):
                yield chunk

    async def _exactly(self, size: int) -> AsyncIterator[bytes]:
        while size:
            chunk = await self._reader.read(min(size, _CHUNK))
            if not chunk:
                raise EOFError
            size -= len(chunk)
            yield chunk


class Pool:
    """Connections that wait for their next request, by host and port."""

    def __init__(self) -> None:
        self._idle: dict[tuple[str, int], list[Connection]] = {}

    async def take(self, host: str, port: int, *, fresh: bool) -> Connection:
        """A kept connection, unless it is to be `fresh`, or a new one. Raises NoAnswerError."""
        idle = self._idle.get((host, port), [])
        while idle and not fresh:
            connection = idle.pop()
            if not connection.stale:
                return connection
            connection.close()
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                return Connection(*await asyncio.open_connection(host, port, limit=_LIMIT))
        except (OSError, TimeoutError):
            raise NoAnswerError("connection failure", unseen=True, absent=True) from None

    def give_back(self, host: str, port: int, connection: Connection) -> None:
        idle = self._idle.setdefault((host, port), [])
        if connection.reusable and not connection.stale and len(idle) < _KEPT:
            connection.used = True
            idle.append(connection)
        else:
            connection.close()

    def forget(self, host: str, port: int) -> None:
        """Close the kept connections to a backend that has closed one of them."""
        for connection in self._idle.pop((host, port), []):
            connection.close()

    def close(self) -> None:
        for idle in self._idle.values():
            for connection in idle:
                connection.close()
        self._idle.clear()


def request_head(method: str, path: str, headers: Sequence[Header]) -> bytes:
    """Request line and headers as they go over the wire."""
    lines = [f"{method} {path} HTTP/1.1".encode("latin-1")]
    lines += [name + b": " + value for name, value in headers]
    return b"\r\n".join([*lines, b"", b""])
