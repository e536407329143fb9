"""Tasks of a run: what the compiled pipeline, the API and an output source say, put together."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pytest_kubeflow.errors import NotFound
from pytest_kubeflow.pipelines.outputs.dag_outputs import DagOutputs
from pytest_kubeflow.pipelines.outputs.source import Artifact, TaskRecord, UnreadOutputs
from pytest_kubeflow.pipelines.packages.package import Package
from pytest_kubeflow.pipelines.runs.states import FINAL_STATES
from pytest_kubeflow.pipelines.runs.view import TaskDetail
from pytest_kubeflow.pipelines.tasks.api_tasks import ApiTask, api_tasks
from pytest_kubeflow.provenance import READ

__all__ = ["Task", "find_task", "merge", "pipeline_outputs"]

_NUMBER = re.compile(r"\[\d+\]$")
NOT_STARTED = "NOT STARTED"
"""The state of a task of which nothing is known but that the pipeline has it."""


@dataclass(frozen=True, slots=True)
class Task:
    """One task of a run, as it was when the run was last asked about.

    `name` is its key in the compiled pipeline ("square-2"), `state` one of KFP's states or
    NOT STARTED, `outputs` its output parameters with the types that the pipeline declares (whole
    numbers in lists and dicts are ints). `started` and `ended` are seconds since the epoch. `place`
    is the path with the number of each iteration, where there are loops around it. `unread` says
    why output parameters that the pipeline declares could not be read; asking for one of them
    raises NotFound with that.
    """

    name: str
    state: str
    path: tuple[str, ...] = ()
    display_name: str = ""
    error: str = ""
    pod_name: str = ""
    started: float | None = None
    ended: float | None = None
    outputs: Mapping[str, Any] = field(default_factory=dict)
    artifacts: Mapping[str, Artifact] = field(default_factory=dict)
    is_dag: bool = False
    place: tuple[str, ...] = ()
    is_cached: bool = False
    """Whether it was not run: its outputs are those of an earlier run."""
    is_recorded: bool = True
    """Whether a source of outputs knows it; else nothing but the pipeline does."""
    unread: str = ""
    read_log: Callable[[Task], str] | None = field(default=None, repr=False, compare=False)

    @property
    def label(self) -> str:
        """What no other task of the run is called: "train", "inner/train", "loop[0]/train"."""
        return "/".join(self.place or self.path) or self.name

    @property
    def output(self) -> Any:
        """The value of its only output parameter. Raises NotFound if it has none, or several."""
        if len(self.outputs) != 1:
            names = ", ".join(self.outputs) or "none"
            if self.unread:
                raise NotFound(f"task {self.name} ({self.state}): {self.unread}")
            raise NotFound(
                f"task {self.name} ({self.state}) has {len(self.outputs)} output parameters "
                f"({names}), not one: read task.outputs[...]"
            )
        return next(iter(self.outputs.values()))

    @property
    def duration(self) -> float | None:
        """Seconds from its start to its end; None while it has not ended."""
        if self.started is None or self.ended is None:
            return None
        return max(0.0, self.ended - self.started)

    def log(self) -> str:
        """What the task's main container printed. Raises NotFound once its pod is gone."""
        if self.read_log is None or not self.pod_name:
            raise NotFound(f"task {self.name} ({self.state}) has no pod of its own, so no log")
        return READ.note(self.read_log(self), f"the log of task {self.label}")


def merge(
    package: Package | None,
    records: Sequence[TaskRecord],
    details: Sequence[TaskDetail],
    *,
    run_state: str,
    read_log: Callable[[Task], str] | None = None,
    unread: str = "",
) -> list[Task]:
    """The tasks of a run: those that a source knows, oldest first, then those not begun.

    `unread` says why the sources before this one, or all of them, could not be asked.
    """
    declared = {path: (task, inner) for path, task, inner in package.tasks()} if package else {}
    by_name = api_tasks(details)
    tasks = []
    for record in records:
        path = _declared_path(record, declared)
        _, component = declared.get(path, ({}, {}))
        types = component.get("outputDefinitions", {}).get("parameters", {})
        detail = by_name.get(record.name) or by_name.get(record.display_name)
        found = {
            name: typed(value, types.get(name, {}).get("parameterType", ""))
            for name, value in record.outputs.items()
        }
        missing = ""
        if record.unread and types.keys() - found.keys():
            missing = "; ".join(filter(None, (unread, record.unread)))
        tasks.append(
            Task(
                name=path[-1] if path else record.name,
                path=path,
                display_name=record.display_name or record.name,
                state=_state(record.state, detail, run_state),
                error=detail.error if detail else "",
                pod_name=record.pod_name or ("" if record.is_dag else _pod(detail)),
                unread=f"outputs were not read: {missing}" if missing else "",
                started=record.started,
                ended=record.ended,
                outputs=UnreadOutputs(found, f"task {record.name}", missing) if missing else found,
                artifacts=record.artifacts,
                is_dag=record.is_dag,
                place=_keyed(record.place, path),
                is_cached=record.is_cached,
                read_log=read_log,
            )
        )
    seen = {task.path for task in tasks}
    for path, (task, inner) in declared.items():
        if path not in seen:
            detail = by_name.get(path[-1])
            declares = inner.get("outputDefinitions", {}).get("parameters")
            hidden = bool(unread and not records and declares)
            tasks.append(
                Task(
                    name=path[-1],
                    path=path,
                    display_name=task.get("taskInfo", {}).get("name", ""),
                    state=detail.state if detail and detail.state else NOT_STARTED,
                    error=detail.error if detail else "",
                    pod_name="" if "dag" in inner else _pod(detail),
                    is_dag="dag" in inner,
                    is_recorded=False,
                    outputs=UnreadOutputs({}, f"task {path[-1]}", unread) if hidden else {},
                    unread=f"outputs were not read: {unread}" if hidden else "",
                    read_log=read_log,
                )
            )
    if package is None:
        return tasks
    outputs = DagOutputs(package, {task.label: task for task in tasks})
    return [replace(each, outputs=outputs.of(each)) if each.is_dag else each for each in tasks]


