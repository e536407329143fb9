"""HTTP probes, against servers that answer well and badly."""

import asyncio
from typing import Any, cast

import pytest

from pytest_kubeflow.local.kubelet.containers.probes import Inside, check
from pytest_kubeflow.local.spawner import Identity, Process, Spawner

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
MANY = b"".join(b"X-%d: a\r\n" % number for number in range(300))


def probe(answer: bytes, **action: Any) -> str | None:
    """What a probe says of a server that answers so and hangs up."""

    async def run() -> str | None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            # No program is started for it.
            nobody = cast("Spawner", None), cast("Process", None)
            inside = Inside(*nobody, {}, "/", Identity(), {}, "127.0.0.1")
            return await check(inside, {"timeoutSeconds": 5, "httpGet": {"port": port, **action}})

    return asyncio.run(run())


@pytest.mark.parametrize(
    "answer",
    [
        OK,
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\n\r\nuntil the end",
        b"HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n" + b"x" * 20000,
        b"HTTP/1.1 200 OK\r\nX: %b\r\n%bContent-Length: 0\r\n\r\n" % (b"a" * 20000, MANY),
    ],
)
def test_what_is_well(answer: bytes) -> None:
    assert probe(answer) is None


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", "failed with statuscode: 503"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\nok", "payload is not completed"),
        (b"", "Server disconnected"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "Get "),
    ],
)
def test_what_is_not(answer: bytes, message: str) -> None:
    assert message in (probe(answer) or "")


@pytest.mark.parametrize("name", ["a b", "a:b", "", "é"])
def test_headers_that_are_none(name: str) -> None:
    message = probe(OK, httpHeaders=[{"name": name, "value": "x"}]) or ""
    assert message.endswith(f'invalid header field name "{name}"')
