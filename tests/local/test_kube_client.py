"""The components' Kubernetes client, where an API server answers what is none of it."""

import asyncio
import errno
import json
import re
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any, cast

import aiohttp
import pytest

from pytest_kubeflow.local.kube import (
    ApiError,
    ApiUnreachableError,
    Credentials,
    Informer,
    KubeClient,
    LastKnownClient,
    PatientClient,
)
from pytest_kubeflow.local.kube.accessreview import review_access
from pytest_kubeflow.local.kube.resources import PODS

LIST = b'{"metadata": {"resourceVersion": "1"}, "items": []}'
ADDED = b'{"type":"ADDED","object":{"metadata":{"name":"%b","resourceVersion":"2"}}}\n'


def answer(body: bytes, kind: bytes = b"application/json", status: bytes = b"200 OK") -> bytes:
    head = b"HTTP/1.1 %b\r\nConnection: close\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n"
    return head % (status, kind, len(body)) + body


def refused(code: int, reason: str, message: str = "no") -> bytes:
    status = {"kind": "Status", "code": code, "reason": reason, "message": message}
    return answer(json.dumps(status).encode(), status=b"%d %b" % (code, reason.encode()))


def against(
    answers: list[bytes], test: Callable[[KubeClient], Awaitable[None]], *, token: str | None = None
) -> None:
    """Run `test` with a client of a server that gives these answers, the last one for ever."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if length := re.search(rb"(?i)^content-length: (\d+)", head, re.MULTILINE):
            await reader.readexactly(int(length[1]))
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


def test_another_object_of_the_same_name_is_deleted_and_added() -> None:
    """What an informer did not see, since its watch had ended, it finds in the next list."""

    def listed(uid: str, version: int) -> bytes:
        metadata = {"name": "p", "namespace": "a", "uid": uid, "resourceVersion": str(version)}
        content = {"metadata": {"resourceVersion": str(version)}, "items": [{"metadata": metadata}]}
        return answer(json.dumps(content).encode())

    async def test(client: KubeClient) -> None:
        informer = Informer(client, PODS)
        events: list[tuple[str, str]] = []
        seen = asyncio.Event()

        def note(kind: str, pod: dict[str, Any]) -> None:
            events.append((kind, pod["metadata"]["uid"]))
            if events[-1] == ("ADDED", "second"):
                seen.set()

        informer.on_change(note)
        running = asyncio.create_task(informer.run())
        await seen.wait()
        assert events == [("ADDED", "first"), ("DELETED", "first"), ("ADDED", "second")]
        running.cancel()

    against([listed("first", 1), refused(410, "Expired"), listed("second", 5)], test)


def test_nobody_there_is_told_in_the_words_of_go() -> None:
    async def test() -> None:
        async with KubeClient(Credentials("http://127.0.0.1:1")) as client:
            with pytest.raises(ApiUnreachableError) as caught:
                await client.list(PODS)
        refused = "dial tcp 127.0.0.1:1: connect: connection refused"
        assert str(caught.value) == f'Get "http://127.0.0.1:1/api/v1/pods": {refused}'

    asyncio.run(test())


POD = {"metadata": {"name": "p", "namespace": "a"}}


@pytest.mark.parametrize(
    "lost",
    [
        b"",
        refused(503, "ServiceUnavailable"),
        refused(429, "TooManyRequests"),
        refused(504, "Timeout"),
        refused(500, "InternalError", "etcdserver: leader changed"),
    ],
)
def test_who_is_patient_asks_until_there_is_an_answer(lost: bytes) -> None:
    async def test(client: KubeClient) -> None:
        made = await PatientClient(client).create(PODS, POD)
        assert made["metadata"]["name"] == "p"

    against([lost, lost, answer(json.dumps(POD).encode())], test)


def test_what_was_made_while_its_answer_was_lost_is_not_made_again() -> None:
    async def test(client: KubeClient) -> None:
        made = await PatientClient(client).create(PODS, POD)
        assert made["metadata"]["uid"] == "1"

    there = {"metadata": {**POD["metadata"], "uid": "1"}}
    against([b"", refused(409, "AlreadyExists"), answer(json.dumps(there).encode())], test)


@pytest.mark.parametrize("code", [400, 403, 404, 409, 422, 500])
def test_a_refusal_is_one_at_once(code: int) -> None:
    async def test(client: KubeClient) -> None:
        with pytest.raises(ApiError):
            await PatientClient(client).create(PODS, POD)

    against([refused(code, "AlreadyExists" if code == 409 else "Because")], test)


@pytest.mark.parametrize(
    "lost",
    [
        [b"SSH-2.0\r\n\r\n", answer(b"ok", b"text/plain")],  # then it is asked if it is ready
        [refused(503, "ServiceUnavailable")],
    ],
)
def test_what_was_read_last_is_known_while_nobody_answers(lost: list[bytes]) -> None:
    """An API server that ends waits for webhooks, which must not wait for it."""

    async def test(client: KubeClient) -> None:
        knowing = LastKnownClient(client)
        first = await knowing.list(PODS)
        assert await knowing.list(PODS) == first
        assert (await knowing.list(PODS))["items"] == [POD]
        with pytest.raises(ApiError):  # what is gone is gone
            await knowing.list(PODS)

    newer = json.dumps({"items": [POD]}).encode()
    against([answer(LIST), *lost, answer(newer), refused(404, "NotFound")], test)


def test_what_was_never_read_is_waited_for() -> None:
    async def test(client: KubeClient) -> None:
        assert (await LastKnownClient(client).list(PODS))["items"] == []

    against([b"", b"", answer(LIST)], test)


def review(allowed: bool) -> bytes:
    return answer(json.dumps({"status": {"allowed": allowed}}).encode())


def test_what_is_denied_before_an_api_server_is_ready_is_asked_again() -> None:
    """It has been away, and has not read the roles yet."""

    async def test(client: KubeClient) -> None:
        with pytest.raises(ApiUnreachableError):
            await client.create(PODS, POD)
        assert (await review_access(client, {}))["allowed"]
        assert not (await review_access(client, {}))["allowed"]  # and is believed from then on

    unready = refused(500, "InternalError")
    ready = answer(b"ok", b"text/plain")
    against([b"", unready, review(False), ready, review(True), review(False)], test)


def test_who_may_not_ask_whether_it_is_ready_waits_for_some_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pytest_kubeflow.local.kube.client._SETTLING_SECONDS", 0.0)

    async def test(client: KubeClient) -> None:
        with pytest.raises(ApiUnreachableError):
            await client.create(PODS, POD)
        assert not await client.settles()

    against([b"", refused(403, "Forbidden")], test)


def test_a_server_that_asks_for_a_little_time_is_asked_again() -> None:
    """As by client-go: a custom resource whose storage is being made answers so."""
    busy = (
        b'{"kind":"Status","code":429,"reason":"TooManyRequests","message":"storage is (re)init"}'
    )
    later = answer(busy, status=b"429 Too Many Requests").replace(
        b"Content-Type", b"Retry-After: 0\r\nContent-Type"
    )

    async def found(client: KubeClient) -> None:
        assert (await client.list(PODS))["items"] == []

    async def refused_at_last(client: KubeClient) -> None:
        with pytest.raises(ApiError, match="storage is"):
            await client.list(PODS)

    against([later, later, answer(LIST)], found)
    against([later], refused_at_last)
    # One that names no time is not asked again.
    against([answer(busy, status=b"429 Too Many Requests"), answer(LIST)], refused_at_last)


CUT = cast(Any, SimpleNamespace(ssl=True, host="127.0.0.1", port=6443, is_ssl=True))


@pytest.mark.parametrize(
    "error",
    [
        # In a handshake the event loop gives neither number nor words.
        aiohttp.ClientConnectorError(CUT, ConnectionResetError()),
        aiohttp.ClientOSError(errno.ECONNRESET, "Connection reset by peer"),
        ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_connection_that_is_cut_off_is_told_as_a_reset(error: Exception) -> None:
    message = str(ApiUnreachableError.of("get", "https://127.0.0.1:6443/api", error))
    assert message == (
        'Get "https://127.0.0.1:6443/api": read tcp 127.0.0.1:6443: read: connection reset by peer'
    )


def test_a_body_that_cannot_be_written_is_told_as_a_broken_pipe() -> None:
    error = aiohttp.ClientOSError(None, "Can not write request body for https://127.0.0.1:6443/api")
    message = str(ApiUnreachableError.of("post", "https://127.0.0.1:6443/api", error))
    assert message.endswith('/api": write tcp 127.0.0.1:6443: write: broken pipe')
