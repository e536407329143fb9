"""Accounting: whether the tasks of a run account for the end that the API tells of it.

A run that has succeeded has run every task of its pipeline: in each iteration of each loop, but
for branches that were not taken and what follows them. Only what contradicts the end is told; what
nobody says is no contradiction.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_kubeflow.pipelines.packages.package import Package
from pytest_kubeflow.pipelines.runs.view import TaskDetail
from pytest_kubeflow.pipelines.tasks.task import Task

_DONE = "SUCCEEDED"
_NOT_TAKEN = frozenset({"CANCELED", "SKIPPED"})
_COMPLETED = "ALL_UPSTREAM_TASKS_COMPLETED"
_NUMBERED = re.compile(r"\[(\d+)\]$")

Spec = Mapping[str, Any]


@dataclass(frozen=True)
class Accounting:
    """Of one run: the package that it ran, with these arguments, and its tasks.

    `complete`: they come from a source that knows every task, and not only those whose pods are
    still there.
    """

    package: Package
    arguments: Mapping[str, Any]
    tasks: Sequence[Task]
    complete: bool

    def of_success(self) -> list[str]:
        """What contradicts that the run has succeeded."""
        known = [task for task in self.tasks if task.is_recorded]
        leaves = sum("dag" not in component for _, _, component in self.package.tasks())
        if self.complete and leaves and not known:
            return [f"of its {leaves} tasks none is known"]
        return list(dict.fromkeys(self._walk(self.package.root, (), tolerated=False)))

    def of_any_end(self) -> list[str]:
        """What contradicts that this pipeline was run, without the cache."""
        declared = {path: task for path, task, _ in self.package.tasks()}
        found = []
        for task in self.tasks:
            if not task.is_recorded or not self.complete:
                continue
            if task.path not in declared:
                found.append(f"it ran a task {task.label}, which its pipeline does not have")
            elif task.is_cached and not _caches(declared[task.path]):
                found.append(f"task {task.label} was not run: its outputs are out of the cache")
        return found

    def failed_in_api(self, details: Sequence[TaskDetail]) -> list[str]:
        """Tasks of which the API itself says that they failed, though the run succeeded.

        It lists nodes of the Workflow. Attempts are nodes with a number, around which the node of
        the task has the end that counts.
        """
        named: dict[str, list[bool]] = {}
        for path, task, _ in self.package.tasks():
            tolerated = self._is_tolerated(path)
            for name in {path[-1], task.get("taskInfo", {}).get("name") or path[-1]}:
                named.setdefault(name, []).append(tolerated)
        return [
            f"task {each.name} is FAILED{f' ({each.error})' if each.error else ''}"
            for each in details
            if each.state == "FAILED" and each.name in named and not any(named[each.name])
        ]

    def _is_tolerated(self, path: tuple[str, ...]) -> bool:
        component = self.package.root
        for key in path:
            tasks = _tasks_of(component)
            if _is_tolerated(key, tasks):
                return True
            component = self.package.component(tasks[key])
        return False

    def _walk(self, component: Spec, place: tuple[str, ...], *, tolerated: bool) -> Iterator[str]:
        """The contradictions inside one DAG."""
        tasks = _tasks_of(component)
        for key, task in tasks.items():
            found = self._found((*place, key))
            inner = self.package.component(task)
            label = "/".join((*place, key))
            is_tolerated = tolerated or _is_tolerated(key, tasks)
            if not found and self.complete:
                if not (self._is_excused(key, tasks, place) or self._is_homonym(key, tasks, place)):
                    yield f"task {label} is missing"
            elif any(one.state in _NOT_TAKEN for one in found) and _condition(task):
                continue
            elif "dag" not in inner:
                if found and not _is_loop(task):
                    yield from self._ended(label, found, tolerated=is_tolerated)
            elif _is_loop(task):
                yield from self._iterations(key, task, inner, place, tolerated=is_tolerated)
            else:
                yield from self._walk(inner, (*place, key), tolerated=is_tolerated)

    def _ended(self, label: str, found: Sequence[Task], *, tolerated: bool) -> Iterator[str]:
        # A driver that was run again has made another record of the same task.
        if any(one.state == _DONE for one in found):
            return
        last = found[-1]
        if last.state == "FAILED" and tolerated:
            return
        # A pod that is not there any more is no sign of anything.
        if self.complete or last.state == "FAILED":
            yield f"task {label} is {last.state or 'PENDING'}" + (
                f" ({last.error})" if last.error else ""
            )

    def _iterations(
        self, key: str, task: Spec, inner: Spec, place: tuple[str, ...], *, tolerated: bool
    ) -> Iterator[str]:
        inside = [_place(one)[: len(place) + 1] for one in self.tasks if one.is_recorded]
        there = {
            int(match[1])
            for one in inside
            if one[:-1] == place
            and (match := _NUMBERED.search(one[-1]))
            and one[-1] == f"{key}{match[0]}"
        }
        if not self.complete and not there:
            return
        wanted = self._count(task, place)
        count = max(max(there, default=-1) + 1, wanted or 0)
        for number in range(count):
            one = (*place, f"{key}[{number}]")
            if wanted is not None and number >= wanted:
                yield f"loop {'/'.join((*place, key))} ran {count} times, not {wanted}"
                return
            if number in there:
                yield from self._walk(inner, one, tolerated=tolerated)
            elif self.complete:
                yield f"iteration {'/'.join(one)} is missing"

    def _count(self, task: Spec, place: tuple[str, ...]) -> int | None:
        """How often a loop goes round, where package or arguments say so."""
        items = task.get("parameterIterator", {}).get("items", {})
        if "raw" in items:
            return _length(items["raw"])
        source = task.get("inputs", {}).get("parameters", {}).get(items.get("inputParameter"), {})
        name = source.get("componentInputParameter")
        if place or not name or source.get("parameterExpressionSelector"):
            return None
        definition = self.package.root.get("inputDefinitions", {}).get("parameters", {})
        default = definition.get(name, {}).get("defaultValue")
        return _length(self.arguments.get(name, default))

    def _found(self, place: tuple[str, ...]) -> list[Task]:
        return [task for task in self.tasks if task.is_recorded and _place(task) == place]

    def _is_homonym(self, key: str, tasks: Spec, place: tuple[str, ...]) -> bool:
        """Whether it may be recorded as another task: some drivers tell display names alone."""
        name = tasks[key].get("taskInfo", {}).get("name")
        same = [one for one in tasks if name and tasks[one].get("taskInfo", {}).get("name") == name]
        return len(same) > 1 and sum(len(self._found((*place, one))) for one in same) >= len(same)

    def _is_excused(self, key: str, tasks: Spec, place: tuple[str, ...]) -> bool:
        """Whether a task may be missing: its branch was not taken, or one that it follows."""
        if _condition(tasks[key]):
            return True
        for other in _upstream(tasks[key]) & tasks.keys():
            found = self._found((*place, other))
            if not found and self._is_excused(other, tasks, place):
                return True
            if found and not any(one.state == _DONE or one.is_dag for one in found):
                return True
            if any(one.is_dag and one.state in _NOT_TAKEN | {"FAILED"} for one in found):
                return True
            # Old drivers never tell how a DAG has ended.
            path = found[0].path if found else ()
            inside = [one for one in self.tasks if path and one.path[: len(path)] == path]
            if any(one.state == "FAILED" for one in inside):
                return True
        return False


def _place(task: Task) -> tuple[str, ...]:
    """By the keys of the compiled pipeline, where a source tells display names."""
    if len(task.place) != len(task.path):
        return task.path
    numbers = (_NUMBERED.search(one) for one in task.place)
    return tuple(
        f"{key}{number[0] if number else ''}"
        for key, number in zip(task.path, numbers, strict=True)
    )


def _tasks_of(component: Spec) -> dict[str, Spec]:
    tasks: dict[str, Spec] = component.get("dag", {}).get("tasks", {})
    return tasks


def _condition(task: Spec) -> str:
    return str(task.get("triggerPolicy", {}).get("condition") or "")


def _is_loop(task: Spec) -> bool:
    return "parameterIterator" in task or "artifactIterator" in task


def _caches(task: Spec) -> bool:
    return bool(task.get("cachingOptions", {}).get("enableCache"))


def _upstream(task: Spec) -> set[str]:
    inputs = task.get("inputs", {})
    sources = [*inputs.get("parameters", {}).values(), *inputs.get("artifacts", {}).values()]
    kinds = ("taskOutputParameter", "taskOutputArtifact", "taskFinalStatus")
    producers = {
        str(one[kind].get("producerTask")) for one in sources for kind in kinds if kind in one
    }
    return producers | set(task.get("dependentTasks", ()))


def _is_tolerated(key: str, tasks: Mapping[str, Spec]) -> bool:
    """Whether another task of the DAG follows this one also when it has failed."""
    return any(
        one.get("triggerPolicy", {}).get("strategy") == _COMPLETED and key in _upstream(one)
        for one in tasks.values()
    )


def _length(value: Any) -> int | None:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return None
    return len(value) if isinstance(value, list) else None
