"""What a stranger gets on each port of the embedded cluster: a process without credentials."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from kubernetes import client, config
from kubernetes.client.exceptions import ApiException

from pytest_kubeflow.local.cluster import Endpoints, LocalKubeflow

Address = tuple[str, int]
_LISTENS = "0A"
_FOREIGN = "rebound.example.net"


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalKubeflow]:
    with LocalKubeflow() as cluster:
        yield cluster


@pytest.fixture(scope="module")
def endpoints(cluster: LocalKubeflow) -> Endpoints:
    """Of the cluster, when its object store answers."""
    found = cluster.endpoints
    host, _, port = found.s3_endpoint.removeprefix("http://").partition(":")
    ends = time.monotonic() + 60
    while not ask((host, int(port)), "localhost"):  # it closes connections until then
        assert time.monotonic() < ends, "the object store does not answer"
        time.sleep(0.05)
    return found


def processes(pid: int) -> set[int]:
    """The process and all that come of it."""
    parents = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                stat = (folder / "stat").read_text()
                parents[int(folder.name)] = int(stat.rpartition(")")[2].split()[1])
    found = {pid}
    while more := {one for one, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def listening(pid: int) -> dict[Address, bool]:
    """Where the process tree listens, and whether that is in the host's network."""
    found: dict[Address, bool] = {}
    for one in processes(pid):
        folder = Path(f"/proc/{one}")
        with contextlib.suppress(OSError):
            sockets = {os.readlink(file) for file in (folder / "fd").iterdir()}
            shared = os.readlink(folder / "ns/net") == os.readlink("/proc/self/ns/net")
            for line in (
                (folder / "net/tcp").read_text() + (folder / "net/tcp6").read_text()
            ).splitlines():
                fields = line.split()
                if fields[3] != _LISTENS or f"socket:[{fields[9]}]" not in sockets:
                    continue
                host, _, port = fields[1].partition(":")
                raw = bytes.fromhex(host)[:4][::-1]
                address = socket.inet_ntoa(raw) if len(host) == 8 else "::"
                found[address, int(port, 16)] = shared
    return found


def ask(address: Address, host: str, *headers: str, tls: bool = False) -> str:
    """The whole answer to GET / with this Host; empty: the connection was closed."""
    lines = ["GET / HTTP/1.1", f"Host: {host}", *headers, "Connection: close", "", ""]
    with contextlib.suppress(OSError), socket.create_connection(address, 10) as plain:
        connection = plain
        if tls:
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            connection = context.wrap_socket(plain)
        connection.sendall("\r\n".join(lines).encode())
        with contextlib.suppress(OSError):
            return b"".join(iter(lambda: connection.recv(65536), b"")).decode(errors="replace")
    return ""


def stranger_gets(address: Address, host: str = "localhost", *headers: str) -> str:
    """The status of the answer by HTTP, or by TLS where that is spoken; or that it was closed."""
    for tls in (False, True):
        answer = ask(address, host, *headers, tls=tls)
        if answer.startswith("HTTP/1"):
            return answer.split()[1]
    return "closed"


def test_a_stranger_is_refused_on_each_port(cluster: LocalKubeflow, endpoints: Endpoints) -> None:
    assert cluster.pid is not None
    ports = listening(cluster.pid)
    assert all(address.startswith("127.") for address, _ in (one for one in ports if ports[one]))
    reached = {address: stranger_gets(address) for address, shared in ports.items() if shared}
    s3_port = int(endpoints.s3_endpoint.rpartition(":")[2])
    # closed: the kubelet, which asks for a client certificate, and ML Metadata, which is gRPC.
    expected = {"401", "403", "404", "302", "closed"}
    assert set(reached.values()) <= expected, reached
    assert {status for (_, port), status in reached.items() if port in (s3_port, 8333)} == {"403"}
    # SeaweedFS has its ports, and nobody outside of its network reaches them.
    inner = {port for (_, port), shared in ports.items() if not shared}
    assert {8888, 9333, 8080, 18888, 19333, 18080} <= inner
    assert not {9333, 18888, 19333, 18080} & {port for _, port in reached}


def test_another_host_is_refused_on_each_port(cluster: LocalKubeflow, endpoints: Endpoints) -> None:
    assert cluster.pid is not None
    ports = [address for address, shared in listening(cluster.pid).items() if shared]
    for headers in ((), ("Origin: http://rebound.example.net",)):
        reached = {one: stranger_gets(one, _FOREIGN, *headers) for one in ports}
        assert set(reached.values()) <= {"421", "closed"}, reached
    answers = [ask(one, "localhost", f"Origin: http://{_FOREIGN}") for one in ports]
    assert not [answer for answer in answers if "access-control-" in answer.lower()]


@pytest.mark.parametrize("wrong", [f"Host: {_FOREIGN}", "Host: localhost\r\nOrigin: http://a.b"])
@pytest.mark.parametrize("between", ["", "PUT / HTTP/1.1\r\nHost: x.localhost\r\n"])
def test_each_request_to_the_store_is_looked_at(
    endpoints: Endpoints, wrong: str, between: str
) -> None:
    """Also where a connection goes on, and where a head comes in pieces."""
    host, _, port = endpoints.s3_endpoint.removeprefix("http://").partition(":")
    good = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with socket.create_connection((host, int(port)), 10) as connection:
        for _ in range(2):
            connection.sendall(good.encode())
            assert connection.recv(65536).startswith(b"HTTP/1.1 403 ")
        bad = f"GET / HTTP/1.1\r\n{wrong}\r\n\r\n"
        if between:
            connection.sendall(between.encode())
            bad = f"{wrong}\r\nContent-Length: 0\r\n\r\n"
        connection.sendall(bad.encode())
        with contextlib.suppress(ConnectionResetError):
            # The store may say that it got half a head.
            assert connection.recv(65536).partition(b"\r\n")[0] in {
                b"",
                b"HTTP/1.1 400 Bad Request",
            }


def test_a_profile_is_shown_nothing_of_the_machine(endpoints: Endpoints) -> None:
    with config.new_client_from_config(str(endpoints.kubeconfig)) as api:
        core = client.CoreV1Api(api)
        body = {
            "metadata": {"name": "x"},
            "spec": {
                "containers": [{"name": "main", "image": "busybox"}],
                "volumes": [{"name": "v", "hostPath": {"path": "/"}}],
            },
        }
        for namespace in ("kubeflow-user-example-com", "kubeflow-other-example-com"):
            with pytest.raises(ApiException, match=r"baseline:latest.*hostPath volumes"):
                core.create_namespaced_pod(namespace, body)


@pytest.mark.parametrize(
    "host", ["ml-pipeline.kubeflow", "ml-pipeline:8888", "ml-pipeline.kubeflow.svc", "[::1]:80"]
)
def test_names_of_the_cluster_are_answered_to(
    cluster: LocalKubeflow, endpoints: Endpoints, host: str
) -> None:
    assert cluster.pid is not None
    statuses = {stranger_gets(one, host) for one in listening(cluster.pid)}
    assert statuses - {"421", "closed"}
