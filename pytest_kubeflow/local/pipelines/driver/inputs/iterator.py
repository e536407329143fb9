"""The iterations of a ParallelFor: what each of them gets, and what comes out of them together.

Source: kubeflow/pipelines backend/src/v2/driver/resolve.go (iteration drivers, CollectInputs) and
dag.go (fan-out).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from pytest_kubeflow.local.pipelines.driver.inputs.values import Collected, TaskError, Values

Json = Any


def is_loop(task: Json) -> bool:
    """Whether a task of the compiled pipeline stands for all iterations of a ParallelFor."""
    return "parameterIterator" in task


def item_input(task: Json) -> str:
    """The name of the input that each iteration gets one item of."""
    return str(task["parameterIterator"]["itemInput"])


def limit(task: Json) -> int:
    """How many iterations may run at once; 0 for all."""
    return int((task.get("iteratorPolicy") or {}).get("parallelismLimit") or 0)


def with_raw_items(task: Json, inputs: Values) -> Values:
    """The loop's own inputs, with the items that the pipeline itself holds. Raises TaskError."""
    raw = task["parameterIterator"]["items"].get("raw")
    if raw is None:
        return inputs
    try:
        items = json.loads(raw)
    except ValueError as error:
        raise TaskError(f"error unmarshall raw string: {error}") from None
    return Values({**inputs.parameters, item_input(task): items}, inputs.artifacts)


def iterations(task: Json, inputs: Values) -> Iterator[Values]:
    """The inputs of each iteration out of the inputs of the loop. Raises TaskError."""
    one = item_input(task)
    source = task["parameterIterator"]["items"].get("inputParameter") or one
    parameters = {name: value for name, value in inputs.parameters.items() if name != source}
    for item in _items(one, inputs.parameters.get(source)):
        yield Values({**parameters, one: item}, inputs.artifacts)


def collected(component: Json, results: Sequence[Values]) -> Values:
    """What a loop over `component` gives, in the order of its items.

    Loops in loops give one flat list. What not each iteration has given, or none since there are
    no items, is left out: it is an error of the task that collects it.
    """
    outputs = component.get("outputDefinitions") or {}
    parameters: dict[str, Json] = {}
    for name in outputs.get("parameters") or {}:
        if results and all(name in one.parameters for one in results):
            found = parameters[name] = Collected()
            for one in results:
                value = one.parameters[name]
                found.extend(value if isinstance(value, Collected) else [value])
    artifacts: dict[str, list[Any]] = {}
    for name in outputs.get("artifacts") or {}:
        if results and all(name in one.artifacts for one in results):
            artifacts[name] = [each for one in results for each in one.artifacts[name]]
    return Values(parameters, artifacts)


def _items(name: str, value: Json) -> list[Json]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            value = None
    if not isinstance(value, list):
        raise TaskError(
            f"iterating on item input {json.dumps(name)} failed: value of type "
            f"{type(value).__name__} cannot be iterated"
        )
    return value
