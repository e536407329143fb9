"""Pods with a network of their own each: on the machine itself, as people and as pods see it."""

from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client, config
from kubernetes.client import CoreV1Api
from kubernetes.stream import portforward, stream

from pytest_kubeflow.local.cluster import LocalKubeflow
from pytest_kubeflow.local.network.devices import LocalDevice
from pytest_kubeflow.local.network.founding import ISOLATED
from pytest_kubeflow.local.network.netlink import Network
from tests.local.test_ports import open_files, processes

_NAMESPACE = "kubeflow-user-example-com"
_PORT = 8765
EVERY = "0.0.0.0"  # noqa: S104 of a pod
_SECONDS = 90.0
_SERVE = """
import http.server, os, socketserver, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(os.environ["HOSTNAME"].encode())
    def log_message(self, *_): pass
class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
Server((sys.argv[1], int(sys.argv[2])), Handler).serve_forever()
"""
_ASK = """
import sys, urllib.request
for url in sys.argv[1:]:
    try:
        print(urllib.request.urlopen(url, timeout=20).read().decode()[:40])
    except OSError as error:
        print(getattr(error, "reason", error))
"""


@pytest.fixture(scope="module")
def allowed() -> None:
    """Skips what this machine does not let us have."""
    if refused := tried("us", "own").stderr.strip():
        pytest.skip(refused)


@pytest.fixture(scope="module")
def cluster(allowed: None) -> Iterator[LocalKubeflow]:
    before = devices()
    with LocalKubeflow(pod_network="own") as started:
        assert devices() == before, "a device on the machine"
        yield started
    assert devices() == before


@pytest.fixture(scope="module")
def core(cluster: LocalKubeflow) -> Iterator[CoreV1Api]:
    with config.new_client_from_config(str(cluster.endpoints.kubeconfig)) as api:
        core = CoreV1Api(api)
        for name in ("one", "two"):
            make(core, name, [container("main", EVERY), container("aside", "127.0.0.1", 1)])
            service = {"selector": {"app": name}, "ports": [{"port": 80, "targetPort": _PORT}]}
            core.create_namespaced_service(
                _NAMESPACE, {"metadata": {"name": name}, "spec": service}
            )
        for name in ("one", "two"):
            until(partial(is_ready, core, name))
        yield core


def devices() -> set[str]:
    """Of the machine."""
    return {name for _, name in socket.if_nameindex()}


def container(name: str, address: str, offset: int = 0, **more: Any) -> dict[str, Any]:
    port = _PORT + offset
    probe = ["python", "-c", f"import socket; socket.create_connection(('localhost', {port}))"]
    return {
        "name": name,
        "image": "python:3.11",
        "command": ["python", "-c", _SERVE, address, str(port)],
        "readinessProbe": {"exec": {"command": probe}, "periodSeconds": 1, "timeoutSeconds": 20},
        **more,
    }


def make(core: CoreV1Api, name: str, containers: list[dict[str, Any]], **spec: Any) -> None:
    metadata = {"name": name, "labels": {"app": name}}
    metadata |= {"annotations": {"sidecar.istio.io/inject": "false"}}
    spec |= {"containers": containers, "terminationGracePeriodSeconds": 0}
    core.create_namespaced_pod(_NAMESPACE, {"metadata": metadata, "spec": spec})


def is_ready(core: CoreV1Api, name: str) -> bool:
    status = core.read_namespaced_pod(name, _NAMESPACE).status
    return bool(status.container_statuses) and all(one.ready for one in status.container_statuses)


def until(happened: Callable[[], Any]) -> None:
    ends = time.monotonic() + _SECONDS
    while not happened():
        assert time.monotonic() < ends
        time.sleep(0.05)


def execute(core: CoreV1Api, pod: str, *command: str, inside: str = "main") -> str:
    execute = core.connect_get_namespaced_pod_exec
    options = {"container": inside, "stdout": True, "stderr": True, "command": list(command)}
    return str(stream(execute, pod, _NAMESPACE, **options))


def ask(core: CoreV1Api, pod: str, *urls: str, inside: str = "main") -> list[str]:
    """What each of them gives in a pod."""
    return execute(core, pod, "python", "-c", _ASK, *urls, inside=inside).splitlines()


