"""What a stranger gets on each port of the embedded cluster: a process without credentials."""

from __future__ import annotations

import base64
import contextlib
import itertools
import os
import socket
import ssl
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3
from kubernetes import client, config
from kubernetes.client.exceptions import ApiException
from minio import Minio
from minio.error import S3Error

from pytest_kubeflow.local.cluster import Endpoints, LocalKubeflow

Address = tuple[str, int]
BUCKET = "mlpipeline"
SECRET = "mlpipeline-minio-artifact"
_LISTENS = "0A"
_FOREIGN = "rebound.example.net"
_OF_PLATFORMS = {
    "jobset-webhook-service.kubeflow-system",
    "katib-controller.kubeflow",
    "katib-db-manager.kubeflow",
    "katib-ui.kubeflow",
    "kubeflow-trainer-controller-manager.kubeflow-system",
    *("dashboard.kubeflow", "dex.auth", "gateway", "oauth2-proxy.oauth2-proxy"),
    *("profiles-kfam.kubeflow", "volumes-web-app-service.kubeflow"),
    *("jupyter-web-app-service.kubeflow", "poddefaults-webhook-service.kubeflow"),
    *("tensorboards-web-app-service.kubeflow", "pvcviewer-webhook-service.kubeflow"),
}
PAGE = Path(__file__).parents[2] / "docs/reference/embedded-ports.md"


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalKubeflow]:
    # Where pods have networks of their own, all but three of these ports are in none of people's.
    with LocalKubeflow(pod_network="shared") as cluster:
        yield cluster


@pytest.fixture(scope="module")
def endpoints(cluster: LocalKubeflow) -> Endpoints:
    return answering(cluster)


def answering(cluster: LocalKubeflow) -> Endpoints:
    """Of a cluster, when its object store answers."""
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


def open_files(descriptors: Path) -> Iterator[str]:
    """What the descriptors of a process lead to; one may be closed meanwhile."""
    for file in descriptors.iterdir():
        with contextlib.suppress(FileNotFoundError):
            yield os.readlink(file)


def listening(pid: int) -> dict[Address, bool]:
    """Where the process tree listens, and whether that is in the host's network."""
    found: dict[Address, bool] = {}
    for one in processes(pid):
        folder = Path(f"/proc/{one}")
        with contextlib.suppress(OSError):
            sockets = set(open_files(folder / "fd"))
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


def documented() -> dict[str, str]:
    """The ports of the page, each with the status that it tells."""
    found: dict[str, str] = {}
    for line in PAGE.read_text().splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) == 5 and cells[1].startswith("`"):
            found |= {name.strip(" `"): cells[3] for name in cells[1].split(",")}
    return found


def named(endpoints: Endpoints) -> dict[Address, set[str]]:
    """The addresses that the cluster has names for, as its API tells them."""
    found: dict[Address, set[str]] = defaultdict(set)

    def add(url: str, name: str) -> None:
        host, _, port = url.rpartition("//")[2].rpartition(":")
        found["127.0.0.1" if host == "localhost" else host, int(port)].add(name)

    with config.new_client_from_config(str(endpoints.kubeconfig)) as api:
        core = client.CoreV1Api(api)
        for service in core.list_service_for_all_namespaces().items:
            metadata = service.metadata
            name = f"{metadata.name}.{metadata.namespace}"
            behind = core.read_namespaced_endpoints(metadata.name, metadata.namespace).subsets
            for port in service.spec.ports:
                add(f"{service.spec.cluster_ip}:{port.port}", f"{name}:{port.port}")
                for subset in behind or []:
                    for address, inner in itertools.product(subset.addresses, subset.ports):
                        add(f"{address.ip}:{inner.port}", f"{name}:{port.port}")
        (node,) = core.list_node().items
        add(f"127.0.0.1:{node.status.daemon_endpoints.kubelet_endpoint.port}", "kubelet")
        add(endpoints.s3_endpoint, "S3")
        if endpoints.username is not None:
            add(endpoints.host, "gateway")
    return found


@pytest.mark.parametrize("multi_user", [True, False])
def test_a_stranger_gets_what_the_page_says(request: Any, multi_user: bool) -> None:
    if multi_user:
        check_ports(request.getfixturevalue("cluster"), request.getfixturevalue("endpoints"))
        return
    with LocalKubeflow(multi_user=False, pod_network="shared") as alone:
        check_ports(alone, answering(alone))


