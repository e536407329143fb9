"""The status of a Workflow: its phase, and a node for each task.

Field names: argoproj/argo-workflows pkg/apis/workflow/v1alpha1 (WorkflowStatus, NodeStatus). A
node's `outputs.parameters` hold its `execution-id` in ML Metadata, as the real driver's output.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pytest_kubeflow.local.kube import ApiError, KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import WORKFLOWS

_TOGETHER = 0.02
"""Seconds in which changes are written as one; the end of a run is written at once."""

FINAL_PHASES = frozenset({"Succeeded", "Failed", "Error"})


def timestamp() -> str:
    """Now, in RFC 3339 with milliseconds."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


@dataclass(slots=True)
class TaskNode:
    """One task of a run: `kind` is Pod, DAG or Retry, `phase` as Argo names them.

    The pods of a Retry's attempts are nodes inside it.
    """

    id: str
    name: str
    kind: str
    parent: str = ""
    phase: str = "Pending"
    message: str = ""
    execution_id: int = 0
    created_at: str = field(default_factory=timestamp)
    started_at: str = ""
    finished_at: str = ""

    def to_json(self) -> Object:
        node: Object = {
            "id": self.id,
            "name": self.id,
            "displayName": self.name,
            # As Argo has it: a task that was not started has no pod.
            "type": "Skipped" if self.phase in {"Omitted", "Skipped"} else self.kind,
            "phase": self.phase,
            "boundaryID": self.parent,
            "message": self.message,
            "createdAt": self.created_at,
            "startedAt": self.started_at,
            "finishedAt": self.finished_at,
        }
        if self.execution_id:
            value = {"name": "execution-id", "value": str(self.execution_id)}
            node["outputs"] = {"parameters": [value]}
        return {key: value for key, value in node.items() if value}


class WorkflowStatus:
    """Keeps a Workflow's status and writes it, as often as it changes but never twice at once."""

    def __init__(self, client: KubeClient, workflow: Object, generation: int) -> None:
        self.phase = "Running"
        self.message = ""
        self.pipeline_context = 0
        self.run_context = 0
        self._client = client
        self._metadata: dict[str, Any] = workflow["metadata"]
        self._generation = generation
        self._nodes: dict[str, TaskNode] = {}
        self._started = timestamp()
        self._finished = ""
        self._changed = asyncio.Event()
        self._written = asyncio.Lock()
        self._seen = 0
        self._version = 0

    def node(self, node: TaskNode) -> TaskNode:
        """Add a task."""
        self._nodes[node.id] = node
        self.changed()
        return node

    def move(self, node: TaskNode, phase: str, message: str = "") -> None:
        """Change a task's phase; its times follow."""
        if (node.phase, node.message) == (phase, message):
            return
        node.phase, node.message = phase, message
        if phase != "Pending" and not node.started_at and phase not in {"Omitted", "Skipped"}:
            node.started_at = timestamp()
        if phase not in {"Pending", "Running"}:
            node.finished_at = timestamp()
        self.changed()

    def finish(self, phase: str, message: str = "") -> None:
        self.phase, self.message, self._finished = phase, message, timestamp()
        self.changed()

    def changed(self) -> None:
        self._version += 1
        self._changed.set()

    @property
    def unfinished(self) -> list[TaskNode]:
        return [one for one in self._nodes.values() if one.phase in {"Pending", "Running"}]

    async def keep_written(self) -> None:
        """Write each change until cancelled."""
        while True:
            await self._changed.wait()
            await asyncio.sleep(_TOGETHER)
            await self.write()

    async def write(self) -> None:
        """Write what has changed; a Workflow that is gone needs no status."""
        async with self._written:
            self._changed.clear()
            if self._seen == self._version:
                return
            self._seen = self._version
            try:
                await self._client.patch(
                    WORKFLOWS,
                    self._metadata["name"],
                    {"metadata": {"labels": self._labels()}, "status": self._to_json()},
                    namespace=self._metadata["namespace"],
                )
            except ApiError as error:
                if error.code not in {403, 404}:  # 403: the namespace is being deleted
                    raise

    def _labels(self) -> dict[str, str]:
        return {
            "workflows.argoproj.io/phase": self.phase,
            "workflows.argoproj.io/completed": str(self.phase in FINAL_PHASES).lower(),
        }

    def _to_json(self) -> Object:
        pods = [one for one in self._nodes.values() if one.kind == "Pod"]
        done = sum(one.phase == "Succeeded" for one in pods)
        return {
            "phase": self.phase,
            "message": self.message or None,  # a merge patch removes what is None
            "startedAt": self._started,
            "finishedAt": self._finished or None,
            "progress": f"{done}/{len(pods)}",
            "retryGeneration": self._generation,
            "contexts": {"pipeline": self.pipeline_context, "run": self.run_context},
            "nodes": {
                one.id: one.to_json() | {"message": one.message or None}
                for one in self._nodes.values()
            },
        }
