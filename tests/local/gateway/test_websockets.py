"""Websockets through the gateway's proxy, to servers that behave well and badly."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.http11 import Request, Response

from pytest_kubeflow.local.gateway.backends import Backend
from pytest_kubeflow.local.gateway.upstream import Upstream
from pytest_kubeflow.local.gateway.websockets import as_request
from pytest_kubeflow.local.httpd import HttpServer

Handler = Callable[[ServerConnection], Awaitable[None]]
LARGE = 10 << 20


class Proxy:
    """What the gateway does once it knows whom a request is for."""

    def __init__(self, *ports: int) -> None:
        self.upstream = Upstream()
        self.backends = [Backend("127.0.0.1", port, "team", f"p{port}") for port in ports]

    async def following(self, refused: Collection[Backend]) -> Backend | None:
        return next((one for one in self.backends if one not in refused), None)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request, nothing, answer = as_request(scope, send)
        await self.upstream.forward(
            request,
            nothing,
            answer,
            following=self.following,
            path=scope["path"],
            connected=receive,
        )


@contextlib.asynccontextmanager
async def proxied(*ports: int) -> AsyncIterator[str]:
    proxy = Proxy(*ports)
    server = HttpServer(proxy, websockets=True)
    await server.start()
    try:
        yield server.url.replace("http://", "ws://")
    finally:
        await proxy.upstream.close()
        await server.stop()


async def echo(connection: ServerConnection) -> None:
    with contextlib.suppress(ConnectionClosed):
        async for message in connection:
            await connection.send(message)


@contextlib.asynccontextmanager
async def behind(handler: Handler = echo, **options: Any) -> AsyncIterator[str]:
    """The URL of a proxy before a server of websockets."""
    async with serve(handler, "127.0.0.1", 0, max_size=None, **options) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        async with proxied(port) as url:
            yield url


def test_texts_and_bytes_come_back_whatever_their_size() -> None:
    async def talk() -> None:
        async with behind() as url, connect(url, max_size=None) as client:
            for message in ("hello", b"\x00\xff", "", "é" * 1000):
                await client.send(message)
                assert await client.recv() == message

    asyncio.run(talk())


def test_a_large_answer_is_passed_on() -> None:
    async def pour(connection: ServerConnection) -> None:
        await connection.send("x" * LARGE)
        await connection.wait_closed()

    async def talk() -> None:
        async with behind(pour) as url, connect(url, max_size=None) as client:
            assert len(await client.recv()) == LARGE

    asyncio.run(talk())


def test_path_headers_and_the_chosen_protocol_are_those_of_both_sides() -> None:
    seen: list[Request] = []

    async def note(connection: ServerConnection) -> None:
        assert connection.request is not None
        seen.append(connection.request)
        await connection.wait_closed()

    async def talk() -> None:
        protocols = ["v2.kernel", "v1.kernel"]
        async with behind(note, subprotocols=["v1.kernel"]) as url:
            headers = {"Cookie": "a=b", "X-More": "1"}
            async with connect(
                f"{url}/api/kernels/1/channels",
                subprotocols=protocols,  # type: ignore[arg-type]
                additional_headers=headers,
            ) as client:
                assert client.subprotocol == "v1.kernel"

    asyncio.run(talk())
    (request,) = seen
    assert request.path == "/api/kernels/1/channels"
    assert (request.headers["cookie"], request.headers["x-more"]) == ("a=b", "1")


@pytest.mark.parametrize(("code", "found"), [(1000, 1000), (4001, 4001), (1001, 1001)])
def test_the_code_of_a_server_that_ends_it_is_told(code: int, found: int) -> None:
    async def end(connection: ServerConnection) -> None:
        await connection.close(code)

    async def talk() -> None:
        async with behind(end) as url, connect(url) as client:
            with pytest.raises(ConnectionClosed) as closed:
                await client.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == found

    asyncio.run(talk())


def test_the_code_of_a_client_that_ends_it_is_told() -> None:
    async def talk() -> None:
        code: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()

        async def wait(connection: ServerConnection) -> None:
            await connection.wait_closed()
            code.set_result(connection.close_code)

        async with behind(wait) as url:
            client = await connect(url)
            await client.close(4002)
            async with asyncio.timeout(10):
                assert await code == 4002

    asyncio.run(talk())


def test_a_connection_that_is_cut_ends_as_an_error() -> None:
    async def cut(connection: ServerConnection) -> None:
        connection.transport.abort()

    async def talk() -> None:
        async with behind(cut) as url, connect(url) as client:
            with pytest.raises(ConnectionClosed) as closed:
                await client.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1011

    asyncio.run(talk())


def refuse(connection: ServerConnection, _request: Request) -> Response:
    return connection.respond(404, "no such kernel")


def test_the_refusal_of_a_server_is_the_clients() -> None:
    async def talk() -> None:
        async with behind(process_request=refuse) as url:
            with pytest.raises(InvalidStatus) as refused:
                await connect(url)
            assert refused.value.response.status_code == 404

    asyncio.run(talk())


def test_without_a_server_it_is_told_as_for_any_request() -> None:
    async def talk() -> None:
        async with proxied() as url:
            with pytest.raises(InvalidStatus) as refused:
                await connect(url)
            assert refused.value.response.status_code == 503
            assert refused.value.response.body == b"no healthy upstream"

    asyncio.run(talk())


def test_a_server_that_has_just_gone_is_passed_over() -> None:
    async def talk() -> None:
        async with serve(echo, "127.0.0.1", 0) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            async with proxied(1, port) as url, connect(url) as client:
                await client.send("hello")
                assert await client.recv() == "hello"

    asyncio.run(talk())
