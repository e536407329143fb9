"""What the gateway passes on, against servers that behave well and badly."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import Any, ClassVar

import pytest

from pytest_kubeflow.local.gateway.backends import Backend
from pytest_kubeflow.local.gateway.upstream import Upstream

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


async def read_request(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    length = [int(one.split(b":")[1]) for one in lines if one.startswith(b"content-length")]
    if length:
        return head, await reader.readexactly(length[0])
    if b"transfer-encoding: chunked" in lines:
        body = b""
        while size := int(await reader.readline(), 16):
            body += await reader.readexactly(size)
            await reader.readline()
        await reader.readline()
        return head, body
    return head, b""


class Client:
    """Sends requests through one Upstream, and keeps what it answers; `run` closes it."""

    made: ClassVar[list[Client]] = []

    def __init__(self, *backends: Backend) -> None:
        self.upstream = Upstream()
        self.backends = backends
        self.made.append(self)

    async def ask(
        self, chunks: list[bytes] | None = None, *, chunked: bool = False, method: str = "POST"
    ) -> tuple[int, bytes]:
        pieces = list(chunks or [])
        headers = [(b"host", b"iris"), (b"connection", b"keep-alive")]
        if chunked:
            headers.append((b"transfer-encoding", b"chunked"))
        elif pieces:
            headers.append((b"content-length", str(sum(map(len, pieces))).encode()))
        sent: list[Any] = []

        async def receive() -> Any:
            body = pieces.pop(0) if pieces else b""
            return {"type": "http.request", "body": body, "more_body": bool(pieces)}

        async def send(message: Any) -> None:
            sent.append(message)

        async def following(refused: Collection[Backend]) -> Backend | None:
            return next((one for one in self.backends if one not in refused), None)

        scope = {"type": "http", "method": method, "headers": headers}
        await self.upstream.forward(scope, receive, send, following=following, path="/p?q=1")
        body = b"".join(one.get("body", b"") for one in sent[1:])
        return sent[0]["status"], body


async def serve(handler: Handler) -> tuple[asyncio.Server, Backend]:
    async def quietly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await handler(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(quietly, "127.0.0.1", 0)
    return server, Backend("127.0.0.1", server.sockets[0].getsockname()[1], "team", "p")


def run(test: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        try:
            async with asyncio.timeout(20):
                await test()
        finally:
            while Client.made:
                await Client.made.pop().upstream.close()

    asyncio.run(bounded())


def test_a_connection_is_used_again() -> None:
    connections: list[list[bytes]] = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads: list[bytes] = []
        connections.append(heads)
        while True:
            head, body = await read_request(reader)
            heads.append(head)
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))

    async def test() -> None:
        server, backend = await serve(handler)
        async with server:
            client = Client(backend)
            assert [await client.ask([b"a", b"b"]) for _ in range(3)] == [(200, b"ab")] * 3
        assert len(connections) == 1
        assert connections[0][0].startswith(b"POST /p?q=1 HTTP/1.1\r\nhost: iris\r\n")
        assert b"keep-alive" not in connections[0][0]

    run(test)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (OK, (200, b"ok")),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"3\r\nabc\r\n1;x=y\r\nd\r\n0\r\n\r\n",
            (200, b"abcd"),
        ),
        (b"HTTP/1.0 200 OK\r\n\r\nuntil the end", (200, b"until the end")),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, (200, b"ok")),
        (b"HTTP/1.1 204 No Content\r\n\r\n", (204, b"")),
        (b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", (404, b"")),
    ],
)
def test_answers_of_all_kinds(answer: bytes, expected: tuple[int, bytes]) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(answer)

    async def test() -> None:
        server, backend = await serve(handler)
        async with server:
            assert await Client(backend).ask([b"x"]) == expected

    run(test)


def test_bodies_in_chunks_and_large_ones_arrive_whole() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _, body = await read_request(reader)
        text = b"%d" % len(body)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(text), text))

    async def test() -> None:
        server, backend = await serve(handler)
        async with server:
            client = Client(backend)
            assert await client.ask([b"abc", b"de"], chunked=True) == (200, b"5")
            pieces = [b"x" * (1 << 18)] * 20
            for chunked in (False, True):
                assert await client.ask(pieces, chunked=chunked) == (200, b"%d" % (20 << 18))

    run(test)


def test_who_is_not_there_is_passed_over() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _, body = await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))

    async def test() -> None:
        gone, absent = await serve(handler)
        gone.close()
        await gone.wait_closed()
        server, backend = await serve(handler)
        async with server:
            assert await Client(absent, backend).ask([b"kept"]) == (200, b"kept")
            status, text = await Client(absent).ask([b"kept"])
            assert (status, text) == (503, b"no healthy upstream")
            assert await Client().ask() == (503, b"no healthy upstream")

    run(test)


def test_a_kept_connection_that_was_closed_is_no_failure() -> None:
    closed: list[asyncio.Event] = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        event = asyncio.Event()
        closed.append(event)
        await read_request(reader)
        writer.write(OK)
        await writer.drain()
        if len(closed) == 1:  # the second request is read, and not answered
            await read_request(reader)

    async def test() -> None:
        server, backend = await serve(handler)
        other, second = await serve(handler)
        async with server, other:
            client = Client(backend, second)
            assert await client.ask() == (200, b"ok")
            assert await client.ask() == (200, b"ok")
            assert len(closed) == 2

    run(test)


def test_a_request_that_was_seen_is_not_sent_twice() -> None:
    requests: list[bytes] = []

    async def handler(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        requests.append((await read_request(reader))[1])

    async def test() -> None:
        server, backend = await serve(handler)
        other, second = await serve(handler)
        async with server, other:
            status, text = await Client(backend, second).ask([b"pay"])
        assert status == 503
        assert b"connection termination" in text
        assert requests == [b"pay"]

    run(test)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"nonsense\r\n\r\n", b"protocol error"),
        (b"HTTP/1.1 200 OK\r\ncontent", b"connection termination"),
    ],
)
def test_what_is_no_http_is_told_as_such(answer: bytes, reason: bytes) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(answer)

    async def test() -> None:
        server, backend = await serve(handler)
        async with server:
            status, text = await Client(backend).ask()
            assert (status, reason in text) == (503, True)

    run(test)
