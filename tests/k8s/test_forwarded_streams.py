"""What goes through a forwarded port: much, both ways at once, at the pace of the slower side."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import http
import json
import socket
import struct
import threading
import uuid
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from pytest_kubeflow.errors import ClusterUnreachable, NotFound, PermissionDenied
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.ports.portforward import PortForward
from pytest_kubeflow.k8s.ports.tunnel import PROTOCOL, PodPort
from tests.cluster.remote import NAMESPACE, wait_until

MB = 1_000_000
FLOOD = 300 * MB
HELD = 100 * MB
"""More than all buffers on the way hold together, and less than a flood."""

# One command a connection: a line, and what it asks for.
SERVER = """
import hashlib, os, socketserver, threading

PIECE = bytes(range(256)) * 256
counts = {}

class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        command, *arguments = self.rfile.readline().decode().split()
        getattr(self, command)(*arguments)

    def send(self, size):
        left = int(size)
        while left:
            left -= self.connection.send(PIECE[:left])

    def digest(self, size):
        left, digest = int(size), hashlib.sha256()
        while left:
            data = self.rfile.read(min(left, 1 << 16))
            left, _ = left - len(data), digest.update(data)
        self.wfile.write(digest.hexdigest().encode())

    def swap(self, size):
        sending = threading.Thread(target=self.send, args=(size,))
        sending.start()
        self.digest(size)
        sending.join()

    def flood(self, name, size):
        counts[name] = 0
        while counts[name] < int(size):
            counts[name] += self.connection.send(PIECE)

    def count(self, name):
        self.wfile.write(str(counts.get(name, -1)).encode())

    def hold(self):
        threading.Event().wait()

    def echo(self):
        for line in self.rfile:
            self.wfile.write(line)

    def answer(self):
        self.wfile.write(self.rfile.readline())

class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

