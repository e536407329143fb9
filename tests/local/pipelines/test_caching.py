"""Tasks whose outputs another one has given before."""

from __future__ import annotations

from typing import Any

from tests.local.pipelines.flows import cached, cached_branch, keyed
from tests.local.pipelines.ledgers import executions
from tests.local.pipelines.member import Member, name
from tests.local.pipelines.platforms import deleting
from tests.local.pipelines.volumes import claim


def ended(member: Member, pipeline: Any, *, caching: bool | None = True, **arguments: Any) -> Any:
    made = member.kfp.create_run_from_pipeline_func(
        pipeline,
        arguments,
        run_name=name(),
        namespace=member.namespace,
        experiment_name="Default",
        enable_caching=caching,
    )
    return member.wait(str(made.run_id))


def started(member: Member, pipeline: Any, *, caching: bool | None = True, **arguments: Any) -> Any:
    run = ended(member, pipeline, caching=caching, **arguments)
    assert run.state == "SUCCEEDED", member.errors(run)
    return run


def test_the_same_again_is_taken_from_the_cache(member: Member) -> None:
    label = name("label")
    first, second = (started(member, cached, label=label) for _ in range(2))
    before, after = (member.records(run.run_id) for run in (first, second))
    assert before["unique"].outputs == after["unique"].outputs
    assert before["unique"].artifacts == after["unique"].artifacts
    assert before["join"].outputs == after["join"].outputs
    assert member.pods(second.run_id) == []
    found = {one["task_name"]: one for one in executions(member, first.run_id)}
    again = {one["task_name"]: one for one in executions(member, second.run_id)}
    assert again["unique"]["cached_execution_id"] == str(found["unique"]["id"])
    assert again["unique"]["state"] == "CACHED"
    assert again["unique"]["cache_fingerprint"] == found["unique"]["cache_fingerprint"]
    # As Argo shows it: the task succeeds, its executor is skipped.
    task = member.nodes(second.run_id).tasks["unique",]
    assert (task.state, task.cached) == ("SUCCEEDED", True)


def test_other_inputs_are_not(member: Member) -> None:
    first = started(member, cached, label=name("label"))
    second = started(member, cached, label=name("label"))
    one, other = (member.records(run.run_id)["unique"].outputs for run in (first, second))
    assert one != other


def test_who_does_not_want_it_gets_a_new_one(member: Member) -> None:
    label = name("label")
    first = started(member, cached, label=label)
    second = started(member, cached, caching=False, label=label)
    one, other = (member.records(run.run_id)["unique"].outputs for run in (first, second))
    assert one != other
    assert "cache_fingerprint" not in {
        key for each in executions(member, second.run_id) for key in each
    }


def test_a_key_of_its_own_counts_instead_of_the_inputs(member: Member) -> None:
    first = started(member, keyed, caching=None, label="one")
    second = started(member, keyed, caching=None, label="two")
    one, other = (member.records(run.run_id)["unique"].outputs for run in (first, second))
    assert one == other


def test_a_claim_is_deleted_each_time(member: Member) -> None:
    pvc = claim(member)
    assert ended(member, deleting, pvc=pvc).state == "SUCCEEDED"

    def gone() -> bool:
        listed = member.core.list_namespaced_persistent_volume_claim(member.namespace).items
        return pvc not in {one.metadata.name for one in listed}

    member.until(gone, "the claim to be gone")
    again = ended(member, deleting, pvc=pvc)
    assert f"failed to delete pvc {pvc}: cannot find pvc" in member.errors(again)


def test_a_branch_out_of_the_cache_gives_nothing(member: Member) -> None:
    """ML Metadata has it run for ever, since no launcher ends it: dsl.OneOf does not find it."""
    label = name()
    assert ended(member, cached_branch, label=label).state == "SUCCEEDED"
    again = ended(member, cached_branch, label=label)
    assert again.state == "FAILED"
    assert "task 'condition-branches-1' has no output parameter" in member.errors(again)
    assert member.records(again.run_id)["condition-branches-1/condition-2"].state == "RUNNING"
