"""What Trainer refuses, in the words of its webhooks and of its definitions."""

from __future__ import annotations

import json
from typing import Any

import pytest
from kubernetes.client import ApiException

from tests.local.training.conftest import TORCH, Training, trainer
from tests.local.webapps.conftest import eventually

VALIDATOR = 'admission webhook "validator.trainjob.trainer.kubeflow.org" denied the request: '
REFERENCE = '{"name":"nope","apiGroup":"trainer.kubeflow.org","kind":"%s"}'


def refused(training: Training, spec: dict[str, Any], name: str = "bad") -> tuple[int, str]:
    """Code and message."""
    with pytest.raises(ApiException) as found:
        training.create("trainjobs", spec, name=name)
    body = json.loads(found.value.body)
    return body["code"], body["message"]


def test_a_runtime_that_is_not_there(training: Training) -> None:
    code, found = refused(training, {"runtimeRef": {"name": "nope"}})
    assert code == 403
    assert found == (
        f"{VALIDATOR}spec.RuntimeRef: Invalid value: {REFERENCE % 'ClusterTrainingRuntime'}: "
        'ClusterTrainingRuntime.trainer.kubeflow.org "nope" not found: specified '
        "clusterTrainingRuntime must be created before the TrainJob is created"
    )


def test_a_runtime_of_another_kind(training: Training) -> None:
    reference = {"name": "a", "kind": "Deployment", "apiGroup": "apps"}
    found = (403, f"{VALIDATOR}unsupported runtime: Deployment.apps")
    assert refused(training, {"runtimeRef": reference}) == found


def test_variables_of_torchrun(training: Training) -> None:
    env = [{"name": "PET_NNODES", "value": "3"}, {"name": "PET_MASTER_ADDR", "value": "x"}]
    _, found = refused(training, {"runtimeRef": TORCH, "trainer": trainer(env=env)})
    assert found == (
        f'{VALIDATOR}spec.trainer.env: Invalid value: [{{"name":"PET_NNODES","value":"3"}},'
        '{"name":"PET_MASTER_ADDR","value":"x"}]: must not have reserved envs, invalid envs '
        "configured: [PET_MASTER_ADDR PET_NNODES]"
    )


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("a.b", "metadata.name must match RFC 1035 DNS label format"),
        ("1a", "metadata.name must match RFC 1035 DNS label format"),
        ("a" * 64, "metadata.name must be no more than 63 characters"),
    ],
)
def test_names(training: Training, name: str, words: str) -> None:
    code, message = refused(training, {"runtimeRef": TORCH}, name)
    assert code == 422
    assert message.endswith(f'is invalid: <nil>: Invalid value: "object": {words}')


def test_a_name_too_long_for_its_jobs_is_an_event(training: Training) -> None:
    name = training.create("trainjobs", {"runtimeRef": TORCH}, name="a" * 58)
    eventually(lambda: bool(training.events(name)))
    ((reason, message),) = training.events(name)
    assert reason == "TrainJobResourcesCreationFailed"
    assert message.startswith(
        "TrainJob resources reconciliation failed: admission webhook "
        '"vjobset.kb.io" denied the request: spec.replicatedJobs[0].name: Invalid value: '
    )
    assert "status" not in training.get("trainjobs", name)
    training.delete("trainjobs", name)


def test_numbers_that_are_none(training: Training) -> None:
    code, found = refused(training, {"runtimeRef": TORCH, "trainer": {"numNodes": "2"}})
    assert code == 400
    assert found == (
        'admission webhook "defaulter.trainjob.trainer.kubeflow.org" denied the request: json: '
        "cannot unmarshal string into Go struct field Trainer.spec.trainer.numNodes of type int32"
    )


def test_no_reference(training: Training) -> None:
    code, found = refused(training, {"trainer": trainer()})
    assert code == 422
    assert "spec.runtimeRef: Required value, <nil>: Invalid value: null: some validation" in found


def test_initializers_that_the_runtime_has_not(training: Training) -> None:
    initializer = {"dataset": {"storageUri": "hf://x"}}
    _, found = refused(training, {"runtimeRef": TORCH, "initializer": initializer})
    assert found.endswith(
        "must have dataset-initializer job when trainJob is configured with input datasetConfig"
    )


def test_patches(training: Training) -> None:
    spec = {"replicatedJobs": [{"name": "launcher"}]}
    patch = {"manager": "me", "trainingRuntimeSpec": {"template": {"spec": spec}}}
    _, found = refused(training, {"runtimeRef": TORCH, "runtimePatches": [patch]})
    assert 'spec.runtimePatches.manager: Invalid value: "me": must be a domain-prefixed' in found
    assert "must not have replicated job that doesn't exist in the runtime job template" in found


def test_no_nodes_is_a_job_that_is_done(training: Training) -> None:
    """Nothing refuses it: a Job of no pods is complete, and so is all above it."""
    name = training.train(nodes=0)
    assert training.ended(name) == {"Complete": "AllJobsCompleted"}
    assert training.pods(name) == []


def test_what_trains_cannot_be_changed(training: Training) -> None:
    name = training.train(suspend=True)
    with pytest.raises(ApiException, match=r"spec.trainer: Invalid value: .*field is immutable"):
        training.patch("trainjobs", name, trainer={"numNodes": 3})
    training.delete("trainjobs", name)


def test_a_runtime_needs_its_container(training: Training) -> None:
    labels = {"trainer.kubeflow.org/trainjob-ancestor-step": "trainer"}
    pods = {"template": {"spec": {"containers": [{"name": "x", "image": "y"}]}}}
    job = {
        "name": "node",
        "replicas": 2,
        "template": {"metadata": {"labels": labels}, "spec": pods},
    }
    with pytest.raises(ApiException) as found:
        training.create("trainingruntimes", {"template": {"spec": {"replicatedJobs": [job]}}})
    told = json.loads(found.value.body)["message"]
    assert "replicas: Invalid value: 2: always must be 1" in told
    assert "must contain the required container for the ancestor: trainer" in told
