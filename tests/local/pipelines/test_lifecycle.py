"""Runs that are stopped, go on after a failure, or lose what they are made of."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.local.pipelines.flows import endless_loop
from tests.local.pipelines.ledgers import executions
from tests.local.pipelines.member import Member, name
from tests.local.pipelines.programs import endless, greeting
from tests.local.pipelines.volumes import (
    claim,
    fragile,
    fragile_inside,
    fragile_loop,
    open_gate,
)


def running(member: Member, experiment: str) -> str:
    """A run of `endless` whose two waiting tasks are running."""
    run_id = member.start(endless, experiment)

    def both() -> bool:
        details = member.details(run_id)
        states = {details.get(one, {}).get("state") for one in ("one", "two")}
        return states == {"RUNNING"} and all(
            "waiting" in member.log(run_id, one) for one in ("one", "two")
        )

    member.wait(run_id, "RUNNING")
    member.until(both, "two tasks to run")
    return run_id


def workflow(administrator: Any, member: Member, run_id: str) -> dict[str, Any]:
    from kubernetes import client

    listed = client.CustomObjectsApi(administrator).list_namespaced_custom_object(
        "argoproj.io",
        "v1alpha1",
        member.namespace,
        "workflows",
        label_selector=f"pipeline/runid={run_id}",
    )
    (found,) = listed["items"]
    return dict(found)


def delete_workflow(administrator: Any, member: Member, run_id: str) -> None:
    from kubernetes import client

    called = workflow(administrator, member, run_id)["metadata"]["name"]
    client.CustomObjectsApi(administrator).delete_namespaced_custom_object(
        "argoproj.io", "v1alpha1", member.namespace, "workflows", called
    )


def pods_of(member: Member, run_id: str) -> dict[str, str]:
    """The uids of the run's pods, by name."""
    return {pod.metadata.name: pod.metadata.uid for pod in member.pods(run_id)}


def test_terminating_kills_the_pods(member: Member, experiment: str, administrator: Any) -> None:
    run_id = running(member, experiment)
    assert len(member.pods(run_id)) == 3
    member.kfp.terminate_run(run_id)
    run = member.wait(run_id)
    # As the real one ends it: it was canceled, and has failed.
    assert run.state == "FAILED"
    assert [one.state for one in run.state_history][-2:] == ["CANCELING", "FAILED"]
    assert re.fullmatch(
        r"retry exceeded workflow deadline [0-9-]+ [0-9:]+ \+0000 UTC",
        workflow(administrator, member, run_id)["status"]["message"],
    )
    # What had ended keeps its log; what ran is gone.
    assert [pod.status.phase for pod in member.pods(run_id)] == ["Succeeded"]
    details = member.details(run_id)
    states = {task: one["state"] for task, one in details.items()}
    assert states == {"greet": "SUCCEEDED", "one": "FAILED", "two": "FAILED"}
    records = member.records(run_id)
    assert {task: one.state for task, one in records.items()} == {
        "greet": "SUCCEEDED",
        "wait-for-ever": "RUNNING",  # nobody has told ML Metadata
        "wait-for-ever-2": "RUNNING",
    }


def test_what_has_ended_cannot_be_terminated(member: Member, experiment: str) -> None:
    run_id = member.start(greeting, experiment)
    member.wait(run_id)
    answer = member.call("POST", f"runs/{run_id}:terminate")
    assert answer.status_code == 400
    assert "Row not found" in answer.json()["message"]
    assert member.kfp.get_run(run_id).state == "SUCCEEDED"


def test_what_has_succeeded_cannot_be_retried(member: Member, experiment: str) -> None:
    run_id = member.start(greeting, experiment)
    member.wait(run_id)
    answer = member.call("POST", f"runs/{run_id}:retry")
    assert (answer.status_code, answer.json()["code"]) == (409, 10)
    assert answer.json()["details"][0]["message"] == "Workflow must be Failed/Error to retry"


def test_a_retry_runs_only_what_failed(member: Member, experiment: str) -> None:
    pvc = claim(member)
    run_id = member.start(fragile, experiment, pvc=pvc)
    run = member.wait(run_id)
    assert run.state == "FAILED"
    before = member.records(run_id)
    assert {one: before[one].state for one in before} == {
        "stamp": "SUCCEEDED",
        "need-file": "FAILED",
    }
    first = pods_of(member, run_id)
    omitted = member.details(run_id)["join"]
    assert omitted["state"] == "SKIPPED"
    assert "pod_name" not in omitted
    open_gate(member, pvc)
    member.call("POST", f"runs/{run_id}:retry").raise_for_status()
    again = member.wait(run_id)
    assert again.state == "SUCCEEDED", member.errors(again)
    after = member.records(run_id)
    assert after["stamp"].outputs == before["stamp"].outputs
    assert after["stamp"].pod_name == before["stamp"].pod_name
    # Argo gives the pod of a task the same name again.
    assert after["need-file"].pod_name == before["need-file"].pod_name
    assert pods_of(member, run_id)[after["need-file"].pod_name] not in first.values()
    assert after["join"].outputs == {"out": f"{before['stamp'].outputs['out']}+end"}
    assert [one.state for one in again.state_history if one.state != "RUNNING"] == [
        "PENDING",
        "FAILED",
        "PENDING",
        "SUCCEEDED",
    ]


