"""PersistenceAgent: the state of Workflows, carried into the API's store.

States: backend/src/apiserver/resource/resource_manager.go (ReportWorkflowResource), model/run.go.
The real agent lags by seconds; this one follows each change.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from pytest_kubeflow.local.kube import Informer
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.pipelines.store import (
    FINAL_STATES,
    Run,
    StateChange,
    Store,
    Task,
    now,
)
from pytest_kubeflow.local.pipelines.workflows import RUN_LABEL

_STATES = {
    "Pending": "PENDING",
    "Running": "RUNNING",
    "Succeeded": "SUCCEEDED",
    "Skipped": "SKIPPED",
    "Omitted": "SKIPPED",
    "Failed": "FAILED",
    "Error": "FAILED",
}


class PersistenceAgent:
    """Follows `workflows`, and changes the runs in `store` as they say."""

    def __init__(self, workflows: Informer, store: Store) -> None:
        self._store = store
        workflows.on_change(self._on_change)

    def _on_change(self, kind: str, workflow: Object) -> None:
        run = self._store.runs.get(workflow["metadata"]["labels"][RUN_LABEL])
        if run is None or run.workflow != workflow["metadata"]["name"]:
            return
        status = workflow.get("status") or {}
        if int(status.get("retryGeneration", 0)) < run.generation:
            return  # the status of the attempt before
        if kind == "DELETED":
            if run.state not in FINAL_STATES:
                gone = "the Workflow of this run was deleted"
                self._store.runs.save(_moved(run, "FAILED", gone))
            return
        self._store.runs.save(_reported(run, workflow))


def _reported(run: Run, workflow: Object) -> Run:
    status = workflow.get("status") or {}
    state = _STATES.get(status.get("phase", ""), "PENDING")
    message = status.get("message") or ""
    # It is canceled until its Workflow has ended; then it has failed, as any other (2.17).
    if run.state == "CANCELING" and state not in FINAL_STATES:
        state = "CANCELING"
    contexts = status.get("contexts") or {}
    known = {task.id: task for task in run.tasks}
    nodes = (status.get("nodes") or {}).values()
    children: dict[str, list[str]] = {}
    for node in nodes:
        children.setdefault(node.get("boundaryID", ""), []).append(node["id"])
    run = replace(
        run,
        tasks=tuple(
            _task(node, known.get(node["id"]), children.get(node["id"], [])) for node in nodes
        )
        or run.tasks,
        pipeline_context_id=contexts.get("pipeline", 0),
        run_context_id=contexts.get("run", 0),
    )
    if state != run.state and run.state not in FINAL_STATES:
        error = message if state == "FAILED" else ""
        run = _moved(run, state, error, _time(status.get("finishedAt")))
    return run


def _moved(run: Run, state: str, error: str, finished: datetime | None = None) -> Run:
    change = StateChange(state, finished or now(), error)
    ended = state in FINAL_STATES
    return replace(
        run,
        state=state,
        error=error,
        history=(*run.history, change),
        finished_at=change.time if ended else None,
    )


def _task(node: Object, known: Task | None, children: list[str]) -> Task:
    state = _STATES.get(node["phase"], "PENDING")
    message = node.get("message", "")
    history = known.history if known else ()
    if not history or (history[-1].state, history[-1].error) != (state, message):
        history = (*history, StateChange(state, now(), message))
    outputs = (node.get("outputs") or {}).get("parameters") or []
    execution = next((one["value"] for one in outputs if one["name"] == "execution-id"), "0")
    return Task(
        id=node["id"],
        name=node["displayName"],
        state=state,
        created_at=_time(node.get("createdAt")) or now(),
        started_at=_time(node.get("startedAt")),
        finished_at=_time(node.get("finishedAt")),
        execution_id=int(execution),
        parent_id=node.get("boundaryID", ""),
        pod_name=node["id"] if node["type"] == "Pod" else "",
        children=tuple(children),
        error=message,
        history=history,
    )


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
