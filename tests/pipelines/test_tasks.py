from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.errors import NotFound
from pytest_kubeflow.pipelines.client import TaskDetail
from pytest_kubeflow.pipelines.outputs import TaskRecord
from pytest_kubeflow.pipelines.package import Package
from pytest_kubeflow.pipelines.tasks import find_task, merge, pipeline_outputs, typed


def leaf(kind: str = "NUMBER_DOUBLE") -> dict[str, Any]:
    return {
        "executorLabel": "exec",
        "outputDefinitions": {"parameters": {"Output": {"parameterType": kind}}},
    }


def from_task(task: str) -> dict[str, Any]:
    selector = {"producerSubtask": task, "outputParameterKey": "Output"}
    return {"parameters": {"Output": {"valueFromParameter": selector}}}


NESTED = Package(
    {
        "pipelineInfo": {"name": "nested"},
        "components": {
            "comp-number": leaf("NUMBER_INTEGER"),
            "comp-inner": {
                "dag": {
                    "tasks": {
                        "number": {
                            "componentRef": {"name": "comp-number"},
                            "taskInfo": {"name": "number"},
                        }
                    },
                    "outputs": from_task("number"),
                }
            },
        },
        "root": {
            "dag": {
                "tasks": {
                    "number": {
                        "componentRef": {"name": "comp-number"},
                        "taskInfo": {"name": "My number"},
                    },
                    "inner": {
                        "componentRef": {"name": "comp-inner"},
                        "taskInfo": {"name": "inner"},
                    },
                    "inner-2": {
                        "componentRef": {"name": "comp-inner"},
                        "taskInfo": {"name": "inner-2"},
                    },
                },
                "outputs": from_task("inner"),
            }
        },
    }
)


def record(*path: str, **more: Any) -> TaskRecord:
    return TaskRecord(name=path[-1], path=path, **{"state": "SUCCEEDED", **more})


def test_outputs_are_typed_and_those_of_dags_come_from_their_tasks() -> None:
    records = [
        record("number", outputs={"Output": 3.0}),
        record("inner", is_dag=True),
        record("inner", "number", outputs={"Output": 7.0}),
    ]
    tasks = merge(NESTED, records, [], run_state="SUCCEEDED")
    assert find_task(tasks, "inner").output == 7
    assert find_task(tasks, "inner/number").output == 7
    assert isinstance(find_task(tasks, "inner/number").output, int)
    assert pipeline_outputs(NESTED, tasks) == {"Output": 7}


def test_task_is_found_by_key_before_display_name() -> None:
    records = [record("number", display_name="My number"), record("inner", "number")]
    tasks = merge(NESTED, records, [], run_state="RUNNING")
    assert find_task(tasks, "My number").path == ("number",)
    assert find_task(tasks, "number").path == ("number",)
    with pytest.raises(NotFound, match=r"no task 'other'; its tasks: .*inner/number"):
        find_task(tasks, "other")


def test_display_name_recorded_as_name_is_the_same_task() -> None:
    tasks = merge(NESTED, [record("My number", outputs={"Output": 1.0})], [], run_state="SUCCEEDED")
    assert find_task(tasks, "number").output == 1


def test_states_of_tasks_that_metadata_was_not_told_the_end_of() -> None:
    records = [record("number", state="RUNNING"), record("inner", state="RUNNING", is_dag=True)]
    details = [TaskDetail("number", "FAILED", error="no such image")]
    tasks = merge(NESTED, records, details, run_state="FAILED")
    number = find_task(tasks, "number")
    assert (number.state, number.error) == ("FAILED", "no such image")
    assert find_task(tasks, "inner-2").state == "NOT STARTED"


def test_output_and_log_of_a_task_that_has_none() -> None:
    (task, *_) = merge(NESTED, [record("number")], [], run_state="SUCCEEDED")
    with pytest.raises(NotFound, match="0 output parameters"):
        _ = task.output
    with pytest.raises(NotFound, match="no pod of its own"):
        task.log()
    assert task.duration is None


@given(st.integers(-(2**53), 2**53))
def test_integers_survive_the_way_as_floats(number: int) -> None:
    back = typed(float(number), "NUMBER_INTEGER")
    assert back == number
    assert isinstance(back, int)
    assert typed([{"x": float(number)}], "LIST") == [{"x": number}]
    assert isinstance(typed(number, "NUMBER_DOUBLE"), float)


@pytest.mark.parametrize("kind", ["BOOLEAN", "STRING", "LIST", "STRUCT", ""])
def test_bools_and_texts_stay(kind: str) -> None:
    for value in (True, False, "7", "", None):
        assert typed(value, kind) is value
