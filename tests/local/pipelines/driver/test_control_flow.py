"""The rules of control flow, one by one: triggers, iterations, retries, fingerprints."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.local.pipelines.driver import retry
from pytest_kubeflow.local.pipelines.driver.caching import fingerprint
from pytest_kubeflow.local.pipelines.driver.inputs import iterator
from pytest_kubeflow.local.pipelines.driver.inputs.resolve import resolve_outputs
from pytest_kubeflow.local.pipelines.driver.inputs.values import Collected, TaskError, Values
from pytest_kubeflow.local.pipelines.driver.step import Step
from pytest_kubeflow.local.pipelines.driver.trigger import Outcome, hooks, starts, upstream
from pytest_kubeflow.local.pipelines.driver.workflow.nodes import Kind, TaskNode

EXIT = {"strategy": "ALL_UPSTREAM_TASKS_COMPLETED"}
PHASES = ("Succeeded", "Failed", "Skipped", "Omitted")


def test_a_task_waits_for_all_that_it_takes_from() -> None:
    task = {
        "dependentTasks": ["a"],
        "inputs": {
            "parameters": {
                "x": {"taskOutputParameter": {"producerTask": "b", "outputParameterKey": "o"}},
                "s": {"taskFinalStatus": {"producerTask": "c"}},
                "y": {"componentInputParameter": "z"},
            },
            "artifacts": {"d": {"taskOutputArtifact": {"producerTask": "e"}}},
        },
    }
    assert upstream(task) == {"a", "b", "c", "e"}


@pytest.mark.parametrize("phases", list(itertools.product(PHASES, repeat=2)))
def test_what_starts_a_task(phases: tuple[str, str]) -> None:
    task: dict[str, Any] = {"dependentTasks": ["a", "b"]}
    outcomes = {key: Outcome(phase) for key, phase in zip("ab", phases, strict=True)}
    assert starts(task, outcomes, failed=False) is (phases == ("Succeeded", "Succeeded"))
    assert not starts(task, outcomes, failed=True)  # another task of the DAG has failed
    completed = set(phases) <= {"Succeeded", "Failed"}
    for failed in (False, True):
        assert starts({**task, "triggerPolicy": EXIT}, outcomes, failed=failed) is completed


def loop(**items: object) -> dict[str, Any]:
    return {"parameterIterator": {"itemInput": "item", "items": items}}


def test_iterations_get_one_item_and_not_all_of_them() -> None:
    inputs = Values({"all": [1, "b", None], "other": "x"})
    found = [one.parameters for one in iterator.iterations(loop(inputParameter="all"), inputs)]
    assert found == [{"item": item, "other": "x"} for item in (1, "b", None)]


def test_items_can_be_in_the_pipeline_or_in_a_text() -> None:
    task = loop(raw='[{"a": 1}]')
    inputs = iterator.with_raw_items(task, Values({"other": "x"}))
    (one,) = iterator.iterations(task, inputs)
    assert one.parameters == {"item": {"a": 1}, "other": "x"}
    texts = list(iterator.iterations(loop(inputParameter="t"), Values({"t": "[1, 2]"})))
    assert [each.parameters["item"] for each in texts] == [1, 2]


@pytest.mark.parametrize("value", [None, 5, {"a": 1}, "no json", '{"a": 1}', True])
def test_what_cannot_be_iterated(value: object) -> None:
    with pytest.raises(TaskError, match='iterating on item input "item" failed'):
        list(iterator.iterations(loop(inputParameter="all"), Values({"all": value})))


@given(st.lists(st.lists(st.lists(st.integers()), max_size=4), max_size=4))
def test_loops_in_loops_give_one_flat_list(values: list[list[list[int]]]) -> None:
    """Their values may be lists themselves, which stay whole."""
    component: dict[str, Any] = {"outputDefinitions": {"parameters": {"out": {}}}}
    values = [several for several in values if several]
    inner = [
        iterator.collected(component, [Values({"out": one}) for one in several])
        for several in values
    ]
    if not inner:
        return
    whole = iterator.collected(component, inner).parameters["out"]
    assert isinstance(whole, Collected)
    assert whole == [one for several in values for one in several]


def test_the_first_branch_that_ran_gives_the_output() -> None:
    choices = [
        {"producerSubtask": key, "outputParameterKey": "o"} for key in ("skipped", "one", "two")
    ]
    dag = {"outputs": {"parameters": {"out": {"valueFromOneof": {"parameterSelectors": choices}}}}}
    outcomes = {
        "skipped": Outcome("Skipped", state="CANCELED"),
        "one": Outcome("Succeeded", Values({"o": 1}), state="COMPLETE"),
        "two": Outcome("Succeeded", Values({"o": 2}), state="CACHED"),
    }
    assert resolve_outputs(dag, outcomes).parameters == {"out": 1}
    nobody = dict.fromkeys(outcomes, Outcome("Skipped"))
    assert resolve_outputs(dag, nobody).parameters == {}
    # A branch that ML Metadata takes for running gives nothing: its last task came from the cache.
    outcomes["one"] = replace(outcomes["one"], state="RUNNING")
    assert resolve_outputs(dag, outcomes).parameters == {"out": 2}


def test_what_not_all_iterations_give_is_not_collected() -> None:
    component: dict[str, Any] = {
        "outputDefinitions": {"parameters": {"out": {}, "some": {}}, "artifacts": {"data": {}}}
    }
    whole, half = Values({"out": 1, "some": 2}), Values({"out": 3})
    assert iterator.collected(component, [whole, half]) == Values({"out": [1, 3]})
    assert iterator.collected(component, []) == Values()


def after(*keys: str, ignoring: bool = False) -> dict[str, Any]:
    return {"dependentTasks": list(keys)} | ({"triggerPolicy": EXIT} if ignoring else {})


def test_a_task_has_one_hook() -> None:
    tasks = {
        "a": after(),
        "b": after(),
        "loop": after(),
        "exit-one": after("a", ignoring=True),
        "exit-two": after("a", "b", "loop", ignoring=True),
        "exit-three": after("exit-two", ignoring=True),
    }
    taken = hooks(tasks, lambda task: task is not tasks["loop"])
    assert taken == {"a": "exit-two", "b": "exit-two"}


@pytest.mark.parametrize(
    ("policy", "pauses"),
    [
        ({}, []),
        ({"maxRetryCount": 2}, [0, 0]),
        ({"maxRetryCount": 3, "backoffDuration": "2s", "backoffFactor": 2.0}, [2, 4, 8]),
        ({"maxRetryCount": 2, "backoffDuration": "1.5s"}, [1.5, 1.5]),
    ],
)
def test_pauses_between_retries(policy: dict[str, Any], pauses: list[float]) -> None:
    found = retry.RetryPolicy.of({"retryPolicy": policy})
    assert found is not None
    assert list(found.pauses()) == pauses
    assert retry.RetryPolicy.of({}) is None


def step(inputs: Values | None = None, image: str = "python", **options: Any) -> Step:
    return Step(
        "key",
        {"cachingOptions": {"enableCache": True, **options}, "componentRef": {"name": "comp"}},
        {},
        {"container": {"image": image, "command": ["true"]}},
        {},
        node=TaskNode("workflow", Kind.CONTAINER, "key"),
        parent=1,
        inputs=inputs or Values({"a": 1}),
    )


def test_a_fingerprint_stands_for_all_that_counts() -> None:
    same = fingerprint(step(), ["claim"])
    assert same == fingerprint(step(), ["claim", "claim"])
    others = [
        fingerprint(step(Values({"a": 2})), ["claim"]),
        fingerprint(step(image="busybox"), ["claim"]),
        fingerprint(step(), ["other"]),
        fingerprint(step(cacheKey="k"), ["claim"]),
    ]
    assert len({same, *others}) == 5


def test_with_a_key_nothing_else_counts() -> None:
    one = fingerprint(step(cacheKey="k"), [])
    assert one == fingerprint(step(Values({"a": 2}), image="other", cacheKey="k"), ["x"])
    assert one != fingerprint(step(cacheKey="l"), [])
