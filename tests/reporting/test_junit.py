"""A record's properties for JUnit XML."""

from __future__ import annotations

import json

from pytest_kubeflow.reporting.junit import properties
from pytest_kubeflow.reporting.records.runs import RunRecord, TaskEntry


def test_a_run_has_a_property_each() -> None:
    tasks = (
        TaskEntry("loop/square", "SUCCEEDED", "", 1.0, 2.5, {"Output": 4.0}),
        TaskEntry("loop/square", "RUNNING", "", 1.0),
    )
    record = RunRecord(
        "id-1", "name-1", "team", "https://kf", "FAILED", {"größe": [1]}, tasks, gaps=("a", "b")
    )
    found = dict(properties([record]))
    assert json.loads(found.pop("kubeflow.run.tasks")) == [
        {"name": "loop/square", "state": "SUCCEEDED", "seconds": 1.5, "outputs": {"Output": 4.0}},
        {"name": "loop/square", "state": "RUNNING", "seconds": None, "outputs": {}},
    ]
    assert found == {
        "kubeflow.run.id": "id-1",
        "kubeflow.run.name": "name-1",
        "kubeflow.run.state": "FAILED",
        "kubeflow.run.url": "https://kf",
        "kubeflow.run.outputs": '{"größe": [1]}',
        "kubeflow.run.gaps": "a; b",
    }


def test_each_run_of_several_has_names_of_its_own() -> None:
    found = list(properties([RunRecord(f"id-{n}", "", "team", "") for n in range(3)]))
    names = [name for name, _ in found]
    assert len({*names}) == len(names)
    ids = {name: value for name, value in found if name.endswith(".id")}
    assert ids == {
        "kubeflow.run.id": "id-0",
        "kubeflow.run-2.id": "id-1",
        "kubeflow.run-3.id": "id-2",
    }
