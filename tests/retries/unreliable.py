"""UnreliableEndpoint: an API server or a gateway that loses, refuses and delays responses.

Plain http on loopback.
"""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
import weakref
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from urllib3 import HTTPHeaderDict

Answer = tuple[int, Mapping[str, str], bytes]
Ask = Callable[[str, str, bytes, Mapping[str, str]], Answer]
"""Method, path with query, body and headers: what a server makes of them."""

_HOPS = frozenset({"connection", "content-length", "date", "server", "transfer-encoding"})

Fault = Callable[["Exchange"], None]
"""What happens to a request instead of an answer."""


class Exchange(BaseHTTPRequestHandler):
    """One connection of a client."""

    protocol_version = "HTTP/1.1"
    server: Unreliable

    def handle_one_request(self) -> None:
        # The client of a fault may be gone, and so may the one that is led to the API server.
        with contextlib.suppress(OSError):
            super().handle_one_request()

    def _any(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        self.body = self.rfile.read(size)
        path = urlsplit(self.path).path
        fault = self.server.fault_for(self.command, path)
        if fault is not None:
            fault(self)
            return
        self.pass_on()

    def pass_on(self) -> None:
        """No fault."""
        self.deliver(self.forward())

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _any  # noqa: N815  http.server's names

    def forward(self) -> Answer:
        """Let the API server do it."""
        return self.server.ask(self.command, self.path, self.body, dict(self.headers))

    def deliver(self, answer: Answer) -> None:
        """Give the client an answer."""
        status, headers, body = answer
        self.send_response(status)
        for name, value in HTTPHeaderDict(headers).iteritems():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def break_off(self) -> None:
        """End the connection, as it is."""
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""


@dataclass(frozen=True)
class Upstream:
    """The server. Who asks says so itself."""

    host: str
    port: int
    tls: ssl.SSLContext | None = None

    def connection(self) -> HTTPConnection:
        if self.tls is None:
            return HTTPConnection(self.host, self.port, timeout=60)
        return HTTPSConnection(self.host, self.port, context=self.tls, timeout=60)

    def __call__(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Let it do what is asked for."""
        wanted = {name: value for name, value in headers.items() if name.lower() not in _HOPS}
        with contextlib.closing(self.connection()) as connection:
            connection.request(method, path, body or None, wanted)
            answer: HTTPResponse = connection.getresponse()
            # Several cookies are several headers.
            found = HTTPHeaderDict(
                (name, value) for name, value in answer.getheaders() if name.lower() not in _HOPS
            )
            return answer.status, found, answer.read()

    @classmethod
    def at(cls, url: str, tls: ssl.SSLContext | None = None) -> Upstream:
        """The one at this URL."""
        parts = urlsplit(url)
        assert parts.hostname is not None
        assert parts.port is not None
        return cls(parts.hostname, parts.port, tls)


def _all(_method: str, _path: str) -> bool:
    return True


class Unreliable(ThreadingHTTPServer):
    """`fault`, if set, befalls the first attempt of each request with the same method and path."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, upstream: Ask) -> None:
        super().__init__(("127.0.0.1", 0), Exchange)
        self.ask = upstream
        self._lock = threading.Lock()
        self.fault: Fault | None = None
        self.times = 1
        self.befalls: Callable[[str, str], bool] = _all
        self.attempts: Counter[tuple[str, str]] = Counter()
        self._connections: weakref.WeakSet[socket.socket] = weakref.WeakSet()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def break_off(self) -> None:
        """End all connections, in the middle of whatever goes over them."""
        for connection in list(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, *_: Any) -> None:
        """Clients that are broken off are what is tested."""

    def fault_for(self, method: str, path: str) -> Fault | None:
        with self._lock:
            self.attempts[method, path] += 1
            hit = self.befalls(method, path) and self.attempts[method, path] <= self.times
            return self.fault if hit else None


@dataclass
class UnreliableEndpoint:
    """The server while it runs."""

    server: Unreliable
    kubeconfig: Path = Path()
    _thread: threading.Thread | None = field(default=None, repr=False)

    @property
    def port(self) -> int:
        return int(self.server.server_address[1])

    @property
    def attempts(self) -> Counter[tuple[str, str]]:
        """How often each method and path was asked for."""
        return self.server.attempts

    @contextmanager
    def every_first(
        self, fault: Fault, *, times: int = 1, of: Callable[[str, str], bool] | None = None
    ) -> Iterator[None]:
        """Each request's first `times` attempts fail so; of all, or of this method and path."""
        self.attempts.clear()
        self.server.times, self.server.befalls = times, of or _all
        self.server.fault = fault
        yield
        self.server.fault = None

    def listen(self) -> None:
        """Take connections, from now on."""
        self.server.socket.listen(64)
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self._thread.start()

    def refuse(self) -> None:
        """Refuse connections, from now on, and end those there are; the port stays ours."""
        self.server.shutdown()
        if self._thread is not None:
            self._thread.join()
        self.server.socket.close()
        again = socket.socket()
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(self.server.server_address)
        self.server.socket = again
        self.server.break_off()

    def stop(self) -> None:
        self.server.shutdown()
        if self._thread is not None:
            self._thread.join()
        self.server.server_close()


@contextmanager
def unreliable(kubeconfig: Path, folder: Path) -> Iterator[UnreliableEndpoint]:
    """One that works, until it is told otherwise."""
    config = yaml.safe_load(kubeconfig.read_text())
    cluster = config["clusters"][0]["cluster"]
    tls = ssl.create_default_context(cafile=cluster["certificate-authority"])
    server = Unreliable(Upstream.at(cluster["server"], tls))
    config["clusters"][0]["cluster"] = {"server": f"http://127.0.0.1:{server.server_address[1]}"}
    file = folder / "kubeconfig"
    file.write_text(json.dumps(config))
    with listening(UnreliableEndpoint(server, file)) as endpoint:
        yield endpoint


@contextmanager
def unreliable_gateway(url: str) -> Iterator[UnreliableEndpoint]:
    """The same in front of a server of plain http."""
    with listening(UnreliableEndpoint(Unreliable(Upstream.at(url)))) as endpoint:
        yield endpoint


@contextmanager
def listening(endpoint: UnreliableEndpoint) -> Iterator[UnreliableEndpoint]:
    """It takes connections, until the end."""
    endpoint.listen()
    try:
        yield endpoint
    finally:
        endpoint.stop()


def status(code: int, message: str, **headers: str) -> Fault:
    """The API server answers this instead of doing it."""
    body = json.dumps(
        {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code}
        | {"message": message}
    ).encode()
    found = {"Content-Type": "application/json", **headers}
    return lambda exchange: exchange.deliver((code, found, body))


def break_before(exchange: Exchange) -> None:
    """The request is lost."""
    exchange.break_off()


def break_after(exchange: Exchange) -> None:
    """The answer is lost: what was asked for is done."""
    exchange.forward()
    exchange.break_off()


def break_within(exchange: Exchange) -> None:
    """Half of the answer is lost."""
    code, headers, body = exchange.forward()
    exchange.send_response(code)
    exchange.send_header("Content-Type", headers.get("Content-Type", "application/json"))
    exchange.send_header("Content-Length", str(len(body) + 1))
    exchange.end_headers()
    exchange.wfile.write(body[: len(body) // 2])
    exchange.wfile.flush()
    exchange.break_off()


SIGN_IN = (
    200,
    {"Content-Type": "text/html; charset=utf-8"},
    b"<!DOCTYPE html><html><title>Sign in</title><body>Sign in to go on</body></html>",
)
"""Of a login or a proxy: status, headers, body."""


def page(exchange: Exchange) -> None:
    """Something else on the way answers, with a page and status 200."""
    exchange.deliver(SIGN_IN)


FAULTS: Mapping[str, Fault] = {
    "429 with Retry-After": status(
        429, "too many requests, please try again later", **{"Retry-After": "1"}
    ),
    "500 leader changed": status(500, "etcdserver: leader changed"),
    "503": status(503, "apiserver is shutting down"),
    "504": status(504, "Timeout: request did not complete within requested timeout"),
    "the request is lost": break_before,
    "the answer is lost": break_after,
    "half of the answer is lost": break_within,
    "a page of HTML with status 200": page,
}
