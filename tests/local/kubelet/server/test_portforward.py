"""Ports of pods as the kubelet serves them: what is asked, and what goes over the wire."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from pytest_kubeflow.local.httpd import HttpServer
from pytest_kubeflow.local.kubelet.server.http import kubelet_app
from pytest_kubeflow.local.kubelet.server.portforward import PROTOCOL, parse_ports

SECONDS = 10


def find(namespace: str, name: str) -> Any:
    """The one pod of this node, which lives at the machine's own address."""
    dial = partial(asyncio.open_connection, "127.0.0.1")
    return SimpleNamespace(dial=dial) if (namespace, name) == ("team", "web") else None


@asynccontextmanager
async def node() -> AsyncIterator[str]:
    """A kubelet's server; its address for websockets."""
    server = HttpServer(kubelet_app(find, lambda: False), websockets=True)
    await server.start()
    try:
        yield f"ws{server.url.removeprefix('http')}/portForward"
    finally:
        await server.stop()


@asynccontextmanager
async def upper() -> AsyncIterator[int]:
    """A server that answers each line in capitals, and ends at an empty one; its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := (await reader.readline()).strip():
            writer.write(line.upper())
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


def unused() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def test_data_and_errors_of_two_ports() -> None:
    dead = unused()

    async def run() -> None:
        async with upper() as port, node() as url, asyncio.timeout(SECONDS):
            path = f"/team/web?port={port},{dead}"
            offered = [Subprotocol(PROTOCOL)]
            async with connect(url + path, subprotocols=offered, proxy=None) as wire:
                begun = [await wire.recv() for _ in range(4)]
                assert begun == [
                    bytes([channel]) + number.to_bytes(2, "little")
                    for channel, number in enumerate((port, port, dead, dead))
                ]
                error = await wire.recv()
                assert isinstance(error, bytes)
                assert error[0] == 3
                assert error[1:].startswith(f"error forwarding port {dead} to pod web: ".encode())
                # What is meant for the dead port, or is no frame of a channel, does no harm.
                for odd in (b"\x02lost\n", b"\x09lost\n", b"", "text"):
                    await wire.send(odd)
                await wire.send(b"\x00hello\n")
                assert await wire.recv() == b"\x00HELLO"
                await wire.send(b"\x00\n")
                await wire.wait_closed()
                assert wire.close_code == 1000

    asyncio.run(run())


def test_client_that_goes_ends_the_connection() -> None:
    async def run() -> None:
        ended = asyncio.Event()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            ended.set()
            writer.close()

        async with (
            asyncio.timeout(SECONDS),
            await asyncio.start_server(serve, "127.0.0.1", 0) as server,
            node() as url,
        ):
            port = server.sockets[0].getsockname()[1]
            path = f"/team/web?port={port}"
            async with connect(url + path, subprotocols=[Subprotocol(PROTOCOL)], proxy=None) as one:
                await one.recv()
            await ended.wait()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("path", "protocol", "status", "message"),
    [
        ("/team/other?port=80", PROTOCOL, 404, "pod not found"),
        ("/team/web", PROTOCOL, 400, 'query parameter "port" is required'),
        ("/team/web?port=http", PROTOCOL, 400, 'unable to parse "http" as a port'),
        ("/team/web?port=80", "channel.k8s.io", 400, f"the protocols here are {PROTOCOL}"),
    ],
)
def test_refusals(path: str, protocol: str, status: int, message: str) -> None:
    async def run() -> InvalidStatus:
        async with node() as url:
            with pytest.raises(InvalidStatus) as refused:
                await connect(url + path, subprotocols=[Subprotocol(protocol)], proxy=None)
            return refused.value

    answer = asyncio.run(run()).response
    assert answer.status_code == status
    assert message in answer.body.decode()


@given(st.lists(st.integers(1, 65535), min_size=1, max_size=5))
def test_ports(numbers: list[int]) -> None:
    assert parse_ports(",".join(map(str, numbers))) == numbers


@given(st.text(max_size=8).filter(lambda text: not re.fullmatch(r"[0-9,]*", text)))
def test_ports_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match="port"):
        parse_ports(f"80,{text}")


@pytest.mark.parametrize("text", ["", "0", "65536", "-1", "80,,81", "8²"])
def test_numbers_that_are_no_ports(text: str) -> None:
    with pytest.raises(ValueError, match="port"):
        parse_ports(text)
