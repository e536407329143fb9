"""The programs of the cluster itself are pods that can be seen and whose ports can be forwarded."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.portforward import PortForward
from pytest_kubeflow.local.cluster import LocalKubeflow
from tests.cluster.remote import wait_until

HEALTH = b"GET /healthz HTTP/1.0\r\n\r\n"


@pytest.fixture(scope="module")
def kubernetes() -> Iterator[KubernetesClient]:
    with LocalKubeflow() as cluster:
        client = KubernetesClient(cluster.endpoints.kubeconfig)
        yield client
        client.close()


def ask(client: KubernetesClient, namespace: str, service: str, port: int) -> bytes:
    """The first line of an answer over a forwarded port."""
    with (
        PortForward(client, namespace, service, port) as forward,
        socket.create_connection(forward.address, timeout=20) as connection,
    ):
        connection.sendall(HEALTH)
        return connection.makefile("rb").readline()


SERVICES = [
    ("istio-system", "istio-ingressgateway", 80),
    ("kubeflow", "ml-pipeline", 8888),
    ("kubeflow", "ml-pipeline-ui", 80),
    ("kubeflow", "seaweedfs", 8333),
    ("kubeflow", "minio-service", 9000),
]


@pytest.mark.parametrize(("namespace", "service", "port"), SERVICES)
def test_ports_are_forwarded(
    kubernetes: KubernetesClient, namespace: str, service: str, port: int
) -> None:
    # The store's process takes a few seconds longer than the cluster.
    line = wait_until(lambda: ask(kubernetes, namespace, service, port))
    assert line.startswith(b"HTTP/1.")


def test_one_that_is_deleted_is_shown_again(kubernetes: KubernetesClient) -> None:
    name, core = "seaweedfs-kubeflow-local", kubernetes.core
    before = core.read_namespaced_pod(name, "kubeflow")
    assert before.metadata.annotations["kubernetes.io/config.mirror"]
    core.delete_namespaced_pod(name, "kubeflow")

    def again() -> Any:
        found = core.list_namespaced_pod("kubeflow", label_selector="app=seaweedfs").items
        return [one for one in found if one.metadata.uid != before.metadata.uid]

    (pod,) = wait_until(again)
    assert pod.metadata.name == name
    assert wait_until(lambda: ask(kubernetes, "kubeflow", "seaweedfs", 8333))
