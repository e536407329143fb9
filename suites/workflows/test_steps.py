"""Steps: groups in their order, the steps of a group at the same time."""

import pytest

from pytest_kubeflow import Workflow, WorkflowNode

pytestmark = [pytest.mark.kf_requires("workflows"), pytest.mark.kf_images("--kf-base-image")]


def span(node: WorkflowNode) -> tuple[float, float]:
    """When it began and when it ended, in seconds."""
    assert node.started is not None
    assert node.finished is not None
    return node.started.timestamp(), node.finished.timestamp()


def test_groups_are_run_in_their_order(steps: Workflow) -> None:
    """Groups of steps run one after the other."""
    steps.wait()
    (_, first), (begun, ended), (last, _) = (
        span(steps.node(name)) for name in ("question", "answer", "last")
    )
    message = (
        f"steps of one group began before those of the group before had ended:\n{steps.table()}"
    )
    assert first <= begun, message
    assert ended <= last, message


def test_steps_of_a_group_are_run_side_by_side(steps: Workflow) -> None:
    """Steps of one group run at the same time."""
    steps.wait()
    spans = [span(steps.node(name)) for name in ("answer", "beside")]
    message = f"one step of a group had ended before the other began:\n{steps.table()}"
    # To the second, and each takes longer than one.
    assert max(begun for begun, _ in spans) < min(ended for _, ended in spans), message


def test_what_a_step_prints_is_handed_on(steps: Workflow) -> None:
    """The result of a step is the parameter of the next."""
    steps.wait()
    assert steps.node("question").result == "6 * 7"
    assert steps.node("answer").result == "42"
    assert steps.outputs == {"answer": "42"}
    assert steps.log("last") == "42\n"
