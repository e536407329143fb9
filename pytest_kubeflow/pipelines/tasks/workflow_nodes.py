"""WorkflowNodes: the tasks of a run as the status of its Workflow has them.

A task is a row of nodes there (`node_names`); this puts them together again. Field names:
argoproj/argo-workflows pkg/apis/workflow/v1alpha1 (WorkflowStatus, NodeStatus).
"""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pytest_kubeflow.k8s.client import KubernetesClient, calling
from pytest_kubeflow.k8s.pods.run_pods import RUN_ID
from pytest_kubeflow.pipelines.tasks.node_names import NodeName, Role

WORKFLOWS = ("argoproj.io", "v1alpha1", "workflows")
"""Group, version and plural."""

FAILED = frozenset({"Failed", "Error"})
_STATES = {
    "Pending": "PENDING",
    "Running": "RUNNING",
    "Succeeded": "SUCCEEDED",
    "Skipped": "SKIPPED",
    "Failed": "FAILED",
    "Error": "FAILED",
}
_POD_NAMES = "workflows.argoproj.io/pod-name-format"
_CONDITION = "when '"
_CONTAINER_DRIVER = "system-container-driver"
_OF_PODS = ("-executor", "-impl", _CONTAINER_DRIVER, "system-importer")
_LONGEST_PREFIX = 242  # of a pod's name (argo-workflows workflow/util/pod_name.go)


@dataclass(frozen=True, slots=True)
class Node:
    """A node of the Workflow's status: its phase as Argo names it, times in seconds."""

    id: str
    place: NodeName
    kind: str
    template: str
    phase: str
    message: str = ""
    started: float | None = None
    ended: float | None = None

    @classmethod
    def of(cls, node: Mapping[str, Any]) -> Node | None:
        """None for what is no part of a pipeline's task."""
        found = NodeName.read(str(node.get("name") or ""), str(node.get("templateName") or ""))
        if found is None:
            return None
        return cls(
            str(node.get("id") or ""),
            found,
            str(node.get("type") or ""),
            str(node.get("templateName") or ""),
            str(node.get("phase") or ""),
            str(node.get("message") or ""),
            _seconds(node.get("startedAt")),
            _seconds(node.get("finishedAt")),
        )


@dataclass(slots=True)
class NodeTask:
    """A task, a DAG or an iteration of a loop: its nodes.

    `outer` is what Argo keeps around the attempts; of each, the pods come in the order of attempts.
    """

    place: tuple[str, ...]
    path: tuple[str, ...]
    outer: Node | None = None
    inner: Node | None = None
    drivers: list[Node] = field(default_factory=list)
    executors: list[Node] = field(default_factory=list)
    executor: Node | None = None

    @property
    def state(self) -> str:
        """As KFP names it; empty for what did not begin."""
        if self.outer is None or self.outer.phase == "Omitted":
            return "FAILED" if self.failed_driver is not None else ""
        if self.outer.kind == "Skipped" and not self.outer.message.startswith(_CONDITION):
            return ""
        state = _STATES.get(self.outer.phase, "PENDING")
        pod = self.executors[-1] if self.executors else None
        return "PENDING" if state == "RUNNING" and pod and pod.phase == "Pending" else state

    @property
    def failed_driver(self) -> Node | None:
        """The pod of its driver, if that has failed; some tasks are their driver's work alone."""
        alone = self.inner
        if alone is not None and alone.kind == "Pod" and alone.template == _CONTAINER_DRIVER:
            return alone if alone.phase in FAILED else None
        return self.drivers[-1] if self.drivers and self.drivers[-1].phase in FAILED else None

    @property
    def pod(self) -> Node | None:
        """The pod that counts: of the last attempt, or of a driver that failed."""
        if self.executors:
            return self.executors[-1]
        if self.inner is not None and self.inner.kind == "Pod":
            return self.inner
        return self.failed_driver

    @property
    def message(self) -> str:
        """What Argo says of its last pod, or else of itself; empty where it ended well."""
        for one in (self.pod, self.executor, self.inner, self.outer):
            if one is not None and one.message and one.phase not in {"Succeeded", "Skipped"}:
                return one.message if one.phase != "Omitted" else ""
        return ""

    @property
    def cached(self) -> bool:
        """Whether the component was not run, since its outputs were known."""
        return self.executor is not None and self.executor.phase == "Skipped"

    @property
    def is_dag(self) -> bool:
        """Whether other tasks are inside it, rather than a pod."""
        at = self.outer or self.inner
        return at is not None and not at.template.endswith(_OF_PODS)


