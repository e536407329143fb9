"""What the API itself tells of a run's tasks: Argo's nodes, put back together as far as they go.

KFP 2.17 has a task detail for every node of the Workflow: for drivers, for attempts (`root(0)`),
for the pods of components (`executor`), by their display names, which come more than once in loops;
some have no name at all. It tells no errors, no parents and no names of pods.
Source: kubeflow/pipelines backend/src/apiserver/server/api_converter.go (toModelTask).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_kubeflow.pipelines.runs.view import TaskDetail

_ATTEMPT = re.compile(r"\(\d+\)$")
_DRIVER = "-driver"
_FRAMES = frozenset({"", "root", "executor", "iteration", "iteration-item"})
_ITERATIONS = "iteration-iterations"
_HOOK = ".onExit"


@dataclass(frozen=True, slots=True)
class ApiTask:
    """The tasks of one name: their states, of which there are several in loops only."""

    name: str
    states: tuple[str, ...]
    error: str = ""
    pod_name: str = ""

    @property
    def state(self) -> str:
        """The state of them all; empty where they differ."""
        return self.states[0] if len(set(self.states)) == 1 else ""

    def __str__(self) -> str:
        counted = Counter(state.lower() for state in self.states if state)
        if len(self.states) == 1:
            return f"{self.name} {self.states[0].lower()}"
        return f"{self.name} " + ", ".join(f"{number} {state}" for state, number in counted.items())


def api_tasks(details: Sequence[TaskDetail]) -> dict[str, ApiTask]:
    """The tasks of the pipeline that the API tells of, by name."""
    workflow = _workflow(details)
    tasks: dict[str, ApiTask] = {}
    drivers: list[TaskDetail] = []
    inner = {one.name for one in details if _ATTEMPT.search(one.name)}
    for detail in details:
        name = _ATTEMPT.sub("", detail.name)
        if name in _FRAMES or name == workflow or name.startswith(_ITERATIONS):
            continue
        if name.endswith(_HOOK) or (detail.name in inner and name in tasks):
            continue
        if name.endswith(_DRIVER):
            drivers.append(detail)
            continue
        if detail.name in inner and any(one.name == name for one in details):
            continue  # an attempt, which its task stands for
        before = tasks.get(name)
        tasks[name] = ApiTask(
            name,
            (*(before.states if before else ()), detail.state),
            detail.error or (before.error if before else ""),
            detail.pod_name,
        )
    for detail in drivers:
        of = _ATTEMPT.sub("", detail.name).removesuffix(_DRIVER)
        if detail.state == "FAILED" and of not in {"root", "iteration", "iteration-item"}:
            tasks[of] = ApiTask(of, ("FAILED",), detail.error or "its driver failed")
    return tasks


def _workflow(details: Sequence[TaskDetail]) -> str:
    """The Workflow's name, which is in front of the ids of all its nodes."""
    stems = Counter(
        child.rpartition("-")[0] for one in details for child in one.children if "-" in child
    )
    return stems.most_common(1)[0][0] if stems else ""
