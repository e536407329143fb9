"""Changes to what is recorded of a run: by the API, by ML Metadata's executions and artifacts."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

COMPLETE, FAILED = 3, 4
"""States of ML Metadata's executions."""

Executions = Callable[[list[Any]], list[Any]]


def name_of(execution: Any) -> str:
    """The task's key."""
    return str(execution.custom_properties["task_name"].string_value)


def iteration_of(execution: Any) -> int | None:
    """The number of the iteration; None outside of loops."""
    properties = execution.custom_properties
    # Reading a missing key of a protobuf map would add it.
    return properties["iteration_index"].int_value if "iteration_index" in properties else None


def outputs_of(execution: Any) -> Any:
    """The Struct of its output parameters."""
    return execution.custom_properties["outputs"].struct_value


def output(task: str, change: Callable[[Any], None], name: str = "Output") -> Executions:
    """Another value of an output parameter; `change` gets protobuf's Value."""

    def changed(executions: list[Any]) -> list[Any]:
        for one in executions:
            if name_of(one) == task and name in outputs_of(one).fields:
                change(outputs_of(one).fields[name])
        return executions

    return changed


def number(task: str, value: float) -> Executions:
    """A number instead of what a task returned."""

    def change(told: Any) -> None:
        told.number_value = value

    return output(task, change)


def no_outputs(task: str) -> Executions:
    """A task that has returned nothing."""

    def changed(executions: list[Any]) -> list[Any]:
        for one in executions:
            if name_of(one) == task:
                outputs_of(one).Clear()
        return executions

    return changed


def swapped(first: str, second: str) -> Executions:
    """Each of two tasks has returned what the other did."""

    def changed(executions: list[Any]) -> list[Any]:
        one, other = (
            next(each for each in executions if name_of(each) == name) for name in (first, second)
        )
        _swap(outputs_of(one), outputs_of(other))
        return executions

    return changed


def swapped_iterations(task: str) -> Executions:
    """The first and the last iteration of a loop have returned each other's."""

    def changed(executions: list[Any]) -> list[Any]:
        # Executions of an iteration's task know their number by the DAG around them alone.
        found = sorted((one for one in executions if name_of(one) == task), key=lambda one: one.id)
        if len(found) > 1:
            values = sorted(outputs_of(one).fields["Output"].number_value for one in found)
            low, high = (
                next(one for one in found if outputs_of(one).fields["Output"].number_value == value)
                for value in (values[0], values[-1])
            )
            _swap(outputs_of(low), outputs_of(high))
        return executions

    return changed


def _swap(one: Any, other: Any) -> None:
    kept = copy.deepcopy(one)
    one.CopyFrom(other)
    other.CopyFrom(kept)


def twice(task: str) -> Executions:
    """A task that has run twice, and returned another number the second time."""

    def changed(executions: list[Any]) -> list[Any]:
        again = copy.deepcopy(next(one for one in executions if name_of(one) == task))
        again.id += 100_000
        outputs_of(again).fields["Output"].number_value += 1
        return [*executions, again]

    return changed


def all_complete(executions: list[Any]) -> list[Any]:
    """Nothing has failed."""
    for one in executions:
        if one.last_known_state == FAILED:
            one.last_known_state = COMPLETE
    return executions


def state(task: str, told: int) -> Executions:
    """Another state of a task."""

    def changed(executions: list[Any]) -> list[Any]:
        for one in executions:
            if name_of(one) == task:
                one.last_known_state = told
        return executions

    return changed


def succeeded(told: Any) -> None:
    """The API says that the run and all of its tasks have succeeded."""
    told["state"] = "SUCCEEDED"
    told.pop("error", None)
    for one in told.get("run_details", {}).get("task_details", ()):
        one["state"] = "SUCCEEDED"
        one.pop("error", None)


def failed(told: Any) -> None:
    """The API says that the run has failed."""
    told["state"] = "FAILED"


def another_id(told: Any) -> None:
    """The API tells of another run than the one that it was asked for."""
    told["run_id"] = "00000000-0000-4000-8000-000000000000"


def uris_swapped(artifacts: list[Any]) -> list[Any]:
    """Each of two artifacts is where another one is."""
    if len(artifacts) > 1:
        artifacts[0].uri, artifacts[-1].uri = artifacts[-1].uri, artifacts[0].uri
    for one in artifacts:
        one.uri = one.uri.replace("/make-points/", "/fit-line/")
    return artifacts


def artifact_metadata(name: str, value: float) -> Callable[[list[Any]], list[Any]]:
    """Another number in the metadata of artifacts that have `name`."""

    def changed(artifacts: list[Any]) -> list[Any]:
        for one in artifacts:
            if name in one.custom_properties:
                one.custom_properties[name].double_value = value
        return artifacts

    return changed
