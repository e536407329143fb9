"""Tasks that are tried again."""

from __future__ import annotations

from tests.local.pipelines.flows import retried
from tests.local.pipelines.member import Member


def test_a_task_is_tried_until_it_succeeds(member: Member) -> None:
    run = member.run(retried, text="2")
    assert run.state == "SUCCEEDED", member.errors(run)
    nodes = member.nodes(run.run_id)
    task = nodes.tasks["retry-me",]
    assert [one.phase for one in task.executors] == ["Failed", "Failed", "Succeeded"]
    assert task.executors[0].message == "main: Error (exit code 1)"
    assert task.state == "SUCCEEDED"
    pods = [nodes.pod_name(one) for one in task.executors]
    assert {one.metadata.name for one in member.pods(run.run_id)} == set(pods)
    record = member.records(run.run_id)["retry-me"]
    assert record.state == "SUCCEEDED"
    assert record.pod_name == pods[-1]
    log = member.core.read_namespaced_pod_log(pods[1], member.namespace, container="main")
    assert "attempt 1 of 2" in log


def test_the_last_attempt_decides(member: Member) -> None:
    run = member.run(retried, text="9")
    assert run.state == "FAILED"
    task = member.nodes(run.run_id).tasks["retry-me",]
    assert [one.phase for one in task.executors] == ["Failed"] * 4
    assert member.records(run.run_id)["retry-me"].state == "FAILED"
