"""A forward proxy on loopback that wants a login, and remembers whom it led where."""

from __future__ import annotations

import base64
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import urllib3

USER, PASSWORD = "proxy-user", "planted-proxy-password"
_HOP_BY_HOP = {"connection", "keep-alive", "proxy-authorization", "transfer-encoding"}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _is_known(self) -> bool:
        expected = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if self.headers.get("Proxy-Authorization") == f"Basic {expected}":
            return True
        self.send_response(407)
        self.send_header("Proxy-Authenticate", 'Basic realm="proxy"')
        self.send_header("Content-Length", "0")
        self.end_headers()
        return False

    def do_CONNECT(self) -> None:
        if not self._is_known():
            return
        host, _, port = self.path.rpartition(":")
        self.server.__dict__["led"].append(f"CONNECT {self.path}")
        with socket.create_connection((host.strip("[]"), int(port))) as origin:
            self.send_response(200)
            self.end_headers()
            sides = {self.connection: origin, origin: self.connection}
            while True:
                for side in select.select([*sides], [], [])[0]:
                    if not (chunk := side.recv(65536)):
                        self.close_connection = True
                        return
                    sides[side].sendall(chunk)

    def do_GET(self) -> None:
        if not self._is_known():
            return
        self.server.__dict__["led"].append(f"{self.command} {urlsplit(self.path).netloc}")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {k: v for k, v in self.headers.items() if k.lower() not in _HOP_BY_HOP}
        with urllib3.PoolManager() as pool:
            answer = pool.request(
                self.command,
                self.path,
                body=body or None,
                headers=headers,
                redirect=False,
                decode_content=False,
            )
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            if name.lower() not in _HOP_BY_HOP:
                self.send_header(name, value)
        if "Content-Length" not in answer.headers:
            self.send_header("Content-Length", str(len(answer.data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.data)

    do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = do_GET  # noqa: N815  http.server's names

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""


@contextmanager
def forward_proxy() -> Iterator[tuple[str, list[str]]]:
    """Its URL, with the login in it, and a list of what it has led where."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    led: list[str] = []
    server.__dict__["led"] = led
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://{USER}:{PASSWORD}@127.0.0.1:{server.server_address[1]}", led
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