@dataclass(frozen=True, slots=True)
class WorkflowNodes:
    """What a Workflow's status says: of the run itself, and of its tasks by their places."""

    name: str = ""
    phase: str = ""
    message: str = ""
    tasks: Mapping[tuple[str, ...], NodeTask] = field(default_factory=dict)
    pods_are_nodes: bool = False

    @classmethod
    def of(cls, workflow: Mapping[str, Any]) -> WorkflowNodes:
        """From a Workflow object."""
        status = workflow.get("status") or {}
        tasks: dict[tuple[str, ...], NodeTask] = {}
        for node in _ordered(status.get("nodes") or _unpacked(status.get("compressedNodes"))):
            at = node.place
            task = tasks.setdefault(at.place, NodeTask(at.place, at.path))
            if at.role is Role.TASK:
                _put(task, node)
            elif at.role is Role.DRIVER and node.kind == "Pod":
                task.drivers.append(node)
            elif at.role is Role.EXECUTOR:
                if node.kind == "Pod":
                    task.executors.append(node)
                if at.attempt is None or task.executor is None:
                    task.executor = node
        metadata = workflow.get("metadata") or {}
        return cls(
            str(metadata.get("name") or ""),
            status.get("phase") or "",
            status.get("message") or "",
            tasks,
            (metadata.get("annotations") or {}).get(_POD_NAMES) == "v1",
        )

    @property
    def pipeline(self) -> NodeTask | None:
        """The pipeline itself."""
        return self.tasks.get(())

    def pod_name(self, node: Node) -> str:
        """The name of a node's pod: the node's id, or since Argo 3.3 with the template's name."""
        if self.pods_are_nodes:
            return node.id
        number = node.id.rpartition("-")[2]
        return f"{f'{self.name}-{node.template}'[:_LONGEST_PREFIX]}-{number}"


def _put(task: NodeTask, node: Node) -> None:
    if node.place.attempt is None:
        task.outer = node
        # Without a retry strategy there are no attempts, and this is all there is.
        if node.kind != "Retry" and task.inner is None:
            task.inner = node
    else:
        task.inner = node
        if task.outer is None:
            task.outer = node


def _ordered(nodes: Mapping[str, Any]) -> Iterator[Node]:
    found = [one for one in map(Node.of, nodes.values()) if one is not None]
    return iter(sorted(found, key=lambda one: (one.started or 0.0, one.place.attempt or 0)))


def _unpacked(packed: str | None) -> dict[str, Any]:
    """The nodes of a Workflow that is too large for them: as gzip in base64."""
    try:
        found = json.loads(gzip.decompress(base64.b64decode(packed or "")) or b"{}")
    except (OSError, EOFError, ValueError, zlib.error):
        return {}
    return found if isinstance(found, dict) else {}


def _seconds(stamp: str | None) -> float | None:
    return datetime.fromisoformat(stamp).timestamp() if stamp else None


def read_nodes(kubernetes: KubernetesClient, namespace: str, run_id: str) -> WorkflowNodes | None:
    """What the Workflow of a run says now; None if there is none. Raises KubeflowError."""
    group, version, plural = WORKFLOWS
    with calling(f"read the Workflow of run {run_id}"):
        found = kubernetes.custom.list_namespaced_custom_object(
            group, version, namespace, plural, label_selector=f"{RUN_ID}={run_id}"
        )
    return WorkflowNodes.of(found["items"][-1]) if found["items"] else None
