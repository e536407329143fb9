"""The tasks of a run have to account for its end: dropped, failed, cached and foreign ones."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from kfp import dsl

from pytest_kubeflow.pipelines.accounting import Accounting
from pytest_kubeflow.pipelines.outputs.source import TaskRecord
from pytest_kubeflow.pipelines.packages.package import Package, compile_pipeline
from pytest_kubeflow.pipelines.runs.view import TaskDetail
from pytest_kubeflow.pipelines.tasks.task import merge
from suites.pipelines.pythagorean import pythagorean
from suites.pipelines.test_control_flow import double, fail, loop_and_branch, tell

ROOT = compile_pipeline(pythagorean).without_caching()
LOOP = compile_pipeline(loop_and_branch).without_caching()


def record(*place: str, **more: Any) -> TaskRecord:
    path = tuple(one.split("[")[0] for one in place)
    return TaskRecord(
        name=path[-1], path=path, place=place, **{"state": "SUCCEEDED", "is_dag": False, **more}
    )


def dag(*place: str, **more: Any) -> TaskRecord:
    return record(*place, is_dag=True, **more)


FOUR = [record(name) for name in ("square", "square-2", "add", "square-root")]
LOOPED = [
    dag("for-loop-1"),
    *(dag(f"for-loop-1[{number}]") for number in range(3)),
    *(record(f"for-loop-1[{number}]", "double") for number in range(3)),
    record("add-up"),
    dag("condition-branches-2"),
    dag("condition-branches-2", "condition-3", state="CANCELED"),
    dag("condition-branches-2", "condition-4"),
    record("condition-branches-2", "condition-4", "tell-2"),
]
"""As ML Metadata has them where the second branch was taken."""


def told(
    package: Package,
    records: Sequence[TaskRecord],
    details: Sequence[TaskDetail] = (),
    *,
    complete: bool = True,
    arguments: Mapping[str, Any] | None = None,
) -> list[str]:
    """What contradicts the success of a run with these records."""
    tasks = merge(package, records, details, run_state="SUCCEEDED")
    accounting = Accounting(package, arguments or {}, tasks, complete)
    return [*accounting.of_any_end(), *accounting.of_success(), *accounting.failed_in_api(details)]


def test_whole_runs_are_accounted_for() -> None:
    assert told(ROOT, FOUR) == []
    assert told(LOOP, LOOPED, arguments={"numbers": [1, 2, 3]}) == []


def test_none_is_known() -> None:
    assert told(ROOT, []) == ["of its 4 tasks none is known"]
    assert told(ROOT, [], complete=False) == []


@pytest.mark.parametrize("number", range(len(FOUR)))
def test_one_of_four_is_not_as_it_should_be(number: int) -> None:
    name = FOUR[number].name
    rest = [one for one in FOUR if one.name != name]
    assert told(ROOT, rest) == [f"task {name} is missing"]
    assert told(ROOT, rest, complete=False) == []  # its pod may be gone
    for state in ("FAILED", "RUNNING", "CANCELED", "PENDING"):
        assert told(ROOT, [*rest, record(name, state=state)]) == [f"task {name} is {state}"]
    # The driver was run again, and made another record.
    for order in ([record(name, state="RUNNING"), record(name)], [record(name, state="FAILED")]):
        assert told(ROOT, [*rest, *order, record(name)]) == []
    assert told(ROOT, [*rest, record(name, state="FAILED")], complete=False) == [
        f"task {name} is FAILED"
    ]
    assert told(ROOT, [*rest, record(name, is_cached=True)]) == [
        f"task {name} was not run: its outputs are out of the cache"
    ]


def test_a_cache_that_was_asked_for() -> None:
    cached = [replace(one, is_cached=True) for one in FOUR]
    assert told(compile_pipeline(pythagorean), cached) == []
    assert len(told(ROOT, cached)) == 4


def test_tasks_of_another_pipeline() -> None:
    foreign = record("cube")
    assert told(ROOT, [*FOUR, foreign]) == ["it ran a task cube, which its pipeline does not have"]
    assert told(ROOT, [*FOUR, foreign], complete=False) == []


LEAVES = [number for number, one in enumerate(LOOPED) if not one.is_dag]


@pytest.mark.parametrize("number", LEAVES, ids=lambda number: "/".join(LOOPED[number].place))
def test_one_task_of_loops_and_branches_is_missing(number: int) -> None:
    rest = [one for one in LOOPED if one is not LOOPED[number]]
    label = "/".join(LOOPED[number].place)
    assert told(LOOP, rest) == [f"task {label} is missing"]


def test_iterations_that_are_missing_or_too_many() -> None:
    gone = [one for one in LOOPED if "for-loop-1[1]" not in one.place]
    assert told(LOOP, gone) == ["iteration for-loop-1[1] is missing"]
    last = [one for one in LOOPED if "for-loop-1[2]" not in one.place]
    assert told(LOOP, last) == []  # nobody says how many there should be
    three = {"numbers": [1, 2, 3]}
    assert told(LOOP, last, arguments=three) == ["iteration for-loop-1[2] is missing"]
    two = {"numbers": [1, 2]}
    assert told(LOOP, LOOPED, arguments=two) == ["loop for-loop-1 ran 3 times, not 2"]
    none = [one for one in LOOPED if "for-loop-1[" not in one.place[0]]
    assert told(LOOP, none, arguments={"numbers": []}) == []
    assert len(told(LOOP, none, arguments=three)) == 3


def test_neither_branch_was_taken() -> None:
    """Conditions are the cluster's to work out; what a branch has in it, not."""
    branches = [one for one in LOOPED if one.place[-1] != "tell-2"]
    assert told(LOOP, branches) == ["task condition-branches-2/condition-4/tell-2 is missing"]
    skipped = [
        *LOOPED[:-2],
        dag("condition-branches-2", "condition-4", state="CANCELED"),
    ]
    assert told(LOOP, skipped) == []


