"""The tasks of a run out of its Workflow and the logs of its pods: where ML Metadata is not.

The launcher prints the executor's output file as `ExecutorOutput: {json}` into the log of the
container `main` (backend/src/v2/component/launcher_v2.go in kubeflow/pipelines), indented over
several lines, behind the prefix of glog. It holds what Python components return; parameters that
a container wrote into files of their own are not in it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pytest_kubeflow.errors import KubeflowError, NotFound, PermissionDenied
from pytest_kubeflow.k8s.client import KubernetesClient, calling
from pytest_kubeflow.k8s.pods.logs import read_log
from pytest_kubeflow.k8s.pods.run_pods import RUN_ID
from pytest_kubeflow.pipelines.outputs.source import Artifact, SourceUnavailable, TaskRecord
from pytest_kubeflow.pipelines.runs.logs import MAIN
from pytest_kubeflow.pipelines.tasks.node_names import NodeName, Role
from pytest_kubeflow.pipelines.tasks.workflow_nodes import NodeTask, WorkflowNodes, read_nodes

_MARK = "ExecutorOutput:"
_NODE_NAME = "workflows.argoproj.io/node-name"
_STATES = {
    "Pending": "PENDING",
    "Running": "RUNNING",
    "Succeeded": "SUCCEEDED",
    "Failed": "FAILED",
}
_FINAL = frozenset({"SUCCEEDED", "FAILED"})


@dataclass(frozen=True, slots=True)
class _TaskPod:
    """A pod of a run, and which node of Argo it is."""

    pod: Any
    node: NodeName

    @property
    def name(self) -> str:
        return str(self.pod.metadata.name)

    @property
    def state(self) -> str:
        return _STATES.get(self.pod.status.phase, "PENDING")


class ExecutorLogSource:
    """Reads `TaskRecord`s from a Workflow and pods in one namespace, while they are there.

    Who may not read Workflows gets the tasks that have pods, and the DAGs around them.
    """

    name = "the logs of the run's pods"
    is_complete = False

    def __init__(self, kubernetes: KubernetesClient, namespace: str) -> None:
        self._kubernetes = kubernetes
        self._namespace = namespace

    def tasks(self, run_id: str) -> list[TaskRecord]:
        """A record for each task, DAG and iteration that has begun.

        Raises SourceUnavailable where pods or logs cannot be read.
        """
        try:
            pods = self._pods(run_id)
            nodes = self._nodes(run_id)
            if nodes is not None and nodes.tasks:  # else they are offloaded to a database
                records = list(self._from_nodes(nodes, pods))
            else:
                records = self._from_pods(pods)
        except KubeflowError as error:
            raise SourceUnavailable(f"{self.name} cannot be read: {error.message}") from error
        return sorted(records, key=lambda record: record.started or 0.0)

    def _pods(self, run_id: str) -> dict[tuple[str, ...], _TaskPod]:
        """The last pod of each task that has one, by the task's place."""
        with calling(f"list the pods of run {run_id}"):
            pods = self._kubernetes.core.list_namespaced_pod(
                self._namespace, label_selector=f"{RUN_ID}={run_id}"
            ).items
        found: dict[tuple[str, ...], _TaskPod] = {}
        for pod in pods:
            node = node_of(pod)
            if node is None or node.role not in {Role.EXECUTOR, Role.TASK}:
                continue
            before = found.get(node.place)
            if before is None or (before.node.attempt or 0) < (node.attempt or 0):
                found[node.place] = _TaskPod(pod, node)
        return found

    def _nodes(self, run_id: str) -> WorkflowNodes | None:
        try:
            return read_nodes(self._kubernetes, self._namespace, run_id)
        except (PermissionDenied, NotFound):
            return None

    def _from_nodes(
        self, nodes: WorkflowNodes, pods: Mapping[tuple[str, ...], _TaskPod]
    ) -> Iterator[TaskRecord]:
        for place, task in nodes.tasks.items():
            # ML Metadata is told of a task by its driver: not by one that has failed.
            begun = task.outer is not None and task.outer.phase != "Omitted"
            if not place or not task.state or not begun:
                continue
            yield self._record(task, pods.get(place))

    def _record(self, task: NodeTask, pod: _TaskPod | None) -> TaskRecord:
        known = task.outer or task.inner
        output: Mapping[str, Any] = {}
        unread = ""
        if not task.is_dag and task.state == "SUCCEEDED":
            output, unread = self._output(task, pod)
        return TaskRecord(
            name=task.path[-1],
            path=task.path,
            place=task.place,
            state=task.state,
            pod_name=pod.name if pod is not None else "",
            started=known.started if known else None,
            ended=known.ended if known else None,
            outputs=_as_struct(output.get("parameterValues") or {}),
            artifacts=_artifacts(output),
            is_dag=task.is_dag,
            is_cached=task.cached,
            unread=unread,
        )

    def _output(self, task: NodeTask, pod: _TaskPod | None) -> tuple[Mapping[str, Any], str]:
        if task.cached:
            return {}, "the task came from the cache, and has no log of its own"
        if pod is None:
            return {}, "its pod is gone, and its log with it"
        return self._read(pod)

    def _read(self, pod: _TaskPod) -> tuple[Mapping[str, Any], str]:
        log = read_log(self._kubernetes, self._namespace, pod.name, MAIN)
        output = executor_output(log.decode(errors="replace"))
        if output:
            return output, ""
        return {}, f"the log of pod {pod.name} has no {_MARK} {{...}}, as of container components"

    def _from_pods(self, pods: Mapping[tuple[str, ...], _TaskPod]) -> list[TaskRecord]:
        records = [self._of_pod(pod) for pod in pods.values()]
        return [*records, *_around(records)]

    def _of_pod(self, pod: _TaskPod) -> TaskRecord:
        output, unread = self._read(pod) if pod.state == "SUCCEEDED" else ({}, "")
        statuses = pod.pod.status.container_statuses or ()
        state = next((each.state for each in statuses if each.name == MAIN), None)
        finished = state.terminated.finished_at if state and state.terminated else None
        return TaskRecord(
            name=pod.node.path[-1],
            path=pod.node.path,
            place=pod.node.place,
            state=pod.state,
            pod_name=pod.name,
            started=pod.pod.metadata.creation_timestamp.timestamp(),
            ended=finished.timestamp() if finished else None,
            outputs=_as_struct(output.get("parameterValues") or {}),
            artifacts=_artifacts(output),
            unread=unread,
        )


