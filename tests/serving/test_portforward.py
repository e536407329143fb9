"""Predictors that are asked past the gateway, by a port of their pod."""

from __future__ import annotations

import pytest
import requests

from pytest_kubeflow.cluster import Cluster
from pytest_kubeflow.errors import ClusterUnreachable, NotFound
from pytest_kubeflow.k8s.ports.portforward import PortForward
from pytest_kubeflow.k8s.ports.serviceport import is_ready
from pytest_kubeflow.objectstore.bucket import Bucket
from pytest_kubeflow.serving.deployer import ServiceDeployer
from pytest_kubeflow.serving.service import InferenceService
from pytest_kubeflow.serving.workload import Workload, selector
from pytest_kubeflow.waiting import Deadline, wait_until
from tests.serving.embedded import NAMESPACE, ROWS, SAYS

FORWARD = "port-forward"


def ready_pods(cluster: Cluster, service: InferenceService) -> set[str]:
    listed = cluster.kubernetes.core.list_namespaced_pod(
        NAMESPACE, label_selector=selector(service.name)
    )
    return {one.metadata.name for one in listed.items if is_ready(one)}


def test_pod_that_is_replaced_in_between(cluster: Cluster, iris: InferenceService) -> None:
    predictor = iris.predictor(ingress=FORWARD, patient=False)
    assert predictor.predict(ROWS) == SAYS
    assert predictor.infer(ROWS) == SAYS
    before = ready_pods(cluster, iris)
    for name in before:
        cluster.kubernetes.core.delete_namespaced_pod(name, NAMESPACE)
    wait_until(
        lambda: ready_pods(cluster, iris),
        lambda names: bool(names - before),
        deadline=Deadline.after(60),
        what="another pod",
    )
    assert predictor.predict(ROWS) == SAYS
    # No credentials of the gateway are needed there, as it is not asked.
    assert iris.predictor(ingress=FORWARD, anonymous=True).predict(ROWS) == SAYS


def test_service_of_a_predictor(cluster: Cluster, iris: InferenceService) -> None:
    with PortForward(cluster.kubernetes, NAMESPACE, f"{iris.name}-predictor", 80) as forward:
        answer = requests.get(f"{forward.url}/v2/health/live", timeout=20)
    assert answer.status_code == 200


def test_server_that_does_not_listen_yet(deployer: ServiceDeployer, bucket: Bucket) -> None:
    """The pod is there and its server is not: that is said, not taken for an answer."""
    idle = ["sh", "-c", "trap 'exit 0' TERM; sleep 300 & wait"]
    deaf = {"image": "python:3.11", "command": idle, "ports": [{"containerPort": 8080}]}
    service = deployer(container=deaf, wait=False)
    wait_until(
        lambda: _runs(service),
        bool,
        deadline=Deadline.after(30),
        what="a pod that runs",
    )
    predictor = service.predictor(ingress=FORWARD, patient=False)
    with pytest.raises(ClusterUnreachable, match=r"port 8080 of pod .* does not answer"):
        predictor.predict(ROWS)
    service.delete()
    with pytest.raises(NotFound, match="has no pod to ask"):
        predictor.predict(ROWS)


def _runs(service: InferenceService) -> bool:
    access = service._access
    pod = Workload.read(access.cluster.kubernetes, service.namespace, service.name).newest
    return pod is not None and pod.status.phase == "Running"
