"""Whether a task starts: what its upstream tasks came to.

Source: kubeflow/pipelines backend/src/v2/compiler/argocompiler/dag.go. A task needs all tasks that
it depends on to have succeeded; one that was skipped by its condition has not. The exit tasks of
exit handlers, and tasks that ignore failures upstream, are hooks there: they follow whatever has
run to its end, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_kubeflow.local.pipelines.driver.inputs.values import Values

Json = Any

_COMPLETED = "ALL_UPSTREAM_TASKS_COMPLETED"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a task ended: `phase` is Succeeded, Failed, Skipped (its condition) or Omitted.

    `state` is what ML Metadata says of it; empty if it has not come to an execution.
    """

    phase: str
    values: Values = field(default_factory=Values)
    error: str = ""
    state: str = ""

    @property
    def succeeded(self) -> bool:
        return self.phase == "Succeeded"


def upstream(task: Json) -> set[str]:
    """The keys of the tasks that must have ended before `task` begins."""
    return producers(task) | set(task.get("dependentTasks") or ())


def producers(task: Json) -> set[str]:
    """The keys of the tasks whose outputs are inputs of `task`."""
    inputs = task.get("inputs") or {}
    sources = [
        *(inputs.get("parameters") or {}).values(),
        *(inputs.get("artifacts") or {}).values(),
    ]
    kinds = ("taskOutputParameter", "taskOutputArtifact", "taskFinalStatus")
    found = (one[kind] for one in sources for kind in kinds if kind in one)
    return {one["producerTask"] for one in found}


def is_exit_task(task: Json) -> bool:
    """Whether failures upstream do not keep `task` from running."""
    return (task.get("triggerPolicy") or {}).get("strategy") == _COMPLETED


def hooks(tasks: Mapping[str, Json], takes: Callable[[Json], bool]) -> dict[str, str]:
    """Which exit task follows which task: Argo has one hook of a task, the last by name.

    So one that waits for two tasks follows each of them, and one whose place another has is never
    run; nor is one after a task that does not take any, or that is an exit task itself.
    """
    found: dict[str, str] = {}
    for key in sorted(tasks):
        if is_exit_task(tasks[key]):
            found |= dict.fromkeys(tasks[key].get("dependentTasks") or (), key)
    return {
        before: key
        for before, key in found.items()
        if not is_exit_task(tasks[before]) and takes(tasks[before])
    }


def starts(task: Json, outcomes: Mapping[str, Outcome], *, failed: bool) -> bool:
    """Whether `task` is started, now that all upstream of it has ended with these `outcomes`.

    `failed`: another task of its DAG has failed, after which only exit tasks are begun (Argo's
    failFast).
    """
    phases = {outcome.phase for outcome in outcomes.values()}
    if is_exit_task(task):
        return phases <= {"Succeeded", "Failed"}
    return not failed and phases <= {"Succeeded"}
