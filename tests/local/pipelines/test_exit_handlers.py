"""Exit handlers, and tasks that ignore failures upstream."""

from __future__ import annotations

import json

import pytest

from tests.local.pipelines.flows import (
    after_a_hook,
    guarded,
    hooks,
    ignoring,
    ignoring_a_number,
    ignoring_a_text,
    told,
)
from tests.local.pipelines.ledgers import executions
from tests.local.pipelines.member import Member
from tests.local.pipelines.submission import submit
from tests.local.pipelines.wellformed import spec_of


@pytest.mark.parametrize(("fails", "state"), [("no", "SUCCEEDED"), ("yes", "FAILED")])
def test_the_exit_task_runs_in_any_case(member: Member, fails: str, state: str) -> None:
    run = member.run(guarded, fails=fails)
    assert run.state == state
    records = member.records(run.run_id)
    assert records["say"].outputs == {"out": "cleaned up"}
    # With a branch not taken for its last, ML Metadata has it run for ever.
    assert records["exit-handler-1"].state == ("FAILED" if fails == "yes" else "RUNNING")
    handler = records["exit-handler-1"]
    assert (records["say"].started or 0) >= (handler.ended or 0)


@pytest.mark.parametrize(("fails", "state"), [("no", "COMPLETE"), ("yes", "FAILED")])
def test_the_exit_task_is_told_how_they_ended(member: Member, fails: str, state: str) -> None:
    run = member.run(told, fails=fails)
    status = member.records(run.run_id)["final"].outputs["out"]
    assert status["state"] == state, json.dumps(status)
    assert status["pipelineTaskName"] == "exit-handler-1"
    assert status["pipelineJobResourceName"].startswith("told-")


def test_failures_upstream_can_be_ignored(member: Member) -> None:
    run = member.run(ignoring)
    assert run.state == "FAILED"  # the run itself is not excused
    details = member.details(run.run_id)
    assert details["say"]["state"] == "SUCCEEDED"
    assert details["greet"]["state"] == "SKIPPED"
    assert "pod_name" not in details["greet"]


def test_what_a_failed_task_did_not_give_is_an_empty_text(member: Member) -> None:
    """Not the default of who takes it; a number cannot be empty, so its task's driver fails."""
    run = member.run(ignoring_a_text)
    assert member.records(run.run_id)["say-default"].outputs == {"out": "<>"}
    run = member.run(ignoring_a_number)
    error = member.details(run.run_id)["say-number"]["error"]["message"]
    assert "parameter number has unknown protobuf.Value type: <nil>" in error


def test_a_task_has_one_hook(member: Member) -> None:
    """Of two tasks that follow one the second runs alone, and once for each that it follows."""
    run = member.run(hooks)
    assert run.state == "SUCCEEDED", member.errors(run)
    names = [one["display_name"] for one in executions(member, run.run_id)]
    assert sorted(name for name in names if name) == ["greet", "greet-2", "twice", "twice"]


def test_nothing_follows_a_hook(member: Member, experiment: str) -> None:
    refused = submit(member, experiment, pipeline_spec=spec_of(after_a_hook))
    assert refused.status_code == 400
    assert "'say', which ignores failures upstream" in refused.json()["message"]
