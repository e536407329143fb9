"""SPDY/3.1 on the server's side, on a stream of bytes that a websocket carries.

kubectl's port-forward speaks it, and knows neither priorities nor windows: what a stream does not
take holds up the others. PyPI has no library for it that still runs.
Source: the SPDY/3.1 specification, https://www.chromium.org/spdy/spdy-protocol/spdy-protocol-draft3-1/
"""

from __future__ import annotations

import asyncio
import struct
import zlib
from collections.abc import Awaitable, Callable

_SYN_STREAM, _SYN_REPLY, _RST_STREAM, _PING, _HEADERS = 1, 2, 3, 6, 8
_CONTROL, _FIN = 1 << 31, 1
_VERSION = 3
_WAITING = 16
"""Frames that may wait for who reads a stream."""

# What both sides begin the compression of headers with: words with their lengths, and the rest.
_WORDS = (
    "options head post put delete trace accept accept-charset accept-encoding accept-language "
    "accept-ranges age allow authorization cache-control connection content-base content-encoding "
    "content-language content-length content-location content-md5 content-range content-type date "
    "etag expect expires from host if-match if-modified-since if-none-match if-range "
    "if-unmodified-since last-modified location max-forwards pragma proxy-authenticate "
    "proxy-authorization range referer retry-after server te trailer transfer-encoding upgrade "
    "user-agent vary via warning www-authenticate method get status;200 OK;version HTTP/1.1 url "
    "public set-cookie keep-alive origin"
)
_REST = (
    "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505203 "
    "Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 "
    "Unauthorized403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented503 Service "
    "UnavailableJan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, "
    "Sat, Sun, GMTchunked,text/html,image/png,image/jpg,image/gif,application/xml,"
    "application/xhtml+xml,text/plain,text/javascript,publicprivatemax-age=gzip,deflate,"
    "sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0."
)


def _dictionary() -> bytes:
    before, phrase, after = _WORDS.split(";")
    words = [word.encode() for word in (*before.split(), phrase, *after.split())]
    return b"".join(struct.pack(">I", len(word)) + word for word in words) + _REST.encode()


DICTIONARY = _dictionary()

Send = Callable[[bytes], Awaitable[None]]


class SpdyError(Exception):
    """What came is no SPDY."""


class SpdyStream:
    """One stream that the client has opened. `headers` have names in lower case."""

    def __init__(self, number: int, headers: dict[str, str], send: Send) -> None:
        self.headers = headers
        self.reset = asyncio.Event()
        self._number = number
        self._send = send
        self._received: asyncio.Queue[bytes] = asyncio.Queue(_WAITING)
        self._ended = False

    async def read(self) -> bytes:
        """What comes next; empty at the end."""
        if self._ended:
            return b""
        data = await self._received.get()
        self._ended = not data
        return data

    async def write(self, data: bytes) -> None:
        await self._frame(0, data)

    async def close(self) -> None:
        """No more goes this way."""
        await self._frame(_FIN, b"")

    async def received(self, data: bytes) -> None:
        """A frame for it, empty for its end. Waits until there is room."""
        if not self.reset.is_set():
            await self._received.put(data)

    async def _frame(self, flags: int, data: bytes) -> None:
        if not self.reset.is_set():
            await self._send(struct.pack(">II", self._number, flags << 24 | len(data)) + data)


class SpdyConnection:
    """Reads what `feed` is given, and answers by `send`."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._buffer = bytearray()
        self._streams: dict[int, SpdyStream] = {}
        self._inflate = zlib.decompressobj(zdict=DICTIONARY)
        self._deflate = zlib.compressobj(zdict=DICTIONARY)

    async def feed(self, data: bytes) -> list[SpdyStream]:
        """Take bytes from the client; the streams that it opens with them. Raises SpdyError."""
        self._buffer += data
        opened: list[SpdyStream] = []
        while len(self._buffer) >= 8:
            first, second = struct.unpack_from(">II", self._buffer)
            flags, size = second >> 24, second & 0xFFFFFF
            if len(self._buffer) < 8 + size:
                break
            payload = bytes(self._buffer[8 : 8 + size])
            del self._buffer[: 8 + size]
            if not first & _CONTROL:
                await self._data(first, flags, payload)
            elif first >> 16 & 0x7FFF != _VERSION:
                raise SpdyError(f"version {first >> 16 & 0x7FFF}")
            elif (stream := await self._control(first & 0xFFFF, flags, payload)) is not None:
                opened.append(stream)
        return opened

    async def _data(self, number: int, flags: int, payload: bytes) -> None:
        stream = self._streams.get(number)
        if stream is None:
            return  # one that was reset
        if payload:
            await stream.received(payload)
        if flags & _FIN:
            await stream.received(b"")

    async def _control(self, kind: int, flags: int, payload: bytes) -> SpdyStream | None:
        try:
            if kind == _SYN_STREAM:
                return await self._open(flags, payload)
            if kind == _RST_STREAM:
                stream = self._streams.pop(struct.unpack_from(">I", payload)[0], None)
                if stream is not None:
                    stream.reset.set()
            elif kind == _PING and payload[-1] & 1:  # the client's own, and no answer
                await self._send(_control(_PING, payload))
            elif kind == _HEADERS:
                self._headers(payload[4:])  # what is compressed later depends on it
        except (struct.error, IndexError, zlib.error, UnicodeDecodeError) as error:
            raise SpdyError(f"a control frame of type {kind}: {error}") from None
        return None

    async def _open(self, flags: int, payload: bytes) -> SpdyStream:
        number = struct.unpack_from(">I", payload)[0]
        stream = SpdyStream(number, self._headers(payload[10:]), self._send)
        self._streams[number] = stream
        if flags & _FIN:
            await stream.received(b"")
        block = self._deflate.compress(struct.pack(">I", 0))
        block += self._deflate.flush(zlib.Z_SYNC_FLUSH)
        await self._send(_control(_SYN_REPLY, struct.pack(">I", number) + block))
        return stream

    def _headers(self, block: bytes) -> dict[str, str]:
        text = self._inflate.decompress(block)
        (count,), position = struct.unpack_from(">I", text), 4
        words: list[str] = []
        for _ in range(2 * count):
            (size,) = struct.unpack_from(">I", text, position)
            words.append(text[position + 4 : position + 4 + size].decode())
            position += 4 + size
        return dict(zip(words[::2], words[1::2], strict=True))


def _control(kind: int, payload: bytes) -> bytes:
    return struct.pack(">II", _CONTROL | _VERSION << 16 | kind, len(payload)) + payload
