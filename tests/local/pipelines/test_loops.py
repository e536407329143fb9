"""ParallelFor: iterations, what they are given, what is collected of them."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from tests.local.pipelines import flows
from tests.local.pipelines.ledgers import executions
from tests.local.pipelines.member import Member


def outputs(records: dict[str, Any], end: str) -> dict[str, Any]:
    """The only outputs of the tasks whose place ends so."""
    return {
        name: next(iter(one.outputs.values()))
        for name, one in records.items()
        if name.endswith(end) and one.outputs
    }


def test_static_items(member: Member) -> None:
    records = member.succeed(flows.static_loop)
    assert outputs(records, "/join") == {
        "for-loop-2[0]/join": "a+1",
        "for-loop-2[1]/join": "b+2",
    }
    assert outputs(records, "show") == {"show": '["a","b"]'}


def test_items_of_a_parameter_one_at_a_time_and_of_a_task(member: Member) -> None:
    names = ["ä", "two words", "3"]
    records = member.succeed(flows.dynamic_loop, names=names)
    assert list(outputs(records, "/read").values()) == names
    assert sorted(outputs(records, "/say").values()) == ["a", "b"]
    # One at a time: each ended before the next began.
    times = [(one.started or 0, one.ended or 0) for name, one in records.items()
             if name.startswith("for-loop-1[") and name.endswith("/read")]  # fmt: skip
    assert all(before[1] <= after[0] for before, after in pairwise(times))


def test_loops_in_loops_are_collected_flat(member: Member) -> None:
    records = member.succeed(flows.nested_loops)
    assert outputs(records, "show") == {"show": '["a+x","a+y","b+x","b+y"]'}
    assert len(outputs(records, "/join")) == 4


def test_artifacts_are_collected(member: Member) -> None:
    records = member.succeed(flows.artifact_loop)
    assert records["read-all"].outputs["Output"] == "abc"


def test_a_loop_over_nothing(member: Member) -> None:
    """Nothing is collected of it: the task that would fails in its driver, as in the backend."""
    run = member.run(flows.empty_loop, names=[])
    assert run.state == "FAILED"
    records = member.records(run.run_id)
    assert {name for name in records if name.startswith("for-loop")} == {"for-loop-1"}
    error = member.details(run.run_id)["show"]["error"]["message"]
    assert "task 'for-loop-1' has no output parameter" in error


def test_what_a_branch_in_a_loop_gives_is_not_collected(member: Member) -> None:
    run = member.run(flows.branched_loop, texts=["yes", "no"])
    assert run.state == "FAILED"
    error = member.details(run.run_id)["show"]["error"]["message"]
    assert "task 'for-loop-1' has no output parameter" in error
    # Unless it is taken in each iteration.
    records = member.succeed(flows.branched_loop, texts=["yes", "yes"])
    assert outputs(records, "show") == {"show": '["yes","yes"]'}


def test_of_collected_artifacts_one_reaches_a_pipeline_inside(member: Member) -> None:
    records = member.succeed(flows.collected_inside)
    assert records["inside/read-all"].outputs["Output"] in {"a", "b", "c"}


def test_a_failed_iteration_fails_its_loop_and_the_run(member: Member) -> None:
    run = member.run(flows.failing_loop)
    assert run.state == "FAILED"
    records = member.records(run.run_id)
    assert records["for-loop-2[0]/say"].state == "SUCCEEDED"
    assert records["for-loop-2[1]"].state == "FAILED"
    assert records["for-loop-2"].state == "FAILED"
    assert records["greet"].state == "SUCCEEDED"  # it depends on nothing


def test_executions_carry_their_numbers(member: Member) -> None:
    """As clients of ML Metadata find iterations: by `iteration_index` and `iteration_count`."""
    run = member.run(flows.static_loop)
    found = executions(member, run.run_id)
    (loop,) = [one for one in found if "iteration_count" in one]
    assert loop["iteration_count"] == 2
    assert loop["total_dag_tasks"] == 2
    inner = [one for one in found if "iteration_index" in one]
    assert sorted(one["iteration_index"] for one in inner) == [0, 1]
    assert {one["parent_dag_id"] for one in inner} == {loop["id"]}
    assert {one["task_name"] for one in inner} == {"for-loop-2"}


def test_tasks_after_a_loop_wait_for_it(member: Member) -> None:
    records = member.succeed(flows.crossing)
    ended = max(one.ended or 0 for name, one in records.items() if name.endswith("/say"))
    assert (records["greet"].started or 0) >= ended
