"""A TrainJob on a real control plane: our operators, its own controllers of Jobs and Services."""

from __future__ import annotations

import json

import pytest
from kubernetes import client

from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.local.endpoints import Endpoints
from pytest_kubeflow.local.training.release import DEFAULT
from tests.local.training.conftest import ALL_REDUCE, TORCH, Training, trainer
from tests.real.joined.conftest import PROFILE, newest_trainer, until


@pytest.fixture(scope="module")
def training(joined: Endpoints, kubernetes: KubernetesClient, routable: None) -> Training:
    api = kubernetes.core.api_client
    return Training(
        kubernetes.core,
        client.BatchV1Api(api),
        client.CustomObjectsApi(api),
        client.AuthorizationV1Api(api),
        PROFILE,
    )


def test_two_nodes_talk(training: Training) -> None:
    name = training.train(ALL_REDUCE, nodes=2)
    until(lambda: bool(training.conditions("trainjobs", name)))
    assert training.conditions("trainjobs", name) == {"Complete": "AllJobsCompleted"}
    first, second = training.said(name)
    assert first["every"] == second["every"]
    assert [one["host"] for one in first["every"]] == [f"{name}-node-0-0", f"{name}-node-0-1"]
    assert sum(one["value"] for one in second["every"]) == 3


def test_webhooks_are_asked(training: Training) -> None:
    with pytest.raises(client.ApiException) as found:
        training.create("trainjobs", {"runtimeRef": {"name": "nope"}})
    assert "specified clusterTrainingRuntime must be" in json.loads(found.value.body)["message"]
    env = [{"name": "PET_NNODES", "value": "3"}]
    with pytest.raises(client.ApiException, match="must not have reserved envs"):
        training.create("trainjobs", {"runtimeRef": TORCH, "trainer": trainer(env=env)})


def test_a_real_server_drops_what_the_release_does_not_know(training: Training) -> None:
    if newest_trainer() != DEFAULT:
        pytest.skip(f"this Kubernetes does not take Trainer {DEFAULT}, and an older one knows it")
    override = {"targetJobs": [{"name": "node"}], "metadata": {"labels": {"a": "b"}}}
    name = training.train(podTemplateOverrides=[override], suspend=True)
    assert "podTemplateOverrides" not in training.get("trainjobs", name)["spec"]
    training.delete("trainjobs", name)
