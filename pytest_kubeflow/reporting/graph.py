"""The graph of a run: which task waits for which, and which DAG is around it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_kubeflow.pipelines.packages.package import Package
    from pytest_kubeflow.pipelines.tasks.task import Task

_NUMBER = re.compile(r"\[\d+\]$")


def waits_for(package: Package, tasks: Sequence[Task]) -> Mapping[str, tuple[str, ...]]:
    """The labels of the tasks whose end each task waits for, by its label; same DAG alone.

    Where the compiled pipeline names a loop, each of its iterations is meant.
    """
    declared = {path: task.get("dependentTasks", ()) for path, task, _ in package.tasks()}
    # The iterations of a loop are told as tasks of one path, with a number each.
    inside: dict[tuple[str, str], list[str]] = {}
    for task in tasks:
        around, name = _split(task)
        inside.setdefault((around, _NUMBER.sub("", name)), []).append(task.label)
    return {
        task.label: tuple(
            label
            for needed in declared.get(task.path, ())
            for label in inside.get((_split(task)[0], needed), ())
        )
        for task in tasks
    }


def around(task: Task) -> str:
    """The label of the DAG around a task; "" for one of the pipeline itself."""
    return _split(task)[0]


def _split(task: Task) -> tuple[str, str]:
    outer, _, name = task.label.rpartition("/")
    return outer, name
