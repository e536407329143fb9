"""Ports of Services on this machine: to pods of an embedded cluster, through its API server."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import socket
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml

from pytest_kubeflow.errors import (
    AuthenticationError,
    ClusterUnreachable,
    KubeflowError,
    NotFound,
    PermissionDenied,
)
from pytest_kubeflow.k8s.client import KubernetesClient, calling
from pytest_kubeflow.k8s.namespaces import create_namespace, delete_namespace, wait_until_gone
from pytest_kubeflow.k8s.ports.portforward import PortForward
from pytest_kubeflow.k8s.ports.tunnel import PodPort, Tunnel
from pytest_kubeflow.k8s.sessions.ownership import Ownership
from pytest_kubeflow.waiting import Deadline
from tests.cluster.remote import Remote, wait_until

# Answers with its pod's name, and with the body of a POST.
SERVER = """
import http.server, os

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(os.environ["NAME"].encode())

    def do_POST(self):
        self.answer(self.rfile.read(int(self.headers["Content-Length"])))

# At every address, unless these are the machine's.
host = os.environ["IP"] if os.environ["IP"].startswith("127.") else ""
http.server.ThreadingHTTPServer((host, 8000), Handler).serve_forever()
"""
CONTAINER = {
    "name": "main",
    "image": "python:3.11",
    "command": ["python3", "-u", "-c", SERVER],
    "env": [
        {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}
        for name, path in (("IP", "status.podIP"), ("NAME", "metadata.name"))
    ],
    "ports": [{"name": "http", "containerPort": 8000}],
    "readinessProbe": {"tcpSocket": {"port": 8000}, "periodSeconds": 1},
}
# The server's process is the pod's first: SIGTERM does not end it.
SPEC = {"containers": [CONTAINER], "terminationGracePeriodSeconds": 1}


@pytest.fixture(scope="module")
def namespace(kubernetes: KubernetesClient) -> Iterator[str]:
    name = f"forward-{uuid.uuid4().hex[:6]}"
    create_namespace(
        kubernetes, name, labels=Ownership("tests").labels(), deadline=Deadline.after(30)
    )
    yield name
    delete_namespace(kubernetes, name)
    wait_until_gone(kubernetes, name, deadline=Deadline.after(30))


def ready(kubernetes: KubernetesClient, namespace: str, app: str) -> list[str]:
    """The names of the pods of `app` that are ready."""
    listed = kubernetes.core.list_namespaced_pod(namespace, label_selector=f"app={app}").items
    return [
        one.metadata.name
        for one in listed
        if not one.metadata.deletion_timestamp
        and any(it.type == "Ready" and it.status == "True" for it in one.status.conditions or ())
    ]


def make_service(kubernetes: KubernetesClient, namespace: str, name: str, **spec: Any) -> None:
    kubernetes.core.create_namespaced_service(namespace, {"metadata": {"name": name}, "spec": spec})


@pytest.fixture(scope="module")
def web(kubernetes: KubernetesClient, namespace: str) -> str:
    """A Service `web` with one pod that answers, and ports that lead nowhere."""
    from kubernetes.client import AppsV1Api

    labels = {"app": "web"}
    AppsV1Api(kubernetes.api_client).create_namespaced_deployment(
        namespace,
        {
            "metadata": {"name": "web"},
            "spec": {
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": SPEC},
            },
        },
    )
    make_service(
        kubernetes,
        namespace,
        "web",
        selector=labels,
        ports=[
            {"name": "http", "port": 80, "targetPort": "http"},
            {"name": "deaf", "port": 81, "targetPort": 8001},
            {"name": "odd", "port": 82, "targetPort": "grpc"},
        ],
    )
    wait_until(lambda: ready(kubernetes, namespace, "web"))
    return "web"


def ask(forward: PortForward, body: bytes | None = None) -> bytes:
    """One request on a connection of its own."""
    with closing(http.client.HTTPConnection(*forward.address, timeout=20)) as connection:
        connection.request("GET" if body is None else "POST", "/", body)
        return connection.getresponse().read()


def open_tunnel(kubernetes: KubernetesClient, target: PodPort) -> None:
    """Open one and close it."""

    async def run() -> None:
        await (await Tunnel.open(kubernetes.api_client, target)).close()

    with calling(f"forward {target}"):
        asyncio.run(run())


def test_pod_that_is_replaced(kubernetes: KubernetesClient, namespace: str, web: str) -> None:
    with PortForward(kubernetes, namespace, web, 80) as forward:
        assert forward.url == "http://{}:{}".format(*forward.address)
        first = ask(forward).decode()
        assert [first] == ready(kubernetes, namespace, web)
        kubernetes.core.delete_namespaced_pod(first, namespace, grace_period_seconds=0)
        wait_until(lambda: set(ready(kubernetes, namespace, web)) - {first})
        second = ask(forward).decode()
        assert [second] == ready(kubernetes, namespace, web)
        assert second != first
        assert forward.trouble is None


def test_pods_without_the_named_port_are_passed_over(
    kubernetes: KubernetesClient, namespace: str
) -> None:
    """As endpoints leave them out: one that is as ready, and younger, has no port "http"."""
    make_service(
        kubernetes,
        namespace,
        "mixed",
        selector={"app": "mixed"},
        ports=[{"port": 80, "targetPort": "http"}],
    )
    for name, ports in (("a-server", CONTAINER["ports"]), ("z-portless", [])):
        pod = {
            "metadata": {"name": name, "labels": {"app": "mixed"}},
            "spec": {**SPEC, "containers": [{**CONTAINER, "ports": ports}]},
        }
        kubernetes.core.create_namespaced_pod(namespace, pod)
    wait_until(lambda: len(ready(kubernetes, namespace, "mixed")) == 2)
    with PortForward(kubernetes, namespace, "mixed", 80) as forward:
        assert ask(forward) == b"a-server"


def test_connections_side_by_side(kubernetes: KubernetesClient, namespace: str, web: str) -> None:
    before = threading.active_count()
    bodies = [bytes([number]) * (number * 100_000 + 1) for number in range(12)]
    with (
        PortForward(kubernetes, namespace, web, "http") as forward,
        ThreadPoolExecutor(len(bodies)) as pool,
    ):
        assert list(pool.map(lambda body: ask(forward, body), bodies)) == bodies
    wait_until(lambda: threading.active_count() <= before)


def test_one_connection_for_many_requests(
    kubernetes: KubernetesClient, namespace: str, web: str
) -> None:
    large = b"0123456789abcdef" * (1 << 18)
    with (
        PortForward(kubernetes, namespace, web, 80) as forward,
        closing(http.client.HTTPConnection(*forward.address, timeout=20)) as connection,
    ):
        for body in (b"one", large, b"two"):
            connection.request("POST", "/", body)
            assert connection.getresponse().read() == body


def test_end_closes_what_is_open(kubernetes: KubernetesClient, namespace: str, web: str) -> None:
    forward = PortForward(kubernetes, namespace, web, 80).open()
    with closing(socket.create_connection(forward.address, timeout=20)) as client:
        address = forward.address
        forward.close()
        with contextlib.suppress(ConnectionResetError):
            assert client.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, timeout=20)
    forward.close()  # twice is fine
    with pytest.raises(RuntimeError, match="is not open"):
        forward.url  # noqa: B018  asked for what it raises


@pytest.mark.parametrize(
    ("service", "port", "message"),
    [
        ("nobody", 80, 'services "nobody" not found'),
        ("web", 8080, r"has no port 8080; it has 80 \(http\), 81 \(deaf\), 82 \(odd\)"),
        ("web", "https", "has no port https"),
        ("web", 82, "leads to port 'grpc', which no container of pod web-.* has"),
        ("bare", 80, "/bare selects no pods: its ports cannot be forwarded"),
        ("empty", 80, r"/empty has no pod that is ready \(it has no pods\)"),
        ("slow", 80, r"/slow has no pod that is ready \(slow: .*\)"),
    ],
)
def test_ports_that_lead_nowhere(
    kubernetes: KubernetesClient,
    namespace: str,
    web: str,
    odd_services: None,
    service: str,
    port: int | str,
    message: str,
) -> None:
    with pytest.raises(NotFound, match=message):
        PortForward(kubernetes, namespace, service, port).open()


@pytest.fixture(scope="module")
def odd_services(kubernetes: KubernetesClient, namespace: str) -> None:
    ports = [{"port": 80}]
    make_service(kubernetes, namespace, "bare", ports=ports)
    for name in ("empty", "slow"):
        make_service(kubernetes, namespace, name, ports=ports, selector={"app": name})
    never = {**CONTAINER, "readinessProbe": {"exec": {"command": ["false"]}}}
    pod = {
        "metadata": {"name": "slow", "labels": {"app": "slow"}},
        "spec": {**SPEC, "containers": [never]},
    }
    kubernetes.core.create_namespaced_pod(namespace, pod)


def test_port_at_which_nobody_listens(
    kubernetes: KubernetesClient, namespace: str, web: str
) -> None:
    with PortForward(kubernetes, namespace, web, 81) as forward:
        with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
            ask(forward)
        found = wait_until(lambda: forward.trouble)
        assert isinstance(found, ClusterUnreachable)
        assert "port 8001 of pod" in found.message
        assert "does not answer: error forwarding port 8001" in found.message


def test_pods_that_are_gone_meanwhile(
    kubernetes: KubernetesClient, namespace: str, web: str
) -> None:
    """The Service loses its pods while the port is open: each new connection says so."""
    make_service(kubernetes, namespace, "fading", selector={"app": "web"}, ports=[{"port": 8000}])
    with PortForward(kubernetes, namespace, "fading", 8000) as forward:
        assert ask(forward)
        elsewhere = {"spec": {"selector": {"app": "elsewhere"}}}
        kubernetes.core.patch_namespaced_service("fading", namespace, elsewhere)
        with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
            ask(forward)
        found = wait_until(lambda: forward.trouble)
        assert isinstance(found, NotFound)
        assert "has no pod that is ready" in found.message
        back = {"spec": {"selector": {"app": "web"}}}
        kubernetes.core.patch_namespaced_service("fading", namespace, back)
        assert ask(forward)
        assert forward.trouble is None


def test_tunnel_to_a_pod_that_is_not_there(kubernetes: KubernetesClient, namespace: str) -> None:
    with pytest.raises(NotFound, match=r'Kubernetes answers 404: pods "gone" not found'):
        open_tunnel(kubernetes, PodPort(namespace, "gone", 80))
    unplaced = {**SPEC, "nodeSelector": {"no": "such-node"}}
    kubernetes.core.create_namespaced_pod(
        namespace, {"metadata": {"name": "waits"}, "spec": unplaced}
    )
    with pytest.raises(KubeflowError, match="pod waits does not have a host assigned"):
        open_tunnel(kubernetes, PodPort(namespace, "waits", 80))


def restricted(
    kubernetes: KubernetesClient, remote: Remote, namespace: str, file: Path, verbs: list[str]
) -> KubernetesClient:
    """A client that may do with forwarded ports what `verbs` say, and look at pods and services."""
    name = f"user-{uuid.uuid4().hex[:6]}"
    core, rbac = kubernetes.core, kubernetes.rbac
    metadata = {"metadata": {"name": name}}
    core.create_namespaced_service_account(namespace, metadata)
    rules = [{"apiGroups": [""], "resources": ["pods", "services"], "verbs": ["get", "list"]}]
    if verbs:
        rules.append({"apiGroups": [""], "resources": ["pods/portforward"], "verbs": verbs})
    rbac.create_namespaced_role(namespace, {**metadata, "rules": rules})
    rbac.create_namespaced_role_binding(
        namespace,
        {
            **metadata,
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
            "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": namespace}],
        },
    )
    token = core.create_namespaced_service_account_token(
        name, namespace, {"spec": {"expirationSeconds": 600}}
    ).status.token
    config = yaml.safe_load(remote.endpoints.kubeconfig.read_text())
    config["users"][0]["user"] = {"token": token}
    file.write_text(json.dumps(config))
    return KubernetesClient(file)


@pytest.mark.parametrize("verbs", [[], ["get"], ["create"]])
def test_who_may_not(
    kubernetes: KubernetesClient,
    remote: Remote,
    namespace: str,
    web: str,
    tmp_path: Path,
    verbs: list[str],
) -> None:
    user = restricted(kubernetes, remote, namespace, tmp_path / "config", verbs)
    with pytest.raises(PermissionDenied) as refused:
        PortForward(user, namespace, web, 80).open()
    missing = "get" if "get" not in verbs else "create"
    assert f'cannot {missing} resource "pods/portforward"' in refused.value.message
    user.close()


def test_who_may(
    kubernetes: KubernetesClient, remote: Remote, namespace: str, web: str, tmp_path: Path
) -> None:
    user = restricted(kubernetes, remote, namespace, tmp_path / "config", ["create", "get"])
    with PortForward(user, namespace, web, 80) as forward:
        assert ask(forward).decode() in ready(kubernetes, namespace, web)
    user.close()


def test_who_may_not_look(remote: Remote, namespace: str, web: str, tmp_path: Path) -> None:
    """Nobody's token is no way in either."""
    config = yaml.safe_load(remote.endpoints.kubeconfig.read_text())
    config["users"][0]["user"] = {"token": "nobody"}
    (tmp_path / "config").write_text(json.dumps(config))
    user = KubernetesClient(tmp_path / "config")
    with pytest.raises(AuthenticationError, match="Kubernetes answers 401"):
        open_tunnel(user, PodPort(namespace, "any", 80))
    user.close()
