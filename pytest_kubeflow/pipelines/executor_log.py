"""The tasks of a run out of the logs of its pods: the second source.

The launcher prints the executor's output file as `ExecutorOutput: {json}` into the log of the
container `main` (backend/src/v2/component/launcher_v2.go in kubeflow/pipelines), indented over
several lines, behind the prefix of glog. It holds what Python components return; parameters that
a container wrote into files of their own are not in it.
"""

from __future__ import annotations

import json
from typing import Any

from pytest_kubeflow.errors import KubeflowError
from pytest_kubeflow.k8s.client import KubernetesClient, calling
from pytest_kubeflow.k8s.logs import read_log
from pytest_kubeflow.pipelines.logs import MAIN
from pytest_kubeflow.pipelines.outputs import Artifact, SourceUnavailable, TaskRecord

RUN_LABEL = "pipeline/runid"
"""The label of a run's Workflow and of its pods."""

_MARK = "ExecutorOutput:"
_NODE_NAME = "workflows.argoproj.io/node-name"
_STATES = {
    "Pending": "PENDING",
    "Running": "RUNNING",
    "Succeeded": "SUCCEEDED",
    "Failed": "FAILED",
}


class ExecutorLogSource:
    """Reads `TaskRecord`s from pods in one namespace, while they are there."""

    name = "the logs of the run's pods"
    is_complete = False

    def __init__(self, kubernetes: KubernetesClient, namespace: str) -> None:
        self._kubernetes = kubernetes
        self._namespace = namespace

    def tasks(self, run_id: str) -> list[TaskRecord]:
        """A record for each pod that runs a component; DAGs have none.

        Raises SourceUnavailable where pods or logs cannot be read.
        """
        try:
            with calling(f"list the pods of run {run_id}"):
                pods = self._kubernetes.core.list_namespaced_pod(
                    self._namespace, label_selector=f"{RUN_LABEL}={run_id}"
                ).items
            records = [self._record(pod) for pod in pods if task_path(pod)]
        except KubeflowError as error:
            raise SourceUnavailable(f"{self.name} cannot be read: {error.message}") from error
        return sorted(records, key=lambda record: record.started or 0.0)

    def _record(self, pod: Any) -> TaskRecord:
        name = pod.metadata.name
        ended = pod.status.phase in {"Succeeded", "Failed"}
        log = read_log(self._kubernetes, self._namespace, name, MAIN) if ended else b""
        output = executor_output(log.decode(errors="replace"))
        path = task_path(pod)
        state = next((each.state for each in pod.status.container_statuses or ()), None)
        terminated = state.terminated if state else None
        finished = terminated.finished_at if terminated else None
        return TaskRecord(
            name=path[-1],
            path=path,
            state=_STATES.get(pod.status.phase, "PENDING"),
            pod_name=name,
            started=pod.metadata.creation_timestamp.timestamp(),
            ended=finished.timestamp() if finished else None,
            outputs=output.get("parameterValues") or {},
            artifacts=_artifacts(output),
        )


def task_path(pod: Any) -> tuple[str, ...]:
    """The task's path in the pipeline out of Argo's node name; empty for drivers and others.

    Node names look like `run-abc.root.square-root.executor` (`...root.inner.square.executor`).
    """
    annotations = pod.metadata.annotations or {}
    first, *names = str(annotations.get(_NODE_NAME, "")).split(".")
    if not first or len(names) < 3 or names[-1] != "executor":
        return ()
    return tuple(names[1:-1])


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


def _artifacts(output: dict[str, Any]) -> dict[str, Artifact]:
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