def node_of(pod: Any) -> NodeName | None:
    """Which node of Argo a pod is; None for a pod of another kind."""
    annotations = pod.metadata.annotations or {}
    node = NodeName.read(str(annotations.get(_NODE_NAME, "")))
    return node if node is not None and node.place else None


def _around(records: Iterable[TaskRecord]) -> Iterator[TaskRecord]:
    """The DAGs and iterations in which these tasks are."""
    inside: dict[tuple[str, ...], list[TaskRecord]] = {}
    for record in records:
        for depth in range(1, len(record.place)):
            place = record.place[:depth]
            inside.setdefault(place, []).append(record)
            loop = place[-1].partition("[")[0]
            if loop != place[-1]:
                inside.setdefault((*place[:-1], loop), []).append(record)
    for place, members in inside.items():
        states = {one.state for one in members}
        path = tuple(one.partition("[")[0] for one in place)
        yield TaskRecord(
            name=path[-1],
            path=path,
            place=place,
            state="FAILED"
            if "FAILED" in states
            else "SUCCEEDED"
            if states <= _FINAL
            else "RUNNING",
            started=min(one.started or 0.0 for one in members) or None,
            is_dag=True,
        )


def executor_output(log: str) -> dict[str, Any]:
    """The last executor output in a log; empty if there is none that is whole."""
    at = log.rfind(_MARK)
    if at < 0:
        return {}
    start = log.find("{", at)
    if start < 0:
        return {}
    try:
        found, _ = json.JSONDecoder().raw_decode(log, start)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _as_struct(value: Any) -> Any:
    """JSON as protobuf's Struct keeps it, and so ML Metadata: all numbers are floats."""
    if isinstance(value, dict):
        return {name: _as_struct(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_as_struct(each) for each in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _artifacts(output: Mapping[str, Any]) -> dict[str, Artifact]:
    written = {}
    for name, listed in (output.get("artifacts") or {}).items():
        for artifact in listed.get("artifacts") or ():
            written[name] = Artifact(
                name=artifact.get("name", name),
                type=artifact.get("type", {}).get("schemaTitle", ""),
                uri=artifact.get("uri", ""),
                metadata=artifact.get("metadata") or {},
            )
    return written
