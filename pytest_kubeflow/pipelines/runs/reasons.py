"""Reasons: why tasks of a run failed or hang, in the words of the Workflow that runs it.

The pipelines API of KFP 2.17 has fields for errors and fills none of them (`toApiRun` and
`toApiPipelineTaskDetail` in backend/src/apiserver/server/api_converter.go; kubeflow/pipelines
issue 14007). Argo's Workflow says it of each pod: that its image cannot be pulled, what exit code
it had, that it went over its deadline. It also knows of failures that ML Metadata was not told: of
a driver, which comes before a task has an entry there, and of Argo's own container, which ends
after the component.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from pytest_kubeflow.errors import KubeflowError
from pytest_kubeflow.pipelines.runs.last_words import driver_reason
from pytest_kubeflow.pipelines.runs.states import FINAL_STATES
from pytest_kubeflow.pipelines.tasks.task import NOT_STARTED, Task
from pytest_kubeflow.pipelines.tasks.workflow_nodes import NodeTask, WorkflowNodes

_WELL = frozenset({"SUCCEEDED", "SKIPPED", "CACHED"})


@dataclass(frozen=True, slots=True)
class Reasons:
    """What a Workflow says. `read_log` gives the log of a pod by its name."""

    nodes: WorkflowNodes = field(default_factory=WorkflowNodes)
    read_log: Callable[[str], str] | None = None

    @property
    def run(self) -> str:
        """What it says of the run itself, or of the pipeline's first driver."""
        root = self.nodes.pipeline
        if root is not None and root.failed_driver is not None:
            return self._of_driver(root)
        return self.nodes.message

    def explain(self, tasks: Iterable[Task]) -> list[Task]:
        """The tasks, with states and reasons for those that did not end well.

        Those whose driver failed are added where no source knows of them.
        """
        explained = [self._explained(task) for task in tasks]
        known = {task.place or task.path for task in explained}
        like = explained[0] if explained else None
        for place, node in self.nodes.tasks.items():
            if place and place not in known and node.failed_driver is not None:
                task = Task(
                    node.path[-1],
                    NOT_STARTED,
                    path=node.path,
                    place=place,
                    read_log=like.read_log if like else None,
                )
                explained.append(self._explained(task))
        return explained

    def _explained(self, task: Task) -> Task:
        node = self.nodes.tasks.get(task.place or task.path)
        if node is None:
            return task
        state = task.state
        if node.state == "FAILED" or (node.state and state not in FINAL_STATES):
            state = node.state
        found = "" if state in _WELL else node.message
        driver = node.failed_driver
        if driver is not None:
            found = self._of_driver(node)
        pod = task.pod_name or (self.nodes.pod_name(driver) if driver is not None else "")
        return replace(task, state=state, error=found or task.error, pod_name=pod)

    def _of_driver(self, node: NodeTask) -> str:
        """What its driver says in its log, or else what Argo says of the driver."""
        driver = node.failed_driver
        if driver is None:
            return ""
        message = ""
        if self.read_log is not None:
            try:
                message = driver_reason(self.read_log(self.nodes.pod_name(driver)))
            except KubeflowError as error:
                message = f"its log cannot be read: {error.message}"
                return f"its driver failed: {driver.message} ({message})"
        return message or f"its driver failed: {driver.message}"
