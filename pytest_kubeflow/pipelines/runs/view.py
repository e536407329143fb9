"""RunView: one answer of the API about a run, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pytest_kubeflow.errors import RunMismatch


@dataclass(frozen=True, slots=True)
class TaskDetail:
    """What the API itself tells of a task, or of another node of the Workflow.

    `children` are the ids of nodes; KFP 2.17 calls them names of pods, which they are not.
    """

    name: str
    state: str
    error: str = ""
    pod_name: str = ""
    children: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RunView:
    """The API's answer about a run. Times are seconds since the epoch."""

    run_id: str
    name: str
    state: str
    error: str = ""
    created: float | None = None
    ended: float | None = None
    details: tuple[TaskDetail, ...] = ()
    pipeline_spec: Mapping[str, Any] | None = field(default=None, repr=False, compare=False)
    """What it runs, as submitted; of a run of an uploaded version the API tells the version."""
    version: tuple[str, str] | None = None
    """The ids of the uploaded pipeline and of its version."""
    arguments: Mapping[str, Any] | None = field(default=None, repr=False, compare=False)
    archived: bool = False
    recurring_run: str = ""
    """The id of the recurring run that started it; "" for one that somebody submitted."""
    scheduled: float | None = None
    """When it was due, of a recurring run's."""

    @classmethod
    def of(cls, run: Any, *, asked: str | None = None) -> RunView:
        """From a V2beta1Run of the SDK. Raises RunMismatch if it is not the run that was `asked`.

        `asked` is that run's id.
        """
        view = cls.of_json(run.to_dict())
        if asked is not None and view.run_id != asked:
            raise RunMismatch(
                f"the pipelines API was asked for run {asked} and answers with another run, "
                f"{view.run_id or 'without an id'}: is there a cache between it and us?"
            )
        return view

    @classmethod
    def of_json(cls, run: Mapping[str, Any]) -> RunView:
        """From a run as the API's JSON has it."""
        details = (run.get("run_details") or {}).get("task_details") or ()
        return cls(
            run_id=run["run_id"],
            name=run.get("display_name") or "",
            state=_state(run.get("state")),
            error=_message(run.get("error")),
            created=_seconds(run.get("created_at")),
            ended=_seconds(run.get("finished_at")),
            details=tuple(map(_detail, details)),
            pipeline_spec=run.get("pipeline_spec"),
            version=_version(run.get("pipeline_version_reference") or {}),
            arguments=(run.get("runtime_config") or {}).get("parameters"),
            archived=run.get("storage_state") == "ARCHIVED",
            recurring_run=run.get("recurring_run_id") or "",
            scheduled=_seconds(run.get("scheduled_at")),
        )


def _detail(task: Mapping[str, Any]) -> TaskDetail:
    children = [each.get("pod_name") for each in task.get("child_tasks") or ()]
    return TaskDetail(
        task.get("display_name") or "",
        _state(task.get("state")),
        _message(task.get("error")),
        task.get("pod_name") or "",
        tuple(filter(None, children)),
    )


def _version(reference: Mapping[str, Any]) -> tuple[str, str] | None:
    version = reference.get("pipeline_version_id")
    return (str(reference.get("pipeline_id") or ""), str(version)) if version else None


def _state(state: Any) -> str:
    return str(state) if state and state != "RUNTIME_STATE_UNSPECIFIED" else ""


def _message(error: Mapping[str, Any] | None) -> str:
    return str((error or {}).get("message") or "")


def _seconds(stamp: datetime | str | None) -> float | None:
    if isinstance(stamp, str):
        stamp = datetime.fromisoformat(stamp)
    # finished_at of an unfinished run is the epoch itself.
    seconds = stamp.timestamp() if stamp is not None else 0.0
    return seconds if seconds > 0 else None
