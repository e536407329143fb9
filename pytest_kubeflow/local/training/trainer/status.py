"""Status of a TrainJob: conditions of its own, and what its JobSet says.

Rules and words: kubeflow/trainer v2.2, pkg/controller/trainjob_controller.go and the plugin jobset.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.times import now

COMPLETE, FAILED, SUSPENDED = "Complete", "Failed", "Suspended"
_DEADLINE = "DeadlineExceeded"
_OF_JOBSET = {"Completed": COMPLETE, "Failed": FAILED}
_COUNTS = ("ready", "succeeded", "failed", "active", "suspended")


def is_finished(status: Object) -> bool:
    """Whether it has come to its end."""
    return any(_holds(status, kind) is not None for kind in (COMPLETE, FAILED))


def clear_failure(status: Object) -> None:
    """Forget a failure, which another spec may have undone, but not a deadline."""
    status["conditions"] = [
        one
        for one in status.get("conditions") or []
        if one["type"] != FAILED or one["reason"] == _DEADLINE
    ]


def set_unsupported(status: Object, message: str) -> None:
    """There is no runtime of such a kind."""
    _set(status, FAILED, "True", "TrainingRuntimeNotSupported", message)


def set_suspended(status: Object, *, suspended: bool) -> None:
    """Say that it is suspended, or no more."""
    if suspended:
        _set(status, SUSPENDED, "True", "Suspended", "TrainJob is suspended")
    elif _holds(status, SUSPENDED) is not None:
        _set(status, SUSPENDED, "False", "Resumed", "TrainJob is resumed")


def set_deadline_exceeded(status: Object) -> None:
    """It took longer than it may."""
    _set(status, FAILED, "True", _DEADLINE, "TrainJob exceeded its active deadline")


def deadline(trainjob: Object, status: Object) -> datetime | None:
    """Until when it may be active."""
    spec = trainjob["spec"]
    seconds = spec.get("activeDeadlineSeconds")
    if not seconds or spec.get("suspend") or is_finished(status):
        return None
    begun = trainjob["metadata"]["creationTimestamp"]
    for one in status.get("conditions") or []:
        if one["type"] == SUSPENDED and one["status"] == "False":
            begun = one["lastTransitionTime"]
    return datetime.fromisoformat(begun) + timedelta(seconds=seconds)


def take_over(status: Object, jobset: Object) -> None:
    """What the JobSet has come to, and how its Jobs fare."""
    theirs = jobset.get("status") or {}
    for one in theirs.get("conditions") or []:
        kind = _OF_JOBSET.get(one["type"])
        if kind is not None and one["status"] == "True":
            _put(status, {**one, "type": kind})
    counted = theirs.get("replicatedJobsStatus") or []
    status["jobsStatus"] = [
        {"name": one["name"], **{count: one[count] for count in _COUNTS}} for one in counted
    ]


def compacted(status: Object) -> Object:
    """As Go writes it: without what is empty."""
    return {key: one for key, one in status.items() if one not in ([], {}, None)}


def _holds(status: Object, kind: str) -> Object | None:
    for one in status.get("conditions") or []:
        if one["type"] == kind and one["status"] == "True":
            found: Object = one
            return found
    return None


def _set(status: Object, kind: str, value: str, reason: str, message: str) -> None:
    wanted = {
        "type": kind,
        "status": value,
        "reason": reason,
        "message": message,
        "lastTransitionTime": now(),
    }
    _put(status, wanted)


def _put(status: Object, wanted: Object) -> None:
    """As apimachinery's SetStatusCondition: the time changes with the status alone."""
    conditions: list[Object] = status.setdefault("conditions", [])
    for at, one in enumerate(conditions):
        if one["type"] == wanted["type"]:
            since = one if one["status"] == wanted["status"] else wanted
            conditions[at] = {**wanted, "lastTransitionTime": since["lastTransitionTime"]}
            return
    conditions.append(wanted)
