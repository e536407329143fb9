"""Status of a job: conditions, and how many replicas fare how.

Rules and words: kubeflow/training-operator v1.9.2, pkg/util/status.go, pkg/core/status.go.
"""

from __future__ import annotations

from collections.abc import Sequence

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.times import now

CREATED, RUNNING, RESTARTING = "Created", "Running", "Restarting"
SUCCEEDED, FAILED, SUSPENDED = "Succeeded", "Failed", "Suspended"
_REPLACED = {RESTARTING: RUNNING, RUNNING: RESTARTING}


def holds(status: Object, kind: str) -> bool:
    """Whether a condition is there and true."""
    conditions = status.get("conditions") or []
    return any(one["type"] == kind and one["status"] == "True" for one in conditions)


def is_finished(status: Object) -> bool:
    """Whether the job has come to its end."""
    return holds(status, SUCCEEDED) or holds(status, FAILED)


def mark(
    job: Object, status: Object, kind: str, message: str, *, reason: str = "", value: str = "True"
) -> None:
    """Put a condition of a job behind the others; one that has failed has no more of them.

    `reason` follows the kind of the job: the name of the condition, if nothing else is said.
    """
    if holds(status, FAILED):
        return
    conditions = status.get("conditions") or []
    reason = f"{job['kind']}{reason or kind}"
    known = next((one for one in conditions if one["type"] == kind), None)
    if known is not None and (known["status"], known["reason"]) == (value, reason):
        return
    same = known is not None and known["status"] == value
    condition = {
        "type": kind,
        "status": value,
        "reason": reason,
        "message": message,
        "lastUpdateTime": now(),
        "lastTransitionTime": known["lastTransitionTime"] if same and known else now(),
    }
    kept = [
        _ended(one, kind) for one in conditions if one["type"] not in {kind, _REPLACED.get(kind)}
    ]
    status["conditions"] = [*kept, condition]


def end(job: Object, status: Object, kind: str, message: str, *, reason: str = "") -> None:
    """Mark that it has succeeded or failed, and when; the first end counts."""
    status.setdefault("completionTime", now())
    mark(job, status, kind, message, reason=reason)


def _ended(one: Object, kind: str) -> Object:
    over = kind in {FAILED, SUCCEEDED} and one["type"] == RUNNING
    return {**one, "status": "False"} if over else one


def counts(pods: Sequence[Object]) -> Object:
    """Of the pods of a kind of replica: as Go writes it, without zeros."""
    found = {"active": 0, "succeeded": 0, "failed": 0}
    for pod in pods:
        phase = pod["status"].get("phase")
        if phase == "Running":
            found["failed" if pod["metadata"].get("deletionTimestamp") else "active"] += 1
        elif phase in {"Succeeded", "Failed"}:
            found[phase.lower()] += 1
    return {key: number for key, number in found.items() if number}
