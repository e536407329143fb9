"""Tasks that are tried again."""

from __future__ import annotations

from tests.local.pipelines.flows import retried
from tests.local.pipelines.member import Member


def test_a_task_is_tried_until_it_succeeds(member: Member) -> None:
    run = member.run(retried, text="2")
    assert run.state == "SUCCEEDED", member.errors(run)
    details = member.details(run.run_id)
    attempts = [details[f"retry-me({number})"] for number in range(3)]
    assert [one["state"] for one in attempts] == ["FAILED", "FAILED", "SUCCEEDED"]
    assert "exit status 1" in attempts[0]["error"]["message"]
    assert "retry-me(3)" not in details
    whole = details["retry-me"]
    assert whole["state"] == "SUCCEEDED"
    pods = [one["pod_name"] for one in whole["child_tasks"]]
    assert pods == [one["pod_name"] for one in attempts]
    assert {one.metadata.name for one in member.pods(run.run_id)} == set(pods)
    record = member.records(run.run_id)["retry-me"]
    assert record.state == "SUCCEEDED"
    assert record.pod_name == pods[-1]
    assert "attempt 1 of 2" in member.log(run.run_id, "retry-me(1)")


def test_the_last_attempt_decides(member: Member) -> None:
    run = member.run(retried, text="9")
    assert run.state == "FAILED"
    details = member.details(run.run_id)
    assert [name for name in details if name.startswith("retry-me(")] == [
        f"retry-me({number})" for number in range(4)
    ]
    assert member.records(run.run_id)["retry-me"].state == "FAILED"
