"""What people are told of a Notebook's state, in the order in which it is looked for.

Rules and messages: crud-web-apps/jupyter/backend/apps/common/status.py of kubeflow/notebooks 1.11.
A pod that is being made is told as a warning there, since a comparison in it is never true.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime

from pytest_kubeflow.local.kube.client import Object

STOPPED = "kubeflow-resource-stopped"
_NEW_SECONDS = 10

ListEvents = Callable[[], Awaitable[Iterable[Object]]]


async def processed_status(notebook: Object, events: ListEvents) -> Object:
    """Phase and message; `events` of the Notebook are asked for where nothing else tells."""
    metadata, status = notebook["metadata"], notebook.get("status") or {}
    made = _parsed(metadata["creationTimestamp"])
    found = _from_object(metadata, status, made) or _from_conditions(status)
    if found is not None:
        return found
    listed = [one for one in await events() if _made(one) >= made]
    for event in sorted(listed, key=_made, reverse=True):
        if event.get("type") == "Warning":
            return _described("warning", event.get("message", ""))
    return _described("warning", "Couldn't find any information for the status of this notebook.")


def _from_object(metadata: Object, status: Object, made: datetime) -> Object | None:
    ready, state = status.get("readyReplicas", 0), status.get("containerState") or {}
    age = (datetime.now(UTC) - made).total_seconds()
    if not state and not status.get("conditions") and age <= _NEW_SECONDS:
        return _described("waiting", "Waiting for StatefulSet to create the underlying Pod.")
    if STOPPED in (metadata.get("annotations") or {}):
        if ready:
            return _described("waiting", "Notebook Server is stopping.")
        return _described("stopped", "No Pods are currently running for this Notebook Server.")
    if "deletionTimestamp" in metadata:
        return _described("terminating", "Deleting this Notebook Server.")
    if ready == 1:
        return _described("ready", "Running")
    if "waiting" in state:
        waiting = state["waiting"]
        reason = waiting.get("reason", "Undefined")
        message = waiting.get("message", "No available message for container state.")
        return _described("warning", f"{reason}: {message}")
    return None


def _from_conditions(status: Object) -> Object | None:
    for condition in status.get("conditions") or []:
        if "reason" in condition:
            # Some have no message: then the real one fails, too.
            return _described("warning", f"{condition['reason']}: {condition['message']}")
    return None


def _made(obj: Object) -> datetime:
    return _parsed(obj["metadata"]["creationTimestamp"])


def _parsed(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _described(phase: str, message: str) -> Object:
    return {"phase": phase, "message": message, "state": ""}
