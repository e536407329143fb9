"""One HTTP request on a connection of its own, with bodies that may be large files.

`http.client` would cost every task 20 ms of imports (email, ssl); a launcher talks to one API and
one object store, and needs no redirects, no proxies and no cookies.
"""

from __future__ import annotations

import socket
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

_TIMEOUT = 60.0
_CHUNK = 1 << 18
_STARTING_SECONDS = 5.0
_PAUSE = 0.1


class HttpError(Exception):
    """No answer, or one that is cut off."""


class UnreachableError(HttpError):
    """Nobody is there to answer: no connection, or one that is closed at once."""


class RetryBudget:
    """How long, in all, may be waited for a server that was started a moment ago.

    One for all requests of a task with a server: who is not there after that time is given up.
    """

    def __init__(self, seconds: float = _STARTING_SECONDS) -> None:
        self._left = seconds
        self._pause = _PAUSE

    def wait(self) -> bool:
        """Pause before the next attempt; False if there is no time left for one."""
        if self._left <= 0:
            return False
        pause = min(self._pause, self._left)
        self._left -= pause
        self._pause *= 1.5
        time.sleep(pause)
        return True


class HttpResponse:
    """Status and headers (names in lower case); the body is read once, by `read` or `copy_to`."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._stream = connection.makefile("rb")
        line = self._stream.readline(65536)
        words = line.split(None, 2)
        if not line:
            raise UnreachableError("the connection is closed without an answer")
        if len(words) < 2 or not words[0].startswith(b"HTTP/1.") or not words[1].isdigit():
            raise HttpError(f"no HTTP answer: {line[:80]!r}")
        self.status = int(words[1])
        self.headers: dict[str, str] = {}
        while (line := self._stream.readline(65536)) not in {b"\r\n", b"\n"}:
            if not line:
                raise HttpError("the answer ends within its headers")
            name, _, value = line.decode("latin-1").partition(":")
            self.headers[name.strip().lower()] = value.strip()

    def read(self) -> bytes:
        """The whole body."""
        return b"".join(self._chunks())

    def copy_to(self, file: IO[bytes]) -> None:
        """Write the body to a file as it comes."""
        for chunk in self._chunks():
            file.write(chunk)

    def close(self) -> None:
        self._stream.close()
        self._connection.close()

    def __enter__(self) -> HttpResponse:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _chunks(self) -> Iterator[bytes]:
        if self.headers.get("transfer-encoding", "").lower() == "chunked":
            while size := self._chunk_size():
                yield from self._exactly(size)
                self._stream.readline(65536)
            return
        length = self.headers.get("content-length")
        if length is not None:
            if not length.isdecimal():
                raise HttpError(f"content-length is no number: {length[:80]!r}")
            yield from self._exactly(int(length))
            return
        while chunk := self._stream.read(_CHUNK):
            yield chunk

    def _chunk_size(self) -> int:
        line = self._stream.readline(65536)
        try:
            return int(line.split(b";")[0], 16)
        except ValueError:
            raise HttpError(f"the answer is cut off: no chunk follows: {line[:80]!r}") from None

    def _exactly(self, size: int) -> Iterator[bytes]:
        while size:
            chunk = self._stream.read(min(size, _CHUNK))
            if not chunk:
                raise HttpError(f"the answer is cut off: {size} bytes are missing")
            size -= len(chunk)
            yield chunk


def send(
    method: str,
    url: str,
    headers: dict[str, str],
    body: bytes | IO[bytes] = b"",
    size: int | None = None,
    retry_budget: RetryBudget | None = None,
) -> HttpResponse:
    """Send one request, with `body` of `size` bytes; its answer, whatever the status.

    `url` is `scheme://host:port/path?query` with everything quoted. While there is `retry_budget`,
    a server that is not there is asked again. Raises HttpError.
    """
    size = len(body) if isinstance(body, bytes) else size
    while True:
        try:
            return _attempt(method, url, headers, body, size)
        except UnreachableError:
            if retry_budget is None or not retry_budget.wait():
                raise


def _attempt(
    method: str, url: str, headers: dict[str, str], body: bytes | IO[bytes], size: int | None
) -> HttpResponse:
    scheme, _, rest = url.partition("://")
    place, slash, path = rest.partition("/")
    lines = [
        f"{method} {slash or '/'}{path} HTTP/1.1",
        *(f"{name}: {value}" for name, value in headers.items()),
        f"content-length: {size}",
        "connection: close",
        "",
        "",
    ]
    if "host" not in headers:
        lines.insert(1, f"host: {place}")
    connection = _connect(scheme, place)
    try:
        _send(connection, "\r\n".join(lines).encode("latin-1"), body)
        return HttpResponse(connection)
    except (ConnectionError, UnreachableError) as error:
        connection.close()
        why = _reason(error) if isinstance(error, OSError) else str(error)
        raise UnreachableError(f"{method} {scheme}://{place}: {why}") from None
    except OSError as error:
        connection.close()
        raise HttpError(f"{method} {scheme}://{place}: {_reason(error)}") from None
    except HttpError:
        connection.close()
        raise


def _send(connection: socket.socket, head: bytes, body: bytes | IO[bytes]) -> None:
    try:
        connection.sendall(head)
        if isinstance(body, bytes):
            connection.sendall(body)
        else:
            connection.sendfile(body, offset=0)
    except ConnectionError:
        pass  # a server that does not want the body may have answered, and closed: reading tells


def _connect(scheme: str, place: str) -> socket.socket:
    host, _, port = place.rpartition(":") if ":" in place else (place, "", "")
    number = int(port or (443 if scheme == "https" else 80))
    try:
        connection = socket.create_connection((host, number), timeout=_TIMEOUT)
    except OSError as error:
        kind = UnreachableError if isinstance(error, ConnectionRefusedError) else HttpError
        raise kind(f"dial tcp {place}: {_reason(error)}") from None
    if scheme == "https":
        import ssl

        return ssl.create_default_context().wrap_socket(connection, server_hostname=host)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _reason(error: OSError) -> str:
    return "i/o timeout" if isinstance(error, TimeoutError) else (error.strerror or str(error))
