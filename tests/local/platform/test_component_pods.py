"""Components of the cluster are pods of Deployments, and behave as those do."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from pytest_kubeflow.errors import KubeflowError
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.ports.portforward import PortForward
from tests.cluster.remote import wait_until

HEALTH = b"GET /healthz HTTP/1.0\r\n\r\n"


def ask(client: KubernetesClient, namespace: str, service: str, port: int) -> bytes:
    """The first line of an answer over a forwarded port."""
    with (
        PortForward(client, namespace, service, port) as forward,
        socket.create_connection(forward.address, timeout=20) as connection,
    ):
        connection.sendall(HEALTH)
        return connection.makefile("rb").readline()


SERVICES = [
    ("auth", "dex", 5556),
    ("istio-system", "istio-ingressgateway", 80),
    ("istio-system", "knative-local-gateway", 80),
    ("kubeflow", "dashboard", 80),
    ("kubeflow", "metadata-envoy-service", 9090),
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


def pods(client: KubernetesClient, app: str) -> list[Any]:
    found: list[Any] = client.core.list_namespaced_pod(
        "kubeflow", label_selector=f"app={app}"
    ).items
    return found


def ready(client: KubernetesClient, app: str) -> list[Any]:
    """Those of its pods that are ready."""
    return [
        one
        for one in pods(client, app)
        if all(each.ready for each in one.status.container_statuses or [])
        and one.status.container_statuses
    ]


@pytest.mark.parametrize("app", ["ml-pipeline", "seaweedfs"])
def test_another_takes_the_place_of_one_that_is_deleted(
    kubernetes: KubernetesClient, app: str
) -> None:
    (before,) = pods(kubernetes, app)
    kubernetes.core.delete_namespaced_pod(before.metadata.name, "kubeflow")

    def again() -> list[Any]:
        found = ready(kubernetes, app)
        return [one for one in found if one.metadata.uid != before.metadata.uid]

    (pod,) = wait_until(again)
    assert pod.metadata.owner_references[0].kind == "ReplicaSet"
    port = pod.spec.containers[0].ports[0].container_port
    assert wait_until(lambda: ask(kubernetes, "kubeflow", app, port)).startswith(b"HTTP/1.")


def scale(client: KubernetesClient, name: str, replicas: int) -> None:
    client.apps.patch_namespaced_deployment(name, "kubeflow", {"spec": {"replicas": replicas}})


def addresses(client: KubernetesClient, service: str) -> list[str]:
    subsets = client.core.read_namespaced_endpoints(service, "kubeflow").subsets or []
    return [address.ip for one in subsets for address in one.addresses or []]


def test_one_that_is_scaled_to_nothing_does_not_answer(kubernetes: KubernetesClient) -> None:
    assert ask(kubernetes, "kubeflow", "ml-pipeline-ui", 80)
    scale(kubernetes, "ml-pipeline-ui", 0)
    try:
        wait_until(lambda: not pods(kubernetes, "ml-pipeline-ui"))
        wait_until(lambda: not addresses(kubernetes, "ml-pipeline-ui"))
        with pytest.raises(KubeflowError, match="ml-pipeline-ui"):
            ask(kubernetes, "kubeflow", "ml-pipeline-ui", 80)
    finally:
        scale(kubernetes, "ml-pipeline-ui", 1)
    wait_until(lambda: addresses(kubernetes, "ml-pipeline-ui"))


def test_the_tag_belongs_to_the_name_of_its_image(kubernetes: KubernetesClient) -> None:
    name = "ml-pipeline-persistenceagent"
    (container,) = kubernetes.apps.read_namespaced_deployment(
        name, "kubeflow"
    ).spec.template.spec.containers

    def use(image: str) -> None:
        spec = {"containers": [{"name": container.name, "image": image}]}
        patch = {"spec": {"template": {"spec": spec}}}
        kubernetes.apps.patch_namespaced_deployment(name, "kubeflow", patch)

    def waiting() -> set[str]:
        states = [
            each.state
            for one in pods(kubernetes, name)
            for each in one.status.container_statuses or []
        ]
        return {one.waiting.reason for one in states if one.waiting is not None}

    use(container.image.replace("2.16.1", "2.99.0"))
    wait_until(lambda: waiting() & {"ErrImagePull", "ImagePullBackOff"})
    use(container.image)
    wait_until(lambda: len(pods(kubernetes, name)) == 1 and not waiting())


def test_a_component_has_a_log(kubernetes: KubernetesClient) -> None:
    (pod,) = pods(kubernetes, "workflow-controller")
    log = kubernetes.core.read_namespaced_pod_log(
        pod.metadata.name, "kubeflow", container="workflow-controller"
    )
    assert "quay.io/argoproj/workflow-controller:v3.7.3" in log