def test_a_retry_goes_on_inside_loops(member: Member, experiment: str) -> None:
    pvc = claim(member)
    run_id = member.start(fragile_loop, experiment, pvc=pvc)
    assert member.wait(run_id).state == "FAILED"
    before = member.records(run_id)
    first = pods_of(member, run_id)
    numbered = executions(member, run_id)
    open_gate(member, pvc)
    member.call("POST", f"runs/{run_id}:retry").raise_for_status()
    again = member.wait(run_id)
    assert again.state == "SUCCEEDED", member.errors(again)
    after = member.records(run_id)
    again_made = pods_of(member, run_id)
    for place in ("for-loop-2[0]/stamp", "for-loop-2[1]/stamp"):
        assert after[place].pod_name == before[place].pod_name
        assert again_made[after[place].pod_name] == first[after[place].pod_name]
    # Nothing follows a loop's failures: Argo has no hook for it.
    assert "stamp-2" not in before
    assert "stamp-2" not in after
    # Each task has one execution still.
    assert [one["id"] for one in executions(member, run_id)] == [one["id"] for one in numbered]


def test_a_retry_goes_on_inside_nested_pipelines(member: Member, experiment: str) -> None:
    pvc = claim(member)
    run_id = member.start(fragile_inside, experiment, pvc=pvc)
    assert member.wait(run_id).state == "FAILED"
    first = member.records(run_id)["halves/stamp"].outputs["out"]
    open_gate(member, pvc)
    member.call("POST", f"runs/{run_id}:retry").raise_for_status()
    again = member.wait(run_id)
    assert again.state == "SUCCEEDED", member.errors(again)
    assert member.records(run_id)["join"].outputs == {"out": f"{first}+x+outside"}


def test_a_terminated_run_can_be_retried(member: Member, experiment: str) -> None:
    run_id = running(member, experiment)
    member.kfp.terminate_run(run_id)
    assert member.wait(run_id).state == "FAILED"
    greeted = member.records(run_id)["greet"].pod_name
    member.call("POST", f"runs/{run_id}:retry").raise_for_status()
    member.until(
        lambda: member.details(run_id).get("one", {}).get("state") == "RUNNING",
        "a task to run again",
    )
    assert member.records(run_id)["greet"].pod_name == greeted
    member.kfp.terminate_run(run_id)
    assert member.wait(run_id).state == "FAILED"


def test_a_run_without_its_workflow_stays_as_it_was(
    member: Member, experiment: str, administrator: Any
) -> None:
    """As of KFP 2.17: the persistence agent tells nothing of what it does not find."""
    run_id = running(member, experiment)
    delete_workflow(administrator, member, run_id)
    member.until(lambda: not member.pods(run_id), "its pods to be gone")
    run = member.kfp.get_run(run_id)
    assert run.state == "RUNNING"
    assert run.error is None
    member.kfp.delete_run(run_id)


def test_a_retry_makes_the_workflow_again(
    member: Member, experiment: str, administrator: Any
) -> None:
    pvc = claim(member)
    run_id = member.start(fragile, experiment, pvc=pvc)
    assert member.wait(run_id).state == "FAILED"
    delete_workflow(administrator, member, run_id)
    open_gate(member, pvc)
    member.call("POST", f"runs/{run_id}:retry").raise_for_status()
    again = member.wait(run_id)
    assert again.state == "SUCCEEDED", member.errors(again)


def test_a_run_without_a_pod_has_failed(member: Member, experiment: str) -> None:
    run_id = running(member, experiment)
    pod = member.details(run_id)["one"]["pod_name"]
    member.core.delete_namespaced_pod(pod, member.namespace)
    member.until(
        lambda: member.details(run_id)["one"]["state"] == "FAILED", "the task to have failed"
    )
    assert "exit code 1" in member.details(run_id)["one"]["error"]["message"]
    # The other one goes on: failing fast starts nothing new, and kills nothing.
    assert member.details(run_id)["two"]["state"] == "RUNNING"
    member.kfp.terminate_run(run_id)
    member.wait(run_id)


def test_a_run_can_be_deleted_while_it_runs(member: Member, experiment: str) -> None:
    run_id = running(member, experiment)
    member.kfp.delete_run(run_id)
    assert member.call("GET", f"runs/{run_id}").status_code == 404
    member.until(lambda: not member.pods(run_id), "its pods to be gone")


def test_its_workflow_says_how_it_stands(
    member: Member, experiment: str, administrator: Any
) -> None:
    run_id = member.start(greeting, experiment)
    member.wait(run_id)
    found = workflow(administrator, member, run_id)
    assert found["status"]["phase"] == "Succeeded"
    assert found["metadata"]["labels"]["workflows.argoproj.io/completed"] == "true"
    kinds = {one["displayName"]: one["type"] for one in found["status"]["nodes"].values()}
    assert kinds["root(0)"] == kinds["greet(0)"] == "DAG"
    assert kinds["root-driver(0)"] == kinds["greet-driver(0)"] == kinds["executor(0)"] == "Pod"
    assert kinds["greet"] == "Retry"


@pytest.mark.parametrize("verb", ["terminate", "retry", "archive", "unarchive"])
def test_a_run_that_is_not_there_cannot_change(member: Member, verb: str) -> None:
    answer = member.call("POST", f"runs/{name()}:{verb}")
    assert answer.status_code == 404
    assert answer.json()["code"] == 5


def test_terminating_ends_loops_and_retries(member: Member, experiment: str) -> None:
    run_id = member.start(endless_loop, experiment)
    member.until(
        lambda: (
            len(member.pods(run_id)) == 2
            and {one.status.phase for one in member.pods(run_id)} == {"Running"}
        ),
        "two iterations to run",
    )
    member.kfp.terminate_run(run_id)
    assert member.wait(run_id).state == "FAILED"
    assert member.pods(run_id) == []
    records = member.records(run_id)
    assert {one.state for one in records.values()} == {"RUNNING"}
    details = member.details(run_id)
    assert {one["state"] for one in details.values()} == {"FAILED"}
