"""Container logs: files as CRI runtimes write them, and how they are read.

One line of a file is `TIME STREAM TAG TEXT`; tag `P` marks a piece of a longer line, `F` its end.
Format: kubernetes/kubernetes pkg/kubelet/kuberuntime/logs. Like the kubelet, a reader is given the
current file only: what has been rotated away is out of its sight.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

MAX_BYTES = 10 * 2**20  # containerLogMaxSize
MAX_FILES = 5  # containerLogMaxFiles
_PIECE = 16 * 2**10
_CHUNK = 65536

Listener = Callable[[str, bytes], None]


def timestamp(nanoseconds: int | None = None) -> str:
    """RFC 3339 with exactly nine decimals, so that text order is time order."""
    seconds, rest = divmod(time.time_ns() if nanoseconds is None else nanoseconds, 10**9)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"


@dataclass(frozen=True, slots=True)
class LogOptions:
    """What to read: the query parameters of the API's `pods/log`. `since` is a timestamp."""

    follow: bool = False
    tail: int | None = None
    limit_bytes: int | None = None
    since: str | None = None
    timestamps: bool = False


class ContainerLog:
    """The log of one run of a container: `connect` its output, `drained` when that has ended."""

    def __init__(self, path: Path, *, max_bytes: int = MAX_BYTES) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self.rotations = 0
        self._max_bytes = max_bytes
        self._file: IO[bytes] = path.open("ab", buffering=0)
        self._size = self._file.tell()
        self._open = 0
        self._pending: dict[str, bytes] = {}
        self._listeners: list[Listener] = []
        self._changed = asyncio.Event()
        self._closed = asyncio.Event()

    @property
    def closed(self) -> bool:
        return self._closed.is_set()

    async def drained(self) -> None:
        """Wait until every connected stream has ended and all is in the file."""
        await self._closed.wait()

    async def changed(self) -> None:
        """Wait for the next write, or the end."""
        if not self.closed:
            await self._changed.wait()

    def connect(self, stream: str) -> int:
        """A new pipe whose content is logged as `stream`; the writing end is the caller's."""
        read, write = os.pipe2(os.O_CLOEXEC)
        self.follow(read, stream)
        return write

    def follow(self, fd: int, stream: str) -> None:
        """Log what can be read from a descriptor, which is the log's from now on."""
        os.set_blocking(fd, False)
        self._open += 1
        asyncio.get_running_loop().add_reader(fd, self._receive, fd, stream)

    @contextlib.contextmanager
    def heard(self, listener: Listener) -> Iterator[None]:
        """Meanwhile `listener` hears everything as it is written; of an end it hears no bytes."""
        self._listeners.append(listener)
        try:
            yield
        finally:
            self._listeners.remove(listener)

    def close(self) -> None:
        """End a log to which nothing was connected."""
        if self._open == 0:
            self._file.close()
            self._closed.set()
            self._notify()

    def _receive(self, fd: int, stream: str) -> None:
        try:
            data = os.read(fd, _CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""  # a terminal whose other end is closed
        self._write(stream, data)
        if not data:
            asyncio.get_running_loop().remove_reader(fd)
            os.close(fd)
            self._open -= 1
            self.close()
        for listener in list(self._listeners):
            listener(stream, data)

    def _write(self, stream: str, data: bytes) -> None:
        """Write the complete lines of a stream; no `data` means that it has ended."""
        lines = (self._pending.pop(stream, b"") + data).split(b"\n")
        rest = lines.pop()
        prefix = f"{timestamp()} {stream} ".encode()
        parts = [part for line in lines for part in _pieces(prefix, line, end=True)]
        while len(rest) >= _PIECE or (rest and not data):
            parts.append(prefix + b"P " + rest[:_PIECE] + b"\n")
            rest = rest[_PIECE:]
        if rest:
            self._pending[stream] = rest
        # A file is rotated between lines only.
        for batch in _batches(parts, self._max_bytes):
            if self._size and self._size + len(batch) > self._max_bytes:
                self._rotate()
            self._file.write(batch)
            self._size += len(batch)
        if parts:
            self._notify()

    def _rotate(self) -> None:
        self._file.close()
        for number in range(MAX_FILES - 2, 0, -1):
            older = self.path.with_name(f"{self.path.name}.{number}")
            if older.exists():
                older.rename(self.path.with_name(f"{self.path.name}.{number + 1}"))
        self.path.rename(self.path.with_name(f"{self.path.name}.1"))
        self._file = self.path.open("ab", buffering=0)
        self._size = 0
        self.rotations += 1

    def _notify(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


def _pieces(prefix: bytes, line: bytes, *, end: bool) -> Iterator[bytes]:
    while len(line) > _PIECE:
        yield prefix + b"P " + line[:_PIECE] + b"\n"
        line = line[_PIECE:]
    yield prefix + (b"F " if end else b"P ") + line + b"\n"


def _batches(parts: list[bytes], limit: int) -> Iterator[bytes]:
    batch: list[bytes] = []
    size = 0
    for part in parts:
        if batch and size + len(part) > limit:
            yield b"".join(batch)
            batch, size = [], 0
        batch.append(part)
        size += len(part)
    if batch:
        yield b"".join(batch)


async def read_log(log: ContainerLog, options: LogOptions) -> AsyncIterator[bytes]:
    """The text of a log in chunks; with `follow`, until the container has ended."""
    left = options.limit_bytes
    with log.path.open("rb") as first:
        file: IO[bytes] = first
        rotations = log.rotations
        if options.tail is not None:
            _seek_tail(file, options.tail)
        while True:
            at_end = log.closed
            while chunk := b"".join(_text(file.readlines(_CHUNK), options)):
                if left is not None:
                    chunk = chunk[:left]
                    left -= len(chunk)
                yield chunk
                if left == 0:
                    return
            if not options.follow or at_end:
                return
            if log.rotations != rotations:
                rotations = log.rotations
                file = log.path.open("rb")
                continue
            await log.changed()


def _seek_tail(file: IO[bytes], lines: int) -> None:
    """Move to the start of the last `lines` whole lines (pieces do not count)."""
    starts: deque[int] = deque(maxlen=lines + 1)
    position = 0
    starts.append(0)
    for line in file:
        position += len(line)
        if line.split(b" ", 3)[2] == b"F":
            starts.append(position)
    # An unfinished line at the end counts as one.
    file.seek(0, os.SEEK_END)
    if starts[-1] == file.tell() and lines < len(starts):
        file.seek(starts[len(starts) - 1 - lines])
    elif lines < len(starts):
        file.seek(starts[len(starts) - lines] if lines else file.tell())
    else:
        file.seek(starts[0])


def _text(lines: list[bytes], options: LogOptions) -> Iterator[bytes]:
    since = options.since.encode() if options.since else b""
    for line in lines:
        time_, _, tag, text = line.split(b" ", 3)
        if time_ < since:
            continue
        if tag == b"P":
            text = text[:-1]
        yield time_ + b" " + text if options.timestamps else text


def tail_text(path: Path, *, lines: int, limit: int) -> str:
    """The last `lines` lines of a finished log, at most `limit` bytes of them."""
    with path.open("rb") as file:
        _seek_tail(file, lines)
        text = b"".join(_text(file.readlines(), LogOptions()))
    return text[-limit:].decode(errors="replace")
