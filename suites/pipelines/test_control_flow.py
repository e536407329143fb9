"""Loops, what is collected of them, branches, and what follows a failure."""

import pytest
from kfp import dsl

from pytest_kubeflow import PipelineRun


@dsl.component(base_image="python:3.11")
def double(number: int) -> int:
    """Return twice the number."""
    return 2 * number


@dsl.component(base_image="python:3.11")
def add_up(numbers: list) -> int:  # type: ignore[type-arg]  # a parameter type of KFP
    """Return the sum."""
    return sum(numbers)


@dsl.component(base_image="python:3.11")
def tell(text: str) -> str:
    """Return the text."""
    return text


@dsl.component(base_image="python:3.11")
def fail(text: str) -> str:
    """Raise an error with the text."""
    raise RuntimeError(text)


@dsl.pipeline(name="loop-and-branch")
def loop_and_branch(numbers: list[int], limit: int) -> str:
    """Double each number, add them up, and tell whether they come over the limit."""
    with dsl.ParallelFor(numbers) as number:
        doubled = double(number=number)
    total = add_up(numbers=dsl.Collected(doubled.output))
    with dsl.If(total.output > limit):
        over = tell(text="over")
    with dsl.Else():
        under = tell(text="under")
    return dsl.OneOf(over.output, under.output)


@dsl.pipeline(name="clean-up-after-failure")
def clean_up_after_failure() -> None:
    """A task that fails, and one that follows in any case."""
    with dsl.ExitHandler(tell(text="cleaned up")):
        fail(text="on purpose")


@pytest.mark.kf_pipeline(loop_and_branch, arguments={"numbers": [1, 2, 3], "limit": 100})
def test_each_item_is_looped_over_and_one_branch_taken(pipeline_run: PipelineRun) -> None:
    """A loop has an iteration for each item, and one branch of a condition runs."""
    doubled = [(task.label, task.output) for task in pipeline_run.tasks if task.name == "double"]
    assert sorted(output for _, output in doubled) == [2, 4, 6]
    if len({label for label, _ in doubled}) == len(doubled):
        # Labels have the iteration's number: each has got its own item.
        assert [output for _, output in sorted(doubled)] == [2, 4, 6]
    assert pipeline_run.task("add-up").output == 12
    ran = {
        task.label: task.output
        for task in pipeline_run.tasks
        if task.name.startswith("tell") and task.state == "SUCCEEDED"
    }
    message = (
        f"of two branches of run {pipeline_run.name} 'under' was to run alone; what ran: {ran}"
    )
    assert [*ran.values()] == ["under"], message
    assert pipeline_run.outputs == {"Output": "under"}


@pytest.mark.kf_pipeline(clean_up_after_failure, expect="FAILED")
def test_exit_task_follows_failure(pipeline_run: PipelineRun) -> None:
    """An exit handler runs after a task that failed."""
    assert pipeline_run.task("fail").state == "FAILED"
    state = pipeline_run.task("tell").state
    message = (
        f"task tell of run {pipeline_run.name} is {state}: it was to run though fail has failed"
    )
    assert state == "SUCCEEDED", message
    assert pipeline_run.task("tell").output == "cleaned up"
