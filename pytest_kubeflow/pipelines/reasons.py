"""Reasons: why tasks of a run failed or hang, in the words of the Workflow that runs it.

The pipelines API of KFP 2.17 has fields for errors and fills none of them (`toApiRun` and
`toApiPipelineTaskDetail` in backend/src/apiserver/server/api_converter.go; kubeflow/pipelines
issue 14007). Argo's Workflow says it of each pod: that its image cannot be pulled, what exit code
it had, that it went over its deadline.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pytest_kubeflow.k8s.client import KubernetesClient, calling
from pytest_kubeflow.pipelines.tasks import Task
from pytest_kubeflow.pipelines.workflow_watch import RUN_ID, WORKFLOWS

_DRIVER = "-driver"


@dataclass(frozen=True, slots=True)
class Reasons:
    """What a Workflow says: `run` of itself, the others by pod and by the name of the task."""

    run: str = ""
    by_pod: Mapping[str, str] = field(default_factory=dict)
    by_name: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, workflow: Mapping[str, Any]) -> Reasons:
        """From a Workflow object (argoproj/argo-workflows, WorkflowStatus and NodeStatus)."""
        status = workflow.get("status") or {}
        by_pod: dict[str, str] = {}
        by_name: dict[str, str] = {}
        for node in (status.get("nodes") or {}).values():
            message = node.get("message")
            if not message or node.get("phase") in {"Succeeded", "Skipped", "Omitted"}:
                continue
            if node.get("type") == "Pod":
                by_pod[_hash(node["id"])] = message
            by_name.setdefault(str(node.get("displayName") or "").removesuffix(_DRIVER), message)
        return cls(status.get("message") or "", by_pod, by_name)

    def explain(self, tasks: Iterable[Task]) -> list[Task]:
        """The tasks, with reasons for those that did not end well."""
        return [self._explained(task) for task in tasks]

    def _explained(self, task: Task) -> Task:
        if task.state in {"SUCCEEDED", "SKIPPED", "CACHED"}:
            return task
        told = self.by_pod.get(_hash(task.pod_name), "") if task.pod_name else ""
        # In loops a name comes more than once, and those that have a pod are known by it.
        if not told and "[" not in task.label:
            told = self.by_name.get(task.name, "") or self.by_name.get(task.display_name, "")
        return replace(task, error=told) if told else task


def read_reasons(kubernetes: KubernetesClient, namespace: str, run_id: str) -> Reasons:
    """What the Workflow of a run says now; nothing if it is gone. Raises KubeflowError."""
    group, version, plural = WORKFLOWS
    with calling(f"read the Workflow of run {run_id}"):
        found = kubernetes.custom.list_namespaced_custom_object(
            group, version, namespace, plural, label_selector=f"{RUN_ID}={run_id}"
        )
    return Reasons.of(found["items"][-1]) if found["items"] else Reasons()


def _hash(name: str) -> str:
    """What a pod's name and its node's id have in common: both end in a hash of the node's name."""
    return name.rsplit("-", 1)[-1]
