"""The API's task details, which are Argo's nodes: which tasks of the pipeline they tell of."""

from __future__ import annotations

from pytest_kubeflow.pipelines.runs.view import TaskDetail
from pytest_kubeflow.pipelines.tasks.api_tasks import api_tasks


def detail(name: str, state: str, *children: str) -> TaskDetail:
    return TaskDetail(name, state, children=children)


def twice(name: str, state: str) -> list[TaskDetail]:
    return [detail(name, state), detail(f"{name}(0)", state)]


DETAILS = [
    detail("demo-x7", "RUNNING", "demo-x7-1"),
    detail("demo-x7(0)", "RUNNING", "demo-x7-2"),
    detail("", "SUCCEEDED"),
    *twice("root", "RUNNING"),
    *twice("root-driver", "SUCCEEDED"),
    *twice("square-driver", "SUCCEEDED"),
    *twice("square", "RUNNING"),
    *twice("executor", "PENDING"),
    *twice("for-loop-1", "RUNNING"),
    *twice("iteration-driver", "SUCCEEDED"),
    detail("iteration-iterations", "RUNNING"),
    *twice("iteration-iterations(0:0)", "SUCCEEDED"),
    *twice("iteration-item", "SUCCEEDED"),
    *twice("double", "SUCCEEDED"),
    *twice("double", "RUNNING"),
    *twice("handler-1.onExit", "SUCCEEDED"),
    *twice("total-driver", "FAILED"),
    detail("total", "SKIPPED"),
]


def test_tasks_of_the_pipeline_alone() -> None:
    assert [str(one) for one in api_tasks(DETAILS).values()] == [
        "square running",
        "for-loop-1 running",
        "double 1 succeeded, 1 running",
        "total failed",
    ]


def test_states_that_differ_are_none() -> None:
    tasks = api_tasks(DETAILS)
    assert tasks["square"].state == "RUNNING"
    assert tasks["double"].state == ""
    assert tasks["total"].error == "its driver failed"


def test_those_of_an_older_api() -> None:
    details = [detail("root", "RUNNING"), detail("sort", "RUNNING"), detail("a-driver", "RUNNING")]
    assert [*api_tasks(details)] == ["sort"]
