"""The components' Kubernetes client, where an API server answers what is none of it."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from pytest_kubeflow.local.kube import ApiUnreachableError, Credentials, Informer, KubeClient
from pytest_kubeflow.local.kube.resources import PODS

LIST = b'{"metadata": {"resourceVersion": "1"}, "items": []}'
ADDED = b'{"type":"ADDED","object":{"metadata":{"name":"%b","resourceVersion":"2"}}}\n'


def answer(body: bytes, kind: bytes = b"application/json") -> bytes:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n"
    return head % (kind, len(body)) + body


def against(
    answers: list[bytes], test: Callable[[KubeClient], Awaitable[None]], *, token: str | None = None
) -> None:
    """Run `test` with a client of a server that gives these answers, the last one for ever."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answers.pop(0) if len(answers) > 1 else answers[0])
        writer.close()

    async def run() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server, asyncio.timeout(20):
            port = server.sockets[0].getsockname()[1]
            credentials = Credentials(f"http://127.0.0.1:{port}/prefix/", token=token)
            async with KubeClient(credentials) as client:
                await test(client)

    asyncio.run(run())


@pytest.mark.parametrize(
    "garbage",
    [
        answer(b"<html>", b"text/html"),
        b"SSH-2.0\r\n\r\n",
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{",
    ],
)
def test_what_is_no_answer(garbage: bytes) -> None:
    async def test(client: KubeClient) -> None:
        with pytest.raises(ApiUnreachableError, match=r'^Get "http://.*/prefix/api/v1/pods": .'):
            await client.list(PODS)

    against([garbage], test)


def test_a_token_that_is_none() -> None:
    async def test(client: KubeClient) -> None:
        with pytest.raises(ApiUnreachableError):
            await client.list(PODS)

    against([answer(LIST)], test, token="a\nb")


@pytest.mark.parametrize(
    "watch",
    [
        answer((ADDED % b"cut")[:-20]),
        answer(b"<html>\n", b"text/html"),
        answer(b"[]\n"),
        answer(ADDED % (b"x" * (1 << 25))),
    ],
)
def test_an_informer_goes_on_after_what_is_no_event(watch: bytes) -> None:
    async def test(client: KubeClient) -> None:
        informer = Informer(client, PODS)
        seen = asyncio.Event()
        informer.on_change(lambda _, pod: seen.set() if pod["metadata"]["name"] == "p" else None)
        running = asyncio.create_task(informer.run())
        await seen.wait()
        assert not running.done()
        running.cancel()

    against([answer(LIST), watch, answer(LIST), answer(ADDED % b"p")], test)