def check_ports(cluster: LocalKubeflow, endpoints: Endpoints) -> None:
    assert cluster.pid is not None
    ports, names, page = listening(cluster.pid), named(endpoints), documented()
    shared = {address for address, shared in ports.items() if shared}
    assert all(host.startswith("127.") for host, _ in shared)
    # Behind pods of components is a port of the server each, which gives the same.
    behind = {address: stranger_gets(address) for address in shared - set(names)}
    assert {host for host, _ in behind} <= {"127.0.0.1"}, "ports without a name"
    assert set(behind.values()) <= set(page.values()), behind
    reached = {
        name: stranger_gets(address)
        for address in sorted(shared & set(names))
        for name in names[address]
    }
    expected = {name: page.get(name) for name in reached}
    assert reached == expected
    only_multi_user = {
        name for name in page if name.partition(":")[0] in _OF_PLATFORMS or "istio-system" in name
    }
    assert set(page) - set(reached) <= (only_multi_user if endpoints.username is None else set())
    # SeaweedFS has its ports, and nobody outside of its network reaches them.
    inner = {port for (_, port), is_shared in ports.items() if not is_shared}
    assert {8888, 9333, 8080, 18888, 19333, 18080} <= inner
    assert not {9333, 18888, 19333, 18080} & {port for _, port in shared}


def test_another_host_is_refused_on_each_port(cluster: LocalKubeflow, endpoints: Endpoints) -> None:
    assert cluster.pid is not None
    ports = [address for address, shared in listening(cluster.pid).items() if shared]
    for headers in ((), ("Origin: http://rebound.example.net",)):
        reached = {one: stranger_gets(one, _FOREIGN, *headers) for one in ports}
        assert set(reached.values()) <= {"421", "closed"}, reached


@pytest.mark.parametrize(
    "origin",
    [
        f"http://{_FOREIGN}",
        "null",
        "http://127.0.0.1.example.net",
        "http://localhost:4",
        "http://localhost.",
        "localhost",
    ],
)
def test_other_sites_pages_are_refused_on_each_port(
    cluster: LocalKubeflow, endpoints: Endpoints, origin: str
) -> None:
    """They can ask 127.0.0.1 itself."""
    assert cluster.pid is not None
    store = endpoints.s3_endpoint.removeprefix("http://")
    for address, shared in listening(cluster.pid).items():
        if shared:
            header = f"Origin: {origin}"
            status = stranger_gets(address, "localhost", header)
            is_store = f"{address[0]}:{address[1]}" == store or address[1] in {8333, 9000}
            assert status in ({"421"} if is_store else {"403", "closed"})
            assert "access-control-" not in ask(address, "localhost", header).lower()


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("{0}:{1}", "http://{0}:{1}"),
        ("localhost:{1}", "https://localhost:{1}"),
        ("localhost", "http://localhost"),
        ("localhost:80", "http://localhost"),
        ("localhost", "https://localhost:443"),
        ("LOCALHOST:{1}", "http://Localhost:{1}"),
    ],
)
def test_the_clusters_own_pages_are_not(endpoints: Endpoints, host: str, origin: str) -> None:
    name, _, port = endpoints.host.removeprefix("http://").partition(":")
    said = ask((name, int(port)), host.format(name, port), f"Origin: {origin.format(name, port)}")
    assert "have no access" not in said
    assert "Sign in" in said or "/oauth2/" in said


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


def test_a_profile_is_shown_no_uploads_of_others(endpoints: Endpoints) -> None:
    ours, theirs = "kubeflow-user-example-com", "kubeflow-other-example-com"
    own, other = (store_of(endpoints, namespace) for namespace in (ours, theirs))
    key = f"private-artifacts/{theirs}/secret-name.bin"
    upload = other._create_multipart_upload(BUCKET, key, {})
    listed = other._list_multipart_uploads(BUCKET, prefix=f"private-artifacts/{theirs}/")
    assert [one.object_name for one in listed.uploads] == [key]
    for prefix in ("", "private-artifacts/", f"private-artifacts/{theirs}/", key):
        with pytest.raises(S3Error, match="AccessDenied"):
            own._list_multipart_uploads(BUCKET, prefix=prefix)
    assert not own._list_multipart_uploads(BUCKET, prefix=f"private-artifacts/{ours}/").uploads
    with pytest.raises(S3Error, match="AccessDenied"):
        own._list_parts(BUCKET, key, upload)
    with pytest.raises(S3Error, match="AccessDenied"):
        own._abort_multipart_upload(BUCKET, key, upload)
    assert own.bucket_exists(BUCKET)
    assert urllib3.request("HEAD", f"{endpoints.s3_endpoint}/{BUCKET}").status == 403
    other._abort_multipart_upload(BUCKET, key, upload)


def store_of(endpoints: Endpoints, namespace: str) -> Minio:
    """A client with the keys of a profile, once the store takes them."""
    with config.new_client_from_config(str(endpoints.kubeconfig)) as api:
        data = client.CoreV1Api(api).read_namespaced_secret(SECRET, namespace).data
    access, secret = (base64.b64decode(data[name]).decode() for name in ("accesskey", "secretkey"))
    host = endpoints.s3_endpoint.removeprefix("http://")
    store = Minio(host, access, secret, secure=False, region="us-east-1")
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        try:
            store._list_multipart_uploads(BUCKET, prefix=f"private-artifacts/{namespace}/")
        except S3Error as error:
            if error.code != "InvalidAccessKeyId":
                raise
            time.sleep(0.05)  # it reads new keys in its own time
        else:
            return store
    raise TimeoutError(f"the store does not take the keys of {namespace}")


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
