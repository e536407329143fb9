"""What each release of Trainer accepts, and what it drops without a word."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from kubernetes.client import ApiException

from tests.local.training.conftest import TORCH, Training, trainer
from tests.local.webapps.conftest import eventually

PAGE = Path(__file__).parents[3] / "docs/reference/embedded-training.md"
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


def test_changes_of_a_trainer(training: Training, older: Training) -> None:
    """2.1 takes them, and cannot make anything of them."""
    fields: dict[str, Any] = {"trainer": trainer(numNodes=1), "suspend": True, "runtimeRef": TORCH}
    name = training.create("trainjobs", fields)
    with pytest.raises(ApiException, match=r"spec\.trainer: .*field is immutable"):
        training.patch("trainjobs", name, trainer={"numNodes": 2})
    name = older.create("trainjobs", fields)
    eventually(lambda: "Suspended" in older.conditions("trainjobs", name))
    older.patch("trainjobs", name, trainer={"numNodes": 2})
    message = "TrainJobResourcesCreationFailed"
    eventually(lambda: any(reason == message for reason, _ in older.events(name)))
    assert "field is immutable" in dict(older.events(name))[message]


def test_patches_of_a_job_that_is_not_suspended(training: Training, older: Training) -> None:
    both: dict[str, Any] = {"podTemplateOverrides": [OVERRIDE], "runtimePatches": [PATCH]}
    for one in (older, training):
        name = one.train("import time; time.sleep(60)")
        eventually(lambda one=one, name=name: bool(one.pods(name)))  # type: ignore[misc]
        with pytest.raises(ApiException, match="suspend"):
            one.patch("trainjobs", name, **both)
        one.delete("trainjobs", name)


def test_labels_of_pods_and_times_of_events(training: Training, older: Training) -> None:
    message = "TrainJobResourcesCreationFailed"
    for one, newer in ((older, False), (training, True)):
        name = one.train()
        one.ended(name)
        (pod,) = one.pods(name)
        assert ("jobset.sigs.k8s.io/priority" in pod.metadata.labels) == newer
        fields = {"trainer": trainer(), "runtimeRef": TORCH}
        long = one.create(
            "trainjobs", fields, name="no-room-for-what-jobset-adds-to-the-name-of-this-job-1"
        )
        eventually(lambda one=one, long=long: message in dict(one.events(long)))  # type: ignore[misc]
        selector = f"involvedObject.name={long},reason={message}"
        (event, *_) = one.core.list_namespaced_event(one.namespace, field_selector=selector).items
        assert (event.event_time is not None, event.first_timestamp is None) == (newer, newer)
        one.delete("trainjobs", long)


def test_the_documentation_says_the_same() -> None:
    """Its table has what is tested here, and nothing else."""
    text = PAGE.read_text().partition("## What each release of Trainer accepts")[2]
    lines = [one for one in text.partition("\n## ")[0].splitlines() if one.startswith("| ")]
    rows = [[cell.strip() for cell in one.strip("|").split("|")] for one in lines]
    assert rows[0] == ["field of a TrainJob", "2.1", "2.2"]
    kept = {True: "kept", False: "dropped without a word"}
    differing = {name: wanted for name, _, *wanted in FIELDS if wanted[0] != wanted[1]}
    found = {name.strip("`"): cells for titles, *cells in rows[1:3] for name in titles.split(", ")}
    assert found == {name: [kept[one] for one in wanted] for name, wanted in differing.items()}
    assert [titles for titles, *_ in rows[3:]] == [
        "`trainer.numProcPerNode`",
        "`trainer.env` with `PET_*`",
        "`trainer` and `initializer` of a TrainJob that is there",
        "patches of a TrainJob that is not suspended",
        "pods have the label `jobset.sigs.k8s.io/priority`",
        "events of Trainer",
    ]
