"""Exchanges against a real socket server that answers as it is told, byte by byte."""

from __future__ import annotations

import io
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pytest_kubeflow.local.pipelines.launcher.http_request import (
    HttpError,
    RetryBudget,
    UnreachableError,
    send,
)

Serve = Callable[..., "Server"]


class Server:
    """Answers its connections one after another with the given bytes; None closes at once."""

    def __init__(self, *answers: bytes | None) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.requests: list[bytes] = []
        self._answers = answers
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        for answer in self._answers:
            connection, _ = self._listener.accept()
            with connection:
                if answer is None:
                    continue
                self.requests.append(_read(connection))
                connection.sendall(answer)

    def close(self) -> None:
        self._thread.join(10)
        self._listener.close()
        assert not self._thread.is_alive()


def _read(connection: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(65536)
    head, _, body = received.partition(b"\r\n\r\n")
    (length,) = (
        int(line.split(b":")[1])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length:")
    )
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


@pytest.fixture
def serve() -> Iterator[Serve]:
    servers: list[Server] = []

    def start(*answers: bytes | None) -> Server:
        servers.append(Server(*answers))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def body_of(url: str) -> bytes:
    with send("GET", url, {}) as answer:
        return answer.read()


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello", b"hello"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhello", b"he"),
        (b"HTTP/1.1 200 OK\r\n\r\nuntil the end", b"until the end"),
        (b"HTTP/1.0 200 OK\n\nold style", b"old style"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", b""),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n"
            b"5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\n",
            b"hello world",
        ),
        (
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nA\r\n0123456789\r\n0\r\n\r\n",
            b"0123456789",
        ),
    ],
)
def test_bodies_are_read_as_their_headers_say(serve: Serve, answer: bytes, body: bytes) -> None:
    assert body_of(serve(answer).url) == body


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nshort", "5 bytes are missing"),
        (b"HTTP/1.1 200 OK\r\nContent-", "ends within its headers"),
        (b"SSH-2.0-OpenSSH\r\n", "no HTTP answer"),
        (b"HTTP/1.1 many OK\r\n\r\n", "no HTTP answer"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: ten\r\n\r\n", "content-length"),
        (
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhel",
            "2 bytes are missing",
        ),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n", "chunk"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n", "chunk"),
    ],
)
def test_answers_that_are_cut_off_are_errors(serve: Serve, answer: bytes, message: str) -> None:
    with pytest.raises(HttpError, match=message):
        body_of(serve(answer).url)


OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


def test_the_request_is_what_http_wants(serve: Serve) -> None:
    server = serve(OK)
    with send("PUT", f"{server.url}/a%20b?c=d", {"x-name": "value"}, b"body") as answer:
        assert (answer.status, answer.headers) == (200, {"content-length": "2"})
    server.close()
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "PUT /a%20b?c=d HTTP/1.1"
    assert f"host: {server.url.removeprefix('http://')}" in lines
    assert {"x-name: value", "content-length: 4", "connection: close"} <= set(lines)
    assert body == b"body"


def test_files_are_sent_and_received_whole(serve: Serve, tmp_path: Path) -> None:
    content = bytes(range(256)) * 4096
    path = tmp_path / "file"
    path.write_bytes(content)
    server = serve(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(content), content))
    received = io.BytesIO()
    with (
        path.open("rb") as file,
        send("PUT", f"{server.url}/x", {}, file, len(content)) as answer,
    ):
        answer.copy_to(received)
    server.close()
    assert server.requests[0].endswith(b"\r\n\r\n" + content)
    assert received.getvalue() == content


def test_who_closes_at_once_is_asked_again(serve: Serve, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"content")
    server = serve(None, None, OK)
    with (
        path.open("rb") as file,
        send("PUT", f"{server.url}/x", {}, file, 7, RetryBudget()) as answer,
    ):
        assert answer.read() == b"ok"
    server.close()
    assert server.requests[0].endswith(b"content")  # whole, from the start of the file


def test_patience_ends(serve: Serve) -> None:
    server = serve(None, None)
    retry_budget = RetryBudget(0.01)
    with pytest.raises(UnreachableError, match=f"GET {server.url}: "):
        send("GET", server.url, {}, retry_budget=retry_budget)
    assert not retry_budget.wait()


def test_without_patience_the_first_refusal_counts() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(UnreachableError, match=rf"dial tcp 127.0.0.1:{port}: Connection refused"):
        send("GET", f"http://127.0.0.1:{port}/", {})


def test_an_early_answer_is_heard_though_the_body_is_not_wanted() -> None:
    """A server may refuse a large upload before it has read all of it."""
    refusal = b"HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno"
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def refuse() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1024)
                connection.sendall(refusal)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(1 << 20):
                    pass

        thread = threading.Thread(target=refuse)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        with send("PUT", url, {}, b"x" * (8 << 20)) as answer:
            assert (answer.status, answer.read()) == (403, b"no")
        thread.join(10)
