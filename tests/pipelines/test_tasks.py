from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.errors import NotFound
from pytest_kubeflow.pipelines.outputs.source import TaskRecord
from pytest_kubeflow.pipelines.packages.package import Package
from pytest_kubeflow.pipelines.runs.view import TaskDetail
from pytest_kubeflow.pipelines.tasks.task import find_task, merge, pipeline_outputs, typed


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


LOOPS = Package(
    {
        "pipelineInfo": {"name": "loops"},
        "components": {
            "comp-number": leaf("NUMBER_INTEGER"),
            "comp-inner": {
                "dag": {
                    "tasks": {"number": {"componentRef": {"name": "comp-number"}}},
                    "outputs": from_task("number"),
                }
            },
            "comp-outer": {
                "dag": {
                    "tasks": {"inner": {"componentRef": {"name": "comp-inner"}}},
                    "outputs": from_task("inner"),
                }
            },
        },
        "root": {
            "dag": {
                "tasks": {"outer": {"componentRef": {"name": "comp-outer"}}},
                "outputs": from_task("outer"),
            }
        },
    }
)


def loop_records() -> list[TaskRecord]:
    """Two iterations, each with a loop of two inside; the tasks give 0, 1, 10 and 11."""
    dag = {"is_dag": True}
    found = [record("outer", **dag)]
    for a in (0, 1):
        found.append(record("outer", place=(f"outer[{a}]",), **dag))
        found.append(record("outer", "inner", place=(f"outer[{a}]", "inner"), **dag))
        for b in (0, 1):
            place = (f"outer[{a}]", f"inner[{b}]")
            found.append(record("outer", "inner", place=place, **dag))
            inner = {"place": (*place, "number"), "outputs": {"Output": float(10 * a + b)}}
            found.append(record("outer", "inner", "number", **inner))
    return found


def test_tasks_in_loops_are_told_apart() -> None:
    tasks = merge(LOOPS, loop_records(), [], run_state="SUCCEEDED")
    assert len({task.label for task in tasks}) == len(tasks)
    one = find_task(tasks, "outer[1]/inner[0]/number")
    assert one.output == 10
    assert isinstance(one.output, int)  # its type is found by its path, which has no numbers
    with pytest.raises(NotFound, match=r"4 tasks.*'number': outer\[0\]/inner\[0\]/number, "):
        find_task(tasks, "number")


def test_loops_give_lists_and_loops_in_loops_one_flat_list() -> None:
    tasks = merge(LOOPS, loop_records(), [], run_state="SUCCEEDED")
    assert find_task(tasks, "outer").output == [0, 1, 10, 11]
    assert find_task(tasks, "outer[1]/inner").output == [10, 11]
    assert find_task(tasks, "outer[1]/inner[1]").output == 11
    assert pipeline_outputs(LOOPS, tasks) == {"Output": [0, 1, 10, 11]}


def test_a_task_has_the_state_that_the_api_has_for_its_name() -> None:
    records = [record("number", state="RUNNING")]
    details = [
        TaskDetail("number", "PENDING"),
        TaskDetail("number(0)", "RUNNING"),
        TaskDetail("number-driver", "SUCCEEDED"),
        TaskDetail("executor(0)", "PENDING"),
    ]
    (task, *_) = merge(NESTED, records, details, run_state="RUNNING")
    assert task.state == "PENDING"


def test_in_loops_the_api_tells_no_tasks_apart() -> None:
    records = [record("outer", place=(f"outer[{n}]",), state="RUNNING") for n in (0, 1)]
    details = [TaskDetail("outer", "FAILED", "why"), TaskDetail("outer", "RUNNING")]
    states = [task.state for task in merge(LOOPS, records, details, run_state="RUNNING")]
    assert states[:2] == ["RUNNING", "RUNNING"]


def test_outputs_that_were_not_read_say_so() -> None:
    why = "the log of pod x has none"
    found = record("number", outputs={}, unread=why)
    (task, *_) = merge(NESTED, [found], [], run_state="SUCCEEDED", unread="ML Metadata: 404")
    with pytest.raises(NotFound, match=f"outputs were not read: ML Metadata: 404; {why}"):
        _ = task.output
    with pytest.raises(NotFound, match=why):
        _ = task.outputs["Output"]


def test_without_any_source_the_states_are_those_of_the_api() -> None:
    details = [TaskDetail("number", "SUCCEEDED")]
    tasks = merge(NESTED, [], details, run_state="SUCCEEDED", unread="ML Metadata: 404")
    task = find_task(tasks, "number")
    assert task.state == "SUCCEEDED"
    assert task.unread == "outputs were not read: ML Metadata: 404"