# At every address, unless these are the machine's.
host = os.environ["IP"] if os.environ["IP"].startswith("127.") else ""
Server((host, 8000), Handler).serve_forever()
"""


def piece(size: int) -> bytes:
    """What the pod sends."""
    whole = bytes(range(256)) * 256
    return (whole * (size // len(whole) + 1))[:size]


@contextmanager
def running(kubernetes: KubernetesClient) -> Iterator[PodPort]:
    """A pod with the server."""
    name = f"streams-{uuid.uuid4().hex[:8]}"
    container = {
        "name": "main",
        "image": "python:3.11",
        "command": ["python3", "-u", "-c", SERVER],
        "env": [{"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}],
        "readinessProbe": {"tcpSocket": {"port": 8000}, "periodSeconds": 1},
    }
    spec = {"containers": [container], "terminationGracePeriodSeconds": 0}
    core = kubernetes.core
    core.create_namespaced_pod(NAMESPACE, {"metadata": {"name": name}, "spec": spec})

    def is_ready() -> bool:
        found = core.read_namespaced_pod(name, NAMESPACE).status.conditions or ()
        return any(one.type == "Ready" and one.status == "True" for one in found)

    wait_until(is_ready, 60)
    yield PodPort(NAMESPACE, name, 8000)
    with contextlib.suppress(Exception):
        core.delete_namespaced_pod(name, NAMESPACE, grace_period_seconds=0)


@pytest.fixture(scope="module")
def pod(kubernetes: KubernetesClient) -> Iterator[PodPort]:
    with running(kubernetes) as one:
        yield one


@pytest.fixture(scope="module")
def forward(kubernetes: KubernetesClient, pod: PodPort) -> Iterator[PortForward]:
    with PortForward.to_pod(kubernetes, pod) as one:
        yield one


def begin(address: tuple[str, int], command: str) -> socket.socket:
    connection = socket.create_connection(address, timeout=60)
    connection.sendall(f"{command}\n".encode())
    return connection


def rest(connection: socket.socket) -> bytes:
    """All that comes."""
    chunks = []
    while chunk := connection.recv(1 << 20):
        chunks.append(chunk)
    return b"".join(chunks)


def test_a_hundred_megabytes_down(forward: PortForward) -> None:
    with closing(begin(forward.address, f"send {100 * MB}")) as connection:
        digest, size = hashlib.sha256(), 0
        while chunk := connection.recv(1 << 20):
            digest.update(chunk)
            size += len(chunk)
    assert size == 100 * MB
    assert digest.digest() == hashlib.sha256(piece(100 * MB)).digest()
    assert forward.trouble is None


def test_a_hundred_megabytes_up(forward: PortForward) -> None:
    data = piece(100 * MB)
    with closing(begin(forward.address, f"digest {len(data)}")) as connection:
        connection.sendall(data)
        assert rest(connection).decode() == hashlib.sha256(data).hexdigest()


def test_both_ways_at_once_on_many_connections(forward: PortForward) -> None:
    size = 2 * MB
    data = piece(size)

    def swap(_: int) -> bytes:
        with closing(begin(forward.address, f"swap {size}")) as connection:
            sending = threading.Thread(target=connection.sendall, args=(data,))
            sending.start()
            received = rest(connection)
            sending.join()
            return received

    with ThreadPoolExecutor(12) as pool:
        results = list(pool.map(swap, range(12)))
    digest = hashlib.sha256(data).hexdigest().encode()
    # The pod writes the digest while it may still send.
    assert {len(one) for one in results} == {size + len(digest)}
    assert all(digest in one for one in results)


def test_a_client_that_does_not_read_stops_the_pod(forward: PortForward) -> None:
    name = uuid.uuid4().hex
    counted: list[int] = []

    def stands_still() -> bool:
        with closing(begin(forward.address, f"count {name}")) as connection:
            counted.append(int(rest(connection)))
        return len(counted) > 5 and counted[-1] == counted[-5] > 0

    with closing(begin(forward.address, f"flood {name} {FLOOD}")):
        wait_until(stands_still, 60)
    assert counted[-1] < HELD


def test_a_pod_that_does_not_read_stops_the_client(forward: PortForward) -> None:
    sent = 0
    with closing(begin(forward.address, "hold")) as connection:
        connection.settimeout(3)
        with contextlib.suppress(TimeoutError):
            while sent < FLOOD:
                sent += connection.send(piece(1 << 16))
    assert 0 < sent < HELD


@pytest.mark.parametrize("size", [1, 300_000])
def test_a_client_that_ends_its_direction_gets_the_rest(forward: PortForward, size: int) -> None:
    with closing(begin(forward.address, f"send {size}")) as connection:
        connection.shutdown(socket.SHUT_WR)
        assert rest(connection) == piece(size)


def test_a_pod_that_goes_away(kubernetes: KubernetesClient) -> None:
    with (
        running(kubernetes) as target,
        PortForward.to_pod(kubernetes, target) as forward,
        closing(begin(forward.address, "echo")) as connection,
    ):
        connection.sendall(b"there\n")
        assert connection.recv(6) == b"there\n"
        kubernetes.core.delete_namespaced_pod(target.pod, NAMESPACE, grace_period_seconds=0)
        with contextlib.suppress(ConnectionResetError):
            assert connection.recv(1) == b""
        found = wait_until(lambda: forward.trouble)
    assert isinstance(found, NotFound)
    assert f"the connection to {target} ended: the pod " in found.message


Handler = Callable[[ServerConnection], Awaitable[None]]
Refusal = tuple[int, dict[str, str], str]


@contextmanager
def api_server(folder: Path, handler: Handler, *refusals: Refusal) -> Iterator[KubernetesClient]:
    """What answers every handshake with the next of `refusals`, and then lets `handler` go on."""
    left = list(refusals)

    def refuse(_: ServerConnection, request: Request) -> Response | None:
        if not left:
            return None
        code, headers, text = left.pop(0)
        found = Response(code, http.HTTPStatus(code).phrase, request.headers.__class__(headers))
        found.body = text.encode()
        return found

    async def start() -> Any:
        protocols = [Subprotocol(PROTOCOL)]
        return await serve(handler, "127.0.0.1", 0, subprotocols=protocols, process_request=refuse)

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(start(), loop).result()
    port = server.sockets[0].getsockname()[1]
    config = {
        "current-context": "c",
        "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "c"}}],
        "users": [{"name": "c", "user": {}}],
    }
    (folder / "config").write_text(json.dumps(config))
    client = KubernetesClient(folder / "config")
    try:
        yield client
    finally:
        client.close()
        loop.call_soon_threadsafe(server.close)
        asyncio.run_coroutine_threadsafe(server.wait_closed(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def greet(connection: ServerConnection) -> None:
    """The beginning of both channels, and some data."""
    for channel in (b"\x00", b"\x01"):
        await connection.send(channel + struct.pack("<H", 80))
    await connection.send(b"\x00hello")


TARGET = PodPort("team", "web", 80)


def test_a_handshake_that_is_refused_for_now(tmp_path: Path) -> None:
    busy = (429, {"Retry-After": "1"}, '{"message": "too many requests"}')
    starting: Refusal = (503, {}, "no healthy upstream")
    with (
        api_server(tmp_path, greet, busy, starting) as kubernetes,
        PortForward.to_pod(kubernetes, TARGET) as forward,
        closing(socket.create_connection(forward.address, timeout=60)) as connection,
    ):
        assert rest(connection) == b"hello"


def test_a_handshake_that_is_refused_for_good(tmp_path: Path) -> None:
    refusal: Refusal = (403, {}, '{"message": "pods \\"web\\" is forbidden"}')
    with (
        api_server(tmp_path, greet, refusal) as kubernetes,
        pytest.raises(PermissionDenied, match='Kubernetes answers 403: pods "web" is forbidden'),
    ):
        PortForward.to_pod(kubernetes, TARGET).open()


def test_a_connection_that_breaks_off_is_reset(tmp_path: Path) -> None:
    """Nobody takes half of a download for all of it."""

    async def vanish(connection: ServerConnection) -> None:
        await greet(connection)
        await connection.recv()
        connection.transport.abort()

    with (
        api_server(tmp_path, vanish) as kubernetes,
        PortForward.to_pod(kubernetes, TARGET) as forward,
        closing(socket.create_connection(forward.address, timeout=60)) as connection,
    ):
        assert connection.recv(5) == b"hello"
        connection.sendall(b"go")
        with pytest.raises(ConnectionResetError):
            connection.recv(1)
        assert isinstance(forward.trouble, ClusterUnreachable)
        assert f"the connection to {TARGET} broke off" in forward.trouble.message
