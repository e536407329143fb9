"""Loops, conditions and parameters of a DAG: each value is what it has to come to."""

import re

import pytest

from pytest_kubeflow import Workflow, WorkflowNode

pytestmark = [pytest.mark.kf_requires("workflows"), pytest.mark.kf_images("--kf-base-image")]

COUNT = 3
DOUBLED = [2 * number for number in range(1, COUNT + 1)]
SUM = sum(DOUBLED)


@pytest.fixture
def flowed(flow: Workflow) -> Workflow:
    """The DAG after its end."""
    return flow.wait()


def iterations(workflow: Workflow, name: str) -> list[WorkflowNode]:
    """Those of a loop, without the attempts that a cluster's own defaults make of each."""
    shape = re.compile(rf"{name}\([^()]*\)")
    return [one for one in workflow.nodes if shape.fullmatch(one.display_name)]


def test_a_loop_has_an_iteration_for_each_item_of_a_result(flowed: Workflow) -> None:
    """A loop over the result of a task has an iteration for each item."""
    assert flowed.node("numbers").result == str(list(range(1, COUNT + 1)))
    made = iterations(flowed, "double")
    message = f"the loop over {COUNT} items has:\n{flowed.table()}"
    assert [one.inputs for one in made] == [{"number": str(one + 1)} for one in range(COUNT)], (
        message
    )
    assert [one.parameters for one in made] == [{"doubled": str(one)} for one in DOUBLED]
    assert flowed.node("double").type == "TaskGroup"


def test_a_loop_has_an_iteration_for_each_item_of_a_list(flowed: Workflow) -> None:
    """A loop over a list has an iteration for each item."""
    made = [one.display_name for one in iterations(flowed, "word")]
    assert made == ["word(0:red)", "word(1:green)"], flowed.table()
    assert [flowed.log(one) for one in made] == ["red\n", "green\n"]


def test_parameters_are_handed_on(flowed: Workflow) -> None:
    """Parameters and results go from task to task, and to the Workflow's outputs."""
    assert flowed.node("total").inputs == {"numbers": '["2","4","6"]'}
    assert flowed.node("total").parameters == {"sum": str(SUM)}
    assert flowed.outputs == {"sum": str(SUM)}
    assert flowed.log("squared") == f"{SUM * SUM}\n"


def test_one_branch_is_taken(flowed: Workflow) -> None:
    """One branch of a condition runs, and the other is Skipped."""
    taken, other = flowed.node("large"), flowed.node("small")
    message = f"{SUM} is not below 10, and what ran is:\n{flowed.table()}"
    assert (taken.phase, other.phase, other.type) == ("Succeeded", "Skipped", "Skipped"), message
    assert flowed.log("large") == f"{SUM} is large\n"
    assert flowed.node("after-small").phase == "Succeeded", flowed.table()


def test_the_object_says_how_it_ended(flowed: Workflow) -> None:
    """Labels and progress of the Workflow say that all has succeeded."""
    state = flowed.state
    kept = state.labels.get
    assert kept("workflows.argoproj.io/phase") == "Succeeded"
    assert kept("workflows.argoproj.io/completed") == "true"
    done, _, all_of_them = state.progress.partition("/")
    pods = len(state.pods)
    message = f"progress {state.progress} of {pods} pods"
    assert (done, all_of_them) == (str(pods), str(pods)), message