def listening() -> set[int]:
    """The ports on which anything listens in the machine's network."""
    found = set()
    for file in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{file}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A":
                found.add(int(fields[1].rpartition(":")[2], 16))
    return found


def test_the_machine_hears_nothing_of_a_port_of_every_address(core: CoreV1Api) -> None:
    assert ask(core, "one", f"http://127.0.0.1:{_PORT}") == ["one"]
    assert not listening() & {_PORT, _PORT + 1}


def test_two_pods_on_one_port_answer_through_their_services(core: CoreV1Api) -> None:
    for pod in ("one", "two"):
        urls = ("http://one", "http://two", f"http://two.{_NAMESPACE}")
        assert ask(core, pod, *urls) == ["one", "two", "two"]


def test_localhost_is_the_pods_and_all_of_its_containers(core: CoreV1Api) -> None:
    aside = f"http://localhost:{_PORT + 1}"
    assert ask(core, "two", aside) == ask(core, "two", aside, inside="aside") == ["two"]
    address = core.read_namespaced_pod("two", _NAMESPACE).status.pod_ip
    (refused,) = ask(core, "one", f"http://{address}:{_PORT + 1}")
    assert "Connection refused" in refused


def test_an_init_container_has_the_same_network(core: CoreV1Api) -> None:
    tell = "import os; print(os.readlink('/proc/self/ns/net'))"
    first = {"name": "first", "image": "python:3.11", "command": ["python", "-c", tell]}
    make(core, "three", [container("main", EVERY)], initContainers=[first])
    until(lambda: is_ready(core, "three"))
    seen = core.read_namespaced_pod_log("three", _NAMESPACE, container="first").strip()
    assert execute(core, "three", "python", "-c", tell).strip() == seen
    assert seen != execute(core, "one", "python", "-c", tell).strip()
    assert seen != os.readlink("/proc/self/ns/net")


def test_the_servers_of_the_cluster_are_reached(core: CoreV1Api) -> None:
    api = "import os, socket; socket.create_connection((os.environ['KUBERNETES_SERVICE_HOST'],"
    api += " int(os.environ['KUBERNETES_SERVICE_PORT'])), 20); print('there')"
    assert execute(core, "one", "python", "-c", api).strip() == "there"
    for name, port in (("kubernetes.default", 443), ("metadata-grpc-service.kubeflow", 8080)):
        script = f"import socket; socket.create_connection(('{name}', {port}), 20); print('there')"
        assert execute(core, "one", "python", "-c", script).strip() == "there", name
    urls = (
        "http://ml-pipeline.kubeflow:8888/apis/v2beta1/healthz",
        "http://minio-service.kubeflow:9000",
    )
    found = ask(core, "one", *urls)
    assert found[0].startswith('{"commit_sha"')
    assert found[1] == "Forbidden"


def test_forwarded_ports_lead_to_localhost(core: CoreV1Api) -> None:
    """As containerd has it: what listens for the pod alone is reached, too."""
    for port in (_PORT, _PORT + 1):
        forwarded = portforward(
            core.connect_get_namespaced_pod_portforward, "two", _NAMESPACE, ports=str(port)
        )
        one = forwarded.socket(port)
        one.settimeout(_SECONDS)
        one.sendall(b"GET / HTTP/1.0\r\n\r\n")
        said = b""
        while not said.endswith(b"two"):
            more = one.recv(4096)
            assert more, said
            said += more
        one.close()


def test_the_network_of_the_node_is_for_those_who_ask_for_it(core: CoreV1Api) -> None:
    core.create_namespace({"metadata": {"name": "nodes"}})
    body = {
        "metadata": {"name": "pod"},
        "spec": {"hostNetwork": True, "containers": [container("main", "127.0.0.1")]},
    }
    until(lambda: core.list_namespaced_service_account("nodes").items)
    core.create_namespaced_pod("nodes", body)
    until(lambda: core.read_namespaced_pod("pod", "nodes").status.pod_ip)
    status = core.read_namespaced_pod("pod", "nodes").status
    assert status.pod_ip == status.host_ip
    core.delete_namespaced_pod("pod", "nodes", grace_period_seconds=0)


