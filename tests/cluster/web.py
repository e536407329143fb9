"""Small web servers on loopback that are no Kubeflow."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Answer = tuple[int, Mapping[str, str], bytes]


@dataclass(frozen=True)
class Asked:
    """A request; `query` and `form` have the last value of each name."""

    method: str
    path: str
    query: Mapping[str, str]
    cookies: Mapping[str, str]
    form: Mapping[str, str]

    @classmethod
    def of(cls, handler: BaseHTTPRequestHandler) -> Asked:
        parts = urlsplit(handler.path)
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0)).decode()
        cookies = SimpleCookie(handler.headers.get("Cookie") or "")
        return cls(
            handler.command,
            parts.path,
            dict(parse_qsl(parts.query)),
            {name: morsel.value for name, morsel in cookies.items()},
            dict(parse_qsl(body)),
        )


@contextmanager
def web(
    answer: Callable[[str], Answer],
    *,
    tls: ssl.SSLContext | None = None,
    clock: float = 0.0,
    host: str = "127.0.0.1",
) -> Iterator[int]:
    """Serve `answer(path)`, status, headers and body, to every request; gives the port.

    The server's clock is `clock` seconds ahead.
    """
    with serving(lambda handler: answer(handler.path), tls=tls, clock=clock, host=host) as port:
        yield port


@contextmanager
def application(answer: Callable[[Asked], Answer]) -> Iterator[int]:
    """Serve `answer(request)`, as `web`."""
    with serving(lambda handler: answer(Asked.of(handler))) as port:
        yield port


@contextmanager
def serving(
    respond: Callable[[BaseHTTPRequestHandler], Answer],
    *,
    tls: ssl.SSLContext | None = None,
    clock: float = 0.0,
    host: str = "127.0.0.1",
) -> Iterator[int]:
    """Serve what `respond` makes of each request; gives the port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            status, headers, body = respond(self)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_HEAD = do_CONNECT = do_GET  # noqa: N815  http.server's names

        def date_time_string(self, timestamp: float | None = None) -> str:
            return super().date_time_string((timestamp or time.time()) + clock)

        def log_message(self, *_: Any) -> None:
            """Keep quiet."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        address_family = socket.AF_INET6 if ":" in host else socket.AF_INET

        def handle_error(self, *_: Any) -> None:
            """Clients that break off a handshake are what is tested."""

    server = Server((host, 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def page(text: str, status: int = 200, **headers: str) -> Callable[[str], Answer]:
    """The same HTML page everywhere."""
    found = {"Content-Type": "text/html", **headers}
    return lambda _path: (status, found, text.encode())


@contextmanager
def closed_port() -> Iterator[int]:
    """A port that nothing else can get, and on which nothing listens."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


@contextmanager
def silent_port() -> Iterator[int]:
    """One that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]