def _pod(detail: ApiTask | None) -> str:
    return detail.pod_name if detail is not None else ""


def _declared_path(
    record: TaskRecord, declared: Mapping[tuple[str, ...], tuple[Mapping[str, Any], object]]
) -> tuple[str, ...]:
    """The record's path in the compiled pipeline; older drivers record display names instead."""
    if record.path in declared:
        return record.path
    found: tuple[str, ...] = ()
    for name in record.path:
        inner = (*found, name) if (*found, name) in declared else None
        for path, (task, _) in declared.items():
            if inner is None and path[:-1] == found and _display_name(task) == name:
                inner = path
        if inner is None:
            break
        found = inner
    if len(found) == len(record.path) - 1:
        for path, (task, _) in declared.items():
            known = {record.name, record.display_name} - {""}
            if path[:-1] == found and _display_name(task) in known:
                return path
    return found if len(found) == len(record.path) else record.path


def _display_name(task: Mapping[str, Any]) -> str:
    return str(task.get("taskInfo", {}).get("name") or "")


def _keyed(place: tuple[str, ...], path: tuple[str, ...]) -> tuple[str, ...]:
    """A place by the keys of the compiled pipeline, where a source tells display names."""
    if len(place) != len(path):
        return place
    numbers = (_NUMBER.search(one) for one in place)
    return tuple(
        f"{key}{number[0] if number else ''}" for key, number in zip(path, numbers, strict=True)
    )


def _state(recorded: str, detail: ApiTask | None, run_state: str) -> str:
    if recorded in FINAL_STATES:
        return recorded
    if detail is not None and detail.state:
        return detail.state
    # ML Metadata is not told of a pod that was stopped or never started.
    return run_state if run_state in {"CANCELED", "FAILED"} else recorded


def typed(value: Any, kind: str) -> Any:
    """`value` as the declared type: JSON knows one kind of number, parameters know two."""
    if kind == "NUMBER_INTEGER" and isinstance(value, float) and value.is_integer():
        return int(value)
    if kind == "NUMBER_DOUBLE" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return _whole(value) if kind in {"LIST", "STRUCT"} else value


def _whole(value: Any) -> Any:
    """Whole floats as ints, at any depth: so a task gets them too, from its executor's input."""
    if isinstance(value, dict):
        return {name: _whole(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_whole(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def find_task(tasks: Sequence[Task], name: str) -> Task:
    """The task called `name`: its key, "dag/key", "loop[0]/key", or else its display name.

    Raises NotFound if there is none, or more than one.
    """
    ways: list[Callable[[Task], bool]] = [
        lambda task: task.label == name,
        lambda task: "/".join(task.path) == name,
        lambda task: task.name == name,
        lambda task: task.display_name == name,
    ]
    for way in ways:
        found = [task for task in tasks if way(task)]
        if len(found) == 1:
            return found[0]
        if found:
            labels = ", ".join(task.label for task in found)
            raise NotFound(f"{len(found)} tasks of the run are called {name!r}: {labels}")
    there = ", ".join(task.label for task in tasks) or "none"
    raise NotFound(f"the run has no task {name!r}; its tasks: {there}")


def pipeline_outputs(package: Package, tasks: Iterable[Task]) -> dict[str, Any]:
    """The pipeline's own output parameters, taken from the tasks that produce them."""
    return DagOutputs(package, {task.label: task for task in tasks}).of_pipeline()