def test_outside_is_reached_by_way_of_the_machine(core: CoreV1Api) -> None:
    """From an address that only the machine's network has."""
    device = LocalDevice()
    try:
        device.take(Network("203.0.113.192/28"))
        with socket.create_server(("203.0.113.193", 0)) as server:
            threading.Thread(target=answer, args=(server,), daemon=True).start()
            port = server.getsockname()[1]
            urls = (f"http://203.0.113.193:{port}", "http://203.0.113.193:1")
            first, second = ask(core, "one", *urls)
    finally:
        device.close()
    assert first == "outside"
    assert "reset" in second


def answer(server: socket.socket) -> None:
    connection, _ = server.accept()
    with connection:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.0 200 OK\r\n\r\noutside")


def test_an_ended_pods_address_refuses_at_once(core: CoreV1Api) -> None:
    make(core, "short", [container("main", EVERY)])
    until(lambda: is_ready(core, "short"))
    url = f"http://{core.read_namespaced_pod('short', _NAMESPACE).status.pod_ip}:{_PORT}"
    assert ask(core, "one", url) == ["short"]
    core.delete_namespaced_pod("short", _NAMESPACE, grace_period_seconds=0)

    def names() -> set[str]:
        return {one.metadata.name for one in core.list_namespaced_pod(_NAMESPACE).items}

    until(lambda: "short" not in names())
    (refused,) = ask(core, "one", url)
    assert "Connection refused" in refused


def condition_of(core: CoreV1Api) -> Any:
    (node,) = core.list_node().items
    return next(one for one in node.status.conditions if one.type == ISOLATED)


def test_the_node_tells_it(core: CoreV1Api) -> None:
    found = condition_of(core)
    assert (found.status, found.reason) == ("True", "OwnNetworks")
    assert ".1.0/24" in found.message


def test_pods_can_share_the_machines_network() -> None:
    with (
        LocalKubeflow(multi_user=False, pod_network="shared") as shared,
        config.new_client_from_config(str(shared.endpoints.kubeconfig)) as api,
    ):
        found = condition_of(CoreV1Api(api))
        (node,) = CoreV1Api(api).list_node().items
    assert (found.status, found.reason) == ("False", "SharedNetwork")
    assert "as it was asked for" in found.message
    assert node.status.addresses[0].address == "127.0.0.1"


@pytest.mark.usefixtures("allowed")
def test_nothing_is_left_of_a_killed_cluster() -> None:
    before = devices()
    cluster = LocalKubeflow(multi_user=False, pod_network="own")
    endpoints = cluster.start()
    assert cluster.pid is not None
    own = os.readlink(f"/proc/{cluster.pid}/ns/net")
    with config.new_client_from_config(str(endpoints.kubeconfig)) as api:
        core = CoreV1Api(api)
        until(lambda: core.list_namespaced_service_account("kubeflow").items)
        core.create_namespaced_pod(
            "kubeflow",
            {"metadata": {"name": "pod"}, "spec": {"containers": [container("main", EVERY)]}},
        )
        until(lambda: core.read_namespaced_pod("pod", "kubeflow").status.phase == "Running")
    assert own != os.readlink("/proc/self/ns/net")
    os.kill(cluster.pid, signal.SIGKILL)
    cluster.stop()
    until(lambda: own not in namespaces())
    assert devices() == before