@dsl.pipeline(name="following")
def following(flag: bool) -> None:
    with dsl.If(flag == True):  # noqa: E712 it is no bool, but a channel
        double(number=1)
    tell(text="after")


def test_what_follows_a_branch_that_was_not_taken_may_be_missing() -> None:
    spec: Any = copy.deepcopy(dict(compile_pipeline(following).without_caching().pipeline_spec))
    # The SDK does not let a task follow one in a branch; others may.
    spec["root"]["dag"]["tasks"]["tell"]["dependentTasks"] = ["condition-1"]
    package = Package(spec)
    assert told(package, [dag("condition-1", state="CANCELED")]) == []
    taken = [dag("condition-1"), record("condition-1", "double")]
    assert told(package, taken) == ["task tell is missing"]
    assert told(package, [*taken, record("tell")]) == []


@dsl.pipeline(name="tolerant")
def tolerant() -> None:
    broken = fail(text="on purpose")
    tell(text="later").after(broken).ignore_upstream_failure()


def test_failures_that_another_task_tolerates() -> None:
    package = compile_pipeline(tolerant).without_caching()
    failed = record("fail", state="FAILED")
    detail = TaskDetail("fail", "FAILED")
    assert told(package, [failed, record("tell")], [detail]) == []
    assert told(package, [record("fail"), record("tell", state="FAILED")]) == [
        "task tell is FAILED"
    ]


def test_failures_that_the_api_alone_tells() -> None:
    nodes = [
        TaskDetail("root(0)", "SUCCEEDED"),
        TaskDetail("add(0)", "FAILED"),  # an attempt
        TaskDetail("executor", "FAILED"),
        TaskDetail("", "FAILED"),
    ]
    assert told(ROOT, FOUR, [*nodes, TaskDetail("add", "SUCCEEDED")]) == []
    assert told(ROOT, FOUR, [*nodes, TaskDetail("add", "FAILED", "why")]) == [
        "task add is FAILED (why)"
    ]


def test_display_names_are_understood() -> None:
    """Drivers of older releases record them instead of the keys."""
    spec = dict(ROOT.pipeline_spec)
    tasks = spec["root"]["dag"]["tasks"]
    renamed = {**tasks["add"], "taskInfo": {"name": "The sum"}}
    spec["root"] = {
        **spec["root"],
        "dag": {**spec["root"]["dag"], "tasks": tasks | {"add": renamed}},
    }
    records = [one if one.name != "add" else record("The sum") for one in FOUR]
    assert told(Package(spec), records) == []
