"""The status of a Workflow: its phase, and the nodes of its tasks.

Field names: argoproj/argo-workflows pkg/apis/workflow/v1alpha1 (WorkflowStatus).
"""

from __future__ import annotations

import asyncio
from typing import Any

from pytest_kubeflow.local.kube import ApiError, KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import WORKFLOWS
from pytest_kubeflow.local.pipelines.driver.workflow.nodes import (
    UNFINISHED,
    PodNode,
    Progress,
    TaskNode,
    timestamp,
)

_TOGETHER = 0.02
"""Seconds in which changes are written as one; the end of a run is written at once."""

FINAL_PHASES = frozenset({"Succeeded", "Failed", "Error"})


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
        self._tasks: dict[str, TaskNode] = {}
        # What was written before, by the node's id; a retry leaves out what is done again.
        self._nodes: dict[str, Object] = dict((workflow.get("status") or {}).get("nodes") or {})
        self._started = timestamp()
        self._finished = ""
        self._changed = asyncio.Event()
        self._written = asyncio.Lock()
        self._seen = 0
        self._version = 0

    def node(self, node: TaskNode) -> TaskNode:
        """Add a task."""
        self._tasks[node.name] = node
        self.changed()
        return node

    def move(self, node: Progress, phase: str, message: str = "") -> None:
        """Change the phase of a task, or of an attempt at it; its times follow."""
        if (node.phase, node.message) == (phase, message):
            return
        node.phase, node.message = phase, message
        if phase != "Pending" and not node.started_at and phase not in {"Omitted", "Skipped"}:
            node.started_at = timestamp()
        if phase not in UNFINISHED:
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
        return [one for one in self._tasks.values() if one.phase in UNFINISHED]

    def stop(self, phase: str, message: str, *, of_pods: str = "") -> None:
        """All that has not ended ends so; `of_pods` is what is said of pods."""
        for task in self.unfinished:
            pods: list[PodNode] = [one for one in task.attempts if one.phase in UNFINISHED]
            for one in pods:
                self.move(one, phase, of_pods or message)
            self.move(task, phase, message)

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
            nodes = {node["id"]: node for task in self._tasks.values() for node in task.nodes()}
            try:
                await self._client.patch(
                    WORKFLOWS,
                    self._metadata["name"],
                    {"metadata": {"labels": self._labels()}, "status": self._to_json(nodes)},
                    namespace=self._metadata["namespace"],
                )
            except ApiError as error:
                if error.code not in {403, 404}:  # 403: the namespace is being deleted
                    raise
            self._nodes = nodes

    def _labels(self) -> dict[str, str]:
        return {
            "workflows.argoproj.io/phase": self.phase,
            "workflows.argoproj.io/completed": str(self.phase in FINAL_PHASES).lower(),
        }

    def _to_json(self, nodes: dict[str, Object]) -> Object:
        pods = [one for one in nodes.values() if one["type"] == "Pod"]
        done = sum(one["phase"] == "Succeeded" for one in pods)
        return {
            "phase": self.phase,
            "message": self.message or None,  # a merge patch removes what is None
            "startedAt": self._started,
            "finishedAt": self._finished or None,
            "progress": f"{done}/{len(pods)}",
            "retryGeneration": self._generation,
            "contexts": {"pipeline": self.pipeline_context, "run": self.run_context},
            "nodes": self._differences(nodes),
        }

    def _differences(self, nodes: dict[str, Object]) -> Object:
        """The nodes that are not what was written, and None for each that is no more."""
        changed: Object = dict.fromkeys(self._nodes.keys() - nodes.keys())
        for key, node in nodes.items():
            before = self._nodes.get(key)
            if before != node:
                changed[key] = dict.fromkeys(before or ()) | node
        return changed