@pytest.mark.usefixtures("allowed")
def test_an_index_on_the_machines_loopback_is_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing else that is there."""
    with (
        socket.create_server(("127.0.0.1", 0)) as index,
        socket.create_server(("127.0.0.1", 0)) as other,
    ):
        threading.Thread(target=answer, args=(index,), daemon=True).start()
        port = index.getsockname()[1]
        monkeypatch.setenv("PIP_INDEX_URL", f"http://localhost:{port}/simple")
        with (
            LocalKubeflow(multi_user=False, pod_network="own") as cluster,
            config.new_client_from_config(str(cluster.endpoints.kubeconfig)) as api,
        ):
            core = CoreV1Api(api)
            until(lambda: core.list_namespaced_service_account("kubeflow").items)
            script = "import json, socket, urllib.request as request\n"
            script += "url = json.load(open('/run/kubelet/index.json'))['UV_INDEX_URL']\n"
            script += "print(request.urlopen(url, timeout=60).read().decode())\n"
            script += f"host, port = url.split('/')[2].split(':')[0], {other.getsockname()[1]}\n"
            script += "print(socket.socket().connect_ex((host, port)))\n"
            one = {"name": "main", "image": "python:3.11", "command": ["python", "-c", script]}
            spec = {"containers": [one], "restartPolicy": "Never"}
            core.create_namespaced_pod("kubeflow", {"metadata": {"name": "pod"}, "spec": spec})
            ended = ("Succeeded", "Failed")
            until(lambda: core.read_namespaced_pod("pod", "kubeflow").status.phase in ended)
            said = core.read_namespaced_pod_log("pod", "kubeflow").split()
    assert said == ["outside", str(errno.ECONNREFUSED)]


def namespaces() -> set[str]:
    """The network namespaces that processes of this machine are in."""
    found = set()
    for link in Path("/proc").glob("[0-9]*/ns/net"):
        try:
            found.add(os.readlink(link))
        except OSError:
            continue  # it has ended
    return found


_TRY = """
import asyncio, ctypes, encodings.ascii, ipaddress, os, sys
from pytest_kubeflow.local.network.founding import NoOwnNetwork, node_network
from pytest_kubeflow.local.network.podnetworks import PodNetworks
from pytest_kubeflow.local.spawner.inside import linux
if sys.argv[1] == "user":
    os.setgroups([]); os.setresgid(12345, 12345, 12345); os.setresuid(12345, 12345, 12345)
    ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # PR_SET_DUMPABLE: its /proc is its own again
elif sys.argv[1] == "nobody":
    linux.set_capabilities([])
try:
    network, told = node_network(sys.argv[2])
except NoOwnNetwork as error:
    sys.exit(str(error))
print(network.host_ip, *told.values())
if network.cables:
    address = str(ipaddress.ip_network(network.pods)[9])
    made = asyncio.run(PodNetworks(network.cables, network.host_ip).make(address))
    made.close()
    print(os.getuid())
"""


def tried(who: str, wanted: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", _TRY, who, wanted], capture_output=True, text=True, check=False
    )


def test_an_ordinary_user_has_them_too() -> None:
    if os.getuid() != 0:
        pytest.skip("only root can become another user")
    if Path("/proc/sys/user/max_user_namespaces").read_text().strip() == "0":
        pytest.skip("this machine has no user namespaces")
    done = tried("user", "auto")
    assert done.stderr == ""
    first, second = done.stdout.splitlines()
    assert ".0.1 ('True', 'OwnNetworks'" in first
    assert second == "12345"


def test_without_rights_pods_share_and_say_why() -> None:
    if os.getuid() != 0:
        pytest.skip("ordinary users need no rights for a user namespace")
    done = tried("nobody", "auto")
    assert done.stdout.startswith("127.0.0.1 ('False', 'SharedNetwork'")
    assert "Operation not permitted" in done.stdout
    asked = tried("nobody", "own")
    assert asked.returncode == 1
    assert asked.stderr.count("\n") == 1
    assert asked.stderr.startswith("no networks of pods' own: this machine lets nobody")


def test_a_client_of_the_kubernetes_api_needs_no_other_address(cluster: LocalKubeflow) -> None:
    """What people are told leads by loopback, whatever the cluster calls itself inside."""
    endpoints = cluster.endpoints
    settings = client.Configuration()
    config.load_kube_config(str(endpoints.kubeconfig), client_configuration=settings)
    assert settings.host.startswith("https://127.0.0.1:")
    assert endpoints.host.startswith("http://localhost:")
    assert endpoints.s3_endpoint.startswith("http://127.0.0.1:")


def test_nothing_but_four_doors_is_open_on_the_machine(cluster: LocalKubeflow) -> None:
    assert cluster.pid is not None
    own = {file for one in processes(cluster.pid) for file in open_files(Path(f"/proc/{one}/fd"))}
    listening = set()
    for file in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/net/{file}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] in {"0A", "07"} and f"socket:[{fields[9]}]" in own:
                listening.add((fields[1].partition(":")[0], int(fields[1].rpartition(":")[2], 16)))
    endpoints = cluster.endpoints
    settings = client.Configuration()
    config.load_kube_config(str(endpoints.kubeconfig), client_configuration=settings)
    assert endpoints.registry is not None
    registry = endpoints.registry.address
    people = (settings.host, endpoints.host, endpoints.s3_endpoint, registry)
    assert listening == {("0100007F", int(url.rpartition(":")[2])) for url in people}
