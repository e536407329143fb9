"""Records hold what the cluster tells, say what it does not tell, and ask for it once."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from pytest_kubeflow.errors import ClusterUnreachable
from pytest_kubeflow.pipelines.outputs.source import Artifact, SourceUnavailable, TaskRecord
from pytest_kubeflow.redaction import MASK
from pytest_kubeflow.reporting.records.runs import UNKNOWN, RunRecord

from .runs import NAME, RUN_ID, URL, Fake, dead, task


def record(fake: Fake) -> RunRecord:
    return RunRecord.of(fake.run(), lambda text: text.replace("hunter2", MASK))


def test_a_run_that_has_ended() -> None:
    fake = Fake()
    found = record(fake)
    assert (found.run_id, found.name, found.namespace) == (RUN_ID, NAME, "team")
    assert (found.url, found.state, found.gaps) == (URL, "SUCCEEDED", ())
    assert found.outputs == {"Output": 9.0}
    assert [(entry.name, entry.state, entry.seconds) for entry in found.tasks] == [
        ("square", "SUCCEEDED", 2.0),
        ("tell", "SUCCEEDED", 2.0),
    ]
    assert found.tasks[1].outputs == {"Output": "told"}
    assert found.seconds == 3.0
    assert fake.asked == ["tasks"]


def test_tasks_that_a_test_has_read_are_not_asked_for_again() -> None:
    fake = Fake()
    run = fake.run()
    assert run.task("square").output == 9.0
    RunRecord.of(run, str)
    assert fake.asked == ["tasks"]


def test_a_run_that_goes_on_has_tasks_and_no_outputs_yet() -> None:
    fake = Fake(state="RUNNING", tasks=[task("square", 9, state="RUNNING")])
    found = record(fake)
    assert found.state == "RUNNING"
    assert [entry.state for entry in found.tasks] == ["RUNNING", "NOT STARTED"]
    assert found.outputs == {}
    assert fake.asked.count("tasks") == 1


def test_a_dead_cluster_is_asked_once() -> None:
    fake = dead()
    found = record(fake)
    assert found.state == UNKNOWN
    assert found.gaps == (
        "neither state nor tasks can be read: nothing listens at kubeflow.example "
        "(connection refused)",
    )
    assert fake.asked == ["state"]


def test_outputs_that_no_source_has_are_a_gap() -> None:
    found = record(Fake(tasks=SourceUnavailable("ML Metadata answers 503")))
    assert found.state == "SUCCEEDED"
    assert {task.name: task.outputs for task in found.tasks} == {"square": {}, "tell": {}}
    assert found.gaps == ("outputs were not read: ML Metadata answers 503",)


@pytest.mark.parametrize(
    "error",
    [
        ClusterUnreachable("no answer"),
        ValueError("`event_time` must not be `None`"),
        OSError("connection reset"),
    ],
)
def test_tasks_that_cannot_be_read_are_a_gap(error: Exception) -> None:
    found = record(Fake(tasks=error))
    assert found.state == "SUCCEEDED"
    assert found.tasks == ()
    assert len(found.gaps) == 1
    assert found.gaps[0].startswith("tasks cannot be read: ")
    assert str(error) in found.gaps[0]


def test_secrets_are_taken_out() -> None:
    artifact = Artifact("model", "system.Model", "s3://hunter2", {"key": "hunter2", "rows": 3})
    tell = TaskRecord(
        "tell", ("tell",), "FAILED", outputs={"Output": "hunter2"}, artifacts={"model": artifact}
    )
    found = record(Fake(tasks=[tell], url="https://hunter2@kubeflow.example/"))
    assert "hunter2" not in repr(found)
    assert found.tasks[0].artifacts == {
        "model": f'system.Model s3://{MASK} {{"key": "{MASK}", "rows": 3}}'
    }


def test_what_kfp_writes_into_every_artifact_is_left_out() -> None:
    own = {"display_name": "model", "store_session_info": "{}"}
    artifact = Artifact("model", "system.Model", "s3://model", own)
    tell = TaskRecord("tell", ("tell",), "SUCCEEDED", artifacts={"model": artifact})
    assert record(Fake(tasks=[tell])).tasks[0].artifacts == {"model": "system.Model s3://model"}


def test_large_runs_make_bounded_records() -> None:
    outputs = {f"output-{number}": "long " * 1000 for number in range(50)}
    tasks = [TaskRecord(f"t{n}", (f"t{n}",), "SUCCEEDED", outputs=outputs) for n in range(1000)]
    found = record(Fake(tasks=tasks))
    assert len(found.tasks) + found.left_out == 1002  # with the two of the package
    assert found.left_out > 800
    assert found.tasks[0].outputs["…"] == "30 more"
    assert len(repr(asdict(found))) < 400_000
