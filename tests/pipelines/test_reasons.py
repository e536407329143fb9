"""Why tasks failed, as Argo's Workflow says it and KFP's API does not."""

from typing import Any

import pytest

from pytest_kubeflow.pipelines.reasons import Reasons
from pytest_kubeflow.pipelines.tasks import Task

# As KFP 2.17 on Argo 3.7 leaves it: a driver's pod, a DAG around the executor's, a retried one.
WORKFLOW = {
    "status": {
        "phase": "Failed",
        "message": "child 'demo-x7-1' failed",
        "nodes": {
            "demo-x7": {
                "id": "demo-x7",
                "type": "DAG",
                "displayName": "demo-x7",
                "phase": "Failed",
            },
            "demo-x7-11": {
                "id": "demo-x7-11",
                "type": "Pod",
                "displayName": "executor",
                "phase": "Failed",
                "message": "main: Error (exit code 3)",
            },
            "demo-x7-12": {
                "id": "demo-x7-12",
                "type": "Pod",
                "displayName": "train-driver",
                "phase": "Error",
                "message": "pod deleted",
            },
            "demo-x7-13": {
                "id": "demo-x7-13",
                "type": "Pod",
                "displayName": "executor",
                "phase": "Succeeded",
                "message": "of an attempt before",
            },
        },
    }
}


@pytest.mark.parametrize(
    ("task", "error"),
    [
        (Task("sort", "FAILED", pod_name="demo-x7-system-container-impl-11"), "exit code 3"),
        (Task("sort", "FAILED", pod_name="demo-x7-system-container-impl-13"), ""),
        (Task("sort", "FAILED", error="of the API", pod_name="demo-x7-impl-11"), "exit code 3"),
        (Task("sort", "FAILED", error="of the API", pod_name="demo-x7-impl-13"), "of the API"),
        (Task("sort", "SUCCEEDED", pod_name="demo-x7-system-container-impl-11"), ""),
        (Task("train", "FAILED"), "pod deleted"),
        (Task("train", "FAILED", place=("loop[0]", "train")), ""),
        (Task("other", "NOT STARTED"), ""),
    ],
)
def test_what_a_task_is_told(task: Task, error: str) -> None:
    (explained,) = Reasons.of(WORKFLOW).explain([task])
    assert error in explained.error
    assert bool(explained.error) == bool(error)


@pytest.mark.parametrize("workflow", [{}, {"status": {}}, {"status": {"nodes": None}}])
def test_a_workflow_that_has_not_begun(workflow: dict[str, Any]) -> None:
    assert Reasons.of(workflow) == Reasons()
    assert Reasons.of(WORKFLOW).run == "child 'demo-x7-1' failed"
