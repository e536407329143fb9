"""PersistenceAgent: the state of Workflows, carried into the API's store.

States: backend/src/apiserver/resource/resource_manager.go (ReportWorkflowResource), model/run.go.
Tasks are the Workflow's nodes, as they are: server/api_converter.go (toModelTasks).
The real agent lags by seconds; this one follows each change. Neither tells why a run has failed:
the field for it stays empty.
"""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import datetime

from pytest_kubeflow.local.kube import Informer
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.pipelines.store import (
    FINAL_STATES,
    PipelineStore,
    Run,
    StateChange,
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

    def __init__(self, workflows: Informer, store: PipelineStore) -> None:
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
            return  # the agent gives up what it does not find: the run stays as it was
        self._store.runs.save(_reported(run, workflow))


def _reported(run: Run, workflow: Object) -> Run:
    status = workflow.get("status") or {}
    state = _STATES.get(status.get("phase", ""), "PENDING")
    # It is canceled until its Workflow has ended; then it has failed, as any other (2.17).
    if run.state == "CANCELING" and state not in FINAL_STATES:
        state = "CANCELING"
    contexts = status.get("contexts") or {}
    known = {task.id: task for task in run.tasks}
    nodes = (status.get("nodes") or {}).values()
    run = replace(
        run,
        tasks=tuple(
            _task(node, task_id, known.get(task_id))
            for node in sorted(nodes, key=_id_of)
            for task_id in [_task_id(run, node)]
        )
        or run.tasks,
        pipeline_context_id=contexts.get("pipeline", 0),
        run_context_id=contexts.get("run", 0),
    )
    if state != run.state and run.state not in FINAL_STATES:
        run = _moved(run, state, _time(status.get("finishedAt")))
    return run


def _moved(run: Run, state: str, finished: datetime | None = None) -> Run:
    change = StateChange(state, finished or now())
    ended = state in FINAL_STATES
    return replace(
        run,
        state=state,
        history=(*run.history, change),
        finished_at=change.time if ended else None,
    )


def _task(node: Object, task_id: str, known: Task | None) -> Task:
    state = _STATES.get(node["phase"], "PENDING")
    history = known.history if known else ()
    if not history or history[-1].state != state:
        history = (*history, StateChange(state, now()))
    return Task(
        id=task_id,
        name=node["displayName"],
        state=state,
        created_at=known.created_at if known else now(),
        started_at=_time(node.get("startedAt")),
        finished_at=_time(node.get("finishedAt")),
        children=tuple(node.get("children") or ()),
        history=history,
    )


def _id_of(node: Object) -> str:
    return str(node["id"])


def _task_id(run: Run, node: Object) -> str:
    """Of a task in the API: it has nothing to do with the node's."""
    return str(uuid.uuid5(uuid.UUID(run.id), node["id"]))


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
