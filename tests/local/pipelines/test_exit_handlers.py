"""Exit handlers, and tasks that ignore failures upstream."""

from __future__ import annotations

import json

import pytest

from tests.local.pipelines.flows import guarded, ignoring, told
from tests.local.pipelines.member import Member


@pytest.mark.parametrize(("fails", "state"), [("no", "SUCCEEDED"), ("yes", "FAILED")])
def test_the_exit_task_runs_in_any_case(member: Member, fails: str, state: str) -> None:
    run = member.run(guarded, fails=fails)
    assert run.state == state
    records = member.records(run.run_id)
    assert records["say"].outputs == {"out": "cleaned up"}
    assert records["exit-handler-1"].state == state
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
