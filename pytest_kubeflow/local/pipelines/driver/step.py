"""Step: one task of a DAG on its way, with all that is known of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pytest_kubeflow.local.pipelines.driver.inputs.values import TaskError, Values
from pytest_kubeflow.local.pipelines.driver.workflow.nodes import TaskNode

Json = Any
Resolve = Callable[[Json], Json]


def _nothing(_: Json) -> Json:
    raise TaskError("this task has no DAG around it")


@dataclass(frozen=True, slots=True)
class Step:
    """The task `key` as the compiled pipeline has it, and where it stands in the run.

    `executor` is empty for a DAG, `platform` what kfp-kubernetes asks for. `parent` is the
    execution of the DAG around it, `iteration` its number if it is one of a loop's. `resolve` gives
    the value of a parameter source in the DAG around it.
    """

    key: str
    task: Json
    component: Json
    executor: Json
    platform: Json
    node: TaskNode
    parent: int
    iteration: int | None = None
    inputs: Values = field(default_factory=Values)
    resolve: Resolve = _nothing

    @property
    def display_name(self) -> str:
        return str((self.task.get("taskInfo") or {}).get("name") or self.key)

    @property
    def container(self) -> Json:
        """The container that the task runs; empty for a DAG or an importer."""
        return self.executor.get("container") or {}

    @property
    def cached(self) -> bool:
        """Whether the task may take the outputs of an earlier one."""
        return bool((self.task.get("cachingOptions") or {}).get("enableCache"))
