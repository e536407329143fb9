"""Why tasks failed, as Argo's Workflow says it and KFP's API does not."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_kubeflow.errors import NotFound
from pytest_kubeflow.pipelines.runs.reasons import Reasons
from pytest_kubeflow.pipelines.tasks.task import Task
from pytest_kubeflow.pipelines.tasks.workflow_nodes import WorkflowNodes

IMPLEMENTATION = "system-container-impl"


def node(name: str, kind: str, template: str, phase: str, message: str = "") -> dict[str, Any]:
    return {
        "id": f"demo-{abs(hash(name)) % 10**9}",
        "name": f"demo(0).root(0).{name}",
        "type": kind,
        "templateName": template,
        "phase": phase,
        "message": message,
        "startedAt": "2026-11-28T23:50:40Z",
    }


def workflow(*nodes: dict[str, Any]) -> dict[str, Any]:
    return {
        "metadata": {"name": "demo"},
        "status": {
            "phase": "Failed",
            "message": "the run's own",
            "nodes": {one["id"]: one for one in nodes},
        },
    }


def component(name: str, phase: str, message: str) -> list[dict[str, Any]]:
    return [
        node(name, "Retry", "system-container-executor", phase),
        node(f"{name}(0)", "DAG", "system-container-executor", phase),
        node(f"{name}(0).executor", "Retry", IMPLEMENTATION, phase, message),
        node(f"{name}(0).executor(0)", "Pod", IMPLEMENTATION, phase, message),
    ]


WORKFLOW = workflow(
    *component("sort", "Failed", "main: Error (exit code 1)"),
    *component("archive", "Error", "wait: Error (exit code 64): forbidden"),
    *component("fine", "Succeeded", ""),
    *component("pulled", "Running", ""),
    node("total-driver", "Retry", "system-container-driver", "Failed", "main: Error"),
    node("total-driver(0)", "Pod", "system-container-driver", "Failed", "main: Error"),
    node("total", "Skipped", "system-container-executor", "Omitted", "omitted: depends"),
)


def read(pod: str) -> str:
    assert pod.startswith("demo-system-container-driver-")
    return 'F1128 23:50:40.1 1 main.go:84] KFP driver: driver.Container(x="y") failed: no input'


@pytest.mark.parametrize(
    ("task", "state", "error"),
    [
        (Task("sort", "FAILED", path=("sort",)), "FAILED", "main: Error (exit code 1)"),
        (Task("sort", "RUNNING", path=("sort",)), "FAILED", "main: Error (exit code 1)"),
        # The component had succeeded, and ML Metadata says no more.
        (Task("archive", "SUCCEEDED", path=("archive",)), "FAILED", "wait: Error (exit code 64)"),
        (Task("fine", "SUCCEEDED", path=("fine",)), "SUCCEEDED", ""),
        (Task("other", "NOT STARTED", path=("other",)), "NOT STARTED", ""),
        (Task("total", "NOT STARTED", path=("total",)), "FAILED", "KFP driver: driver.Container"),
    ],
)
def test_what_a_task_is_told(task: Task, state: str, error: str) -> None:
    explained = Reasons(WorkflowNodes.of(WORKFLOW), read).explain([task])
    found = next(one for one in explained if one.name == task.name)
    assert found.state == state
    assert error in found.error
    assert bool(found.error) == bool(error)


def test_a_task_whose_driver_failed_is_known_to_no_source() -> None:
    (found,) = [
        one
        for one in Reasons(WorkflowNodes.of(WORKFLOW), read).explain([])
        if one.state == "FAILED"
    ]
    assert found.label == "total"
    assert found.error == "KFP driver: driver.Container(...) failed: no input"
    assert found.pod_name.startswith("demo-system-container-driver-")


def test_a_driver_without_a_log() -> None:
    def gone(pod: str) -> str:
        raise NotFound(f"no pod {pod}")

    (found,) = Reasons(WorkflowNodes.of(WORKFLOW), gone).explain([])
    assert found.error.startswith("its driver failed: main: Error (its log cannot be read: no pod")


@pytest.mark.parametrize("found", [{}, {"status": {}}, {"status": {"nodes": None}}])
def test_a_workflow_that_has_not_begun(found: dict[str, Any]) -> None:
    assert Reasons(WorkflowNodes.of(found)).explain([]) == []
    assert Reasons(WorkflowNodes.of(WORKFLOW)).run == "the run's own"
