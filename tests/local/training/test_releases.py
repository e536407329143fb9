"""What each release of Trainer accepts, and what it drops without a word."""

from __future__ import annotations

from typing import Any

import pytest
from kubernetes.client import ApiException

from tests.local.training.conftest import TORCH, Training, trainer

OVERRIDE = {"targetJobs": [{"name": "node"}], "metadata": {"labels": {"from": "override"}}}
JOB = {
    "name": "node",
    "template": {"spec": {"template": {"metadata": {"labels": {"from": "patch"}}}}},
}
PATCH = {
    "manager": "example.com/me",
    "trainingRuntimeSpec": {"template": {"spec": {"replicatedJobs": [JOB]}}},
}
# field of the spec, value, whether 2.1 keeps it, whether 2.2 does
FIELDS: list[tuple[str, Any, bool, bool]] = [
    ("podTemplateOverrides", [OVERRIDE], True, False),
    ("labels", {"a": "b"}, True, False),
    ("annotations", {"a": "b"}, True, False),
    ("runtimePatches", [PATCH], False, True),
    ("activeDeadlineSeconds", 60, False, True),
    ("managedBy", "trainer.kubeflow.org/trainjob-controller", True, True),
    ("suspend", True, True, True),
]


def stored(training: Training, spec: dict[str, Any]) -> dict[str, Any]:
    """What is kept of the spec of a TrainJob, which is suspended."""
    full = {"runtimeRef": TORCH, "trainer": trainer(), "suspend": True, **spec}
    name = training.create("trainjobs", full)
    found: dict[str, Any] = training.get("trainjobs", name)["spec"]
    training.delete("trainjobs", name)
    return found


@pytest.mark.parametrize(("field", "value", "older_keeps", "newer_keeps"), FIELDS)
def test_fields(
    training: Training,
    older: Training,
    field: str,
    value: Any,
    older_keeps: bool,
    newer_keeps: bool,
) -> None:
    assert (field in stored(older, {field: value})) == older_keeps
    assert (field in stored(training, {field: value})) == newer_keeps


@pytest.mark.parametrize(
    ("value", "older_keeps", "newer_keeps"),
    [(2, True, True), ("auto", True, False), ("many", False, False)],
)
def test_processes_per_node(
    training: Training, older: Training, value: Any, older_keeps: bool, newer_keeps: bool
) -> None:
    for one, keeps in ((older, older_keeps), (training, newer_keeps)):
        spec = {"trainer": trainer(numProcPerNode=value)}
        if keeps:
            assert stored(one, spec)["trainer"]["numProcPerNode"] == value
        else:
            with pytest.raises(ApiException, match="numProcPerNode"):
                stored(one, spec)


def test_each_has_its_own_way_to_a_pod(training: Training, older: Training) -> None:
    both: dict[str, Any] = {"podTemplateOverrides": [OVERRIDE], "runtimePatches": [PATCH]}
    for one, label in ((older, "override"), (training, "patch")):
        name = one.train(**both)
        one.ended(name)
        (pod,) = one.pods(name)
        assert pod.metadata.labels["from"] == label


def test_reserved_variables(training: Training, older: Training) -> None:
    """2.1 looks at them where processes are counted alone."""
    env = [{"name": "PET_NNODES", "value": "7"}]
    assert "trainer" in stored(older, {"trainer": trainer(env=env)})
    counted: dict[str, Any] = {"numProcPerNode": 1}
    for one, fields in ((older, counted), (training, {})):
        with pytest.raises(ApiException, match="must not have reserved envs"):
            stored(one, {"trainer": trainer(env=env, **fields)})


def test_the_runtimes_that_each_brings(training: Training, older: Training) -> None:
    for one, image in ((older, "2.7.1-cuda12.8"), (training, "2.10.0-cuda12.8")):
        items = one.custom.list_cluster_custom_object(
            "trainer.kubeflow.org", "v1alpha1", "clustertrainingruntimes"
        )["items"]
        by_name = {each["metadata"]["name"]: each["spec"] for each in items}
        assert set(by_name) == {"plain", "torch-distributed"}
        (job,) = by_name["torch-distributed"]["template"]["spec"]["replicatedJobs"]
        (container,) = job["template"]["spec"]["template"]["spec"]["containers"]
        assert container["image"].startswith(f"pytorch/pytorch:{image}")
