"""Branches: which of them run, what comes out of them, and how the others are told."""

from __future__ import annotations

import pytest

from tests.local.pipelines.flows import branched_artifacts, branches, skipped
from tests.local.pipelines.member import Member
from tests.local.pipelines.submission import submit
from tests.local.pipelines.wellformed import DEFAULTS, changed


@pytest.mark.parametrize(
    ("text", "chosen"), [("yes", "first"), ("much longer", "second"), ("no", "third")]
)
def test_one_branch_runs(member: Member, text: str, chosen: str) -> None:
    records = member.succeed(branches, text=text)
    ran = {name: one.outputs["out"] for name, one in records.items() if name.startswith("cond")
           and "out" in one.outputs}  # fmt: skip
    assert list(ran.values()) == [chosen]
    assert records["join"].outputs["out"] == f"{chosen}+after"
    states = {name: one.state for name, one in records.items() if name.count("/") == 1}
    assert sorted(states.values()) == ["SKIPPED", "SKIPPED", "SUCCEEDED"]


@pytest.mark.parametrize(("text", "chosen"), [("yes", "first"), ("no", "second")])
def test_artifacts_come_out_of_branches(member: Member, text: str, chosen: str) -> None:
    records = member.succeed(branched_artifacts, text=text)
    assert records["read"].outputs["out"] == chosen


def test_what_is_not_taken_is_skipped(member: Member) -> None:
    run = member.run(skipped, text="no")
    assert run.state == "SUCCEEDED", member.errors(run)
    details = member.details(run.run_id)
    assert details["never"]["state"] == "SKIPPED"
    assert "greet" not in details  # nothing inside it was looked at
    assert details["say"]["state"] == "SUCCEEDED"
    assert member.records(run.run_id)["condition-1"].state == "SKIPPED"


def test_a_condition_that_cannot_be_answered_fails_its_task(
    member: Member, experiment: str
) -> None:
    policy = {"condition": "inputs.parameter_values['gone'] == 'x'"}
    spec = changed(DEFAULTS, "root.dag.tasks.only.triggerPolicy", policy)
    config = {"parameters": {"needed": "x"}}
    made = submit(member, experiment, pipeline_spec=spec, runtime_config=config).json()
    run = member.wait(made["run_id"])
    assert run.state == "FAILED"
    assert "evaluation error: no such key: gone" in member.errors(run)
