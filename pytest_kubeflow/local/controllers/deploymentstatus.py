"""The status of a Deployment: how far its rollout is, told in counts and conditions.

Wording and rules: kubernetes/kubernetes pkg/controller/deployment (sync.go, progress.go).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pytest_kubeflow.local.controllers.rollout import Bounds, replicas_of
from pytest_kubeflow.local.kube import ApiError
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.times import now

_DEADLINE_SECONDS = 600
_COUNTS = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")


def deployment_status(
    deployment: Object, new: Object | None, old: Sequence[Object], failure: ApiError | None
) -> Object:
    """The whole status, given the ReplicaSets; `failure` is why there is no new one."""
    before = deployment.get("status") or {}
    every = [*old, *([new] if new is not None else [])]
    wanted, available = replicas_of(deployment["spec"]), _count(every, "availableReplicas")
    status: dict[str, Any] = {
        "observedGeneration": deployment["metadata"]["generation"],
        "replicas": _count(every, "replicas"),
        "updatedReplicas": _count([new] if new is not None else [], "replicas"),
        "readyReplicas": _count(every, "readyReplicas"),
        "availableReplicas": available,
        "unavailableReplicas": max(0, wanted - available),
    }
    found = {one["type"]: one for one in before.get("conditions") or []}
    conditions = [
        _available(wanted, available, deployment),
        _progressing(deployment, status, new, found.get("Progressing"), failure),
    ]
    if problem := _failure(every, failure):
        conditions.append(problem)
    status["conditions"] = [_dated(one, found.get(one["type"])) for one in conditions]
    return status


def progress_deadline(deployment: Object, status: Object) -> datetime | None:
    """When a rollout that is going on will have taken too long."""
    progressing = next(one for one in status["conditions"] if one["type"] == "Progressing")
    if progressing["status"] != "True" or progressing["reason"] == "NewReplicaSetAvailable":
        return None
    return _moved(progressing) + _deadline(deployment)


def _count(replica_sets: Sequence[Object], field: str) -> int:
    return sum(int((one.get("status") or {}).get(field) or 0) for one in replica_sets)


def _condition(kind: str, holds: bool, reason: str, message: str) -> Object:
    return {
        "type": kind,
        "status": "True" if holds else "False",
        "reason": reason,
        "message": message,
    }


def _available(wanted: int, available: int, deployment: Object) -> Object:
    if available >= wanted - Bounds.of(deployment["spec"]).unavailable:
        message = "Deployment has minimum availability."
        return _condition("Available", True, "MinimumReplicasAvailable", message)
    message = "Deployment does not have minimum availability."
    return _condition("Available", False, "MinimumReplicasUnavailable", message)


def _progressing(
    deployment: Object,
    status: Object,
    new: Object | None,
    known: Object | None,
    failure: ApiError | None,
) -> Object:
    name = new["metadata"]["name"] if new is not None else ""
    if failure is not None:
        return _condition("Progressing", False, "ReplicaSetCreateError", failure.message)
    wanted = replicas_of(deployment["spec"])
    if all(status[field] == wanted for field in _COUNTS if field != "readyReplicas"):
        message = f'ReplicaSet "{name}" has successfully progressed.'
        return _condition("Progressing", True, "NewReplicaSetAvailable", message)
    if known is None or name not in known["message"]:
        message = f'Created new replica set "{name}"'
        return _condition("Progressing", True, "NewReplicaSetCreated", message)
    if known["reason"] == "NewReplicaSetAvailable":
        return known  # it was complete: that a pod fails afterwards is no rollout
    moved = any(
        status[field] > ((deployment.get("status") or {}).get(field) or 0) for field in _COUNTS
    )
    if not moved and datetime.now(UTC) > _moved(known) + _deadline(deployment):
        message = f'ReplicaSet "{name}" has timed out progressing.'
        return _condition("Progressing", False, "ProgressDeadlineExceeded", message)
    if not moved:
        return known
    message = f'ReplicaSet "{name}" is progressing.'
    return {**_condition("Progressing", True, "ReplicaSetUpdated", message), "moved": True}


def _failure(every: Sequence[Object], failure: ApiError | None) -> Object | None:
    if failure is not None:
        return _condition("ReplicaFailure", True, "FailedCreate", failure.message)
    for one in every:
        for condition in (one.get("status") or {}).get("conditions") or []:
            if condition["type"] == "ReplicaFailure" and condition["status"] == "True":
                return _condition("ReplicaFailure", True, condition["reason"], condition["message"])
    return None


def _dated(condition: Object, known: Object | None) -> Object:
    moved = condition.pop("moved", False)
    words = ("status", "reason", "message")
    if known is not None and not moved and all(known[word] == condition[word] for word in words):
        return known
    same = known is not None and known["status"] == condition["status"]
    since = known["lastTransitionTime"] if same and known is not None else now()
    return {**condition, "lastUpdateTime": now(), "lastTransitionTime": since}


def _moved(condition: Object) -> datetime:
    return datetime.fromisoformat(condition["lastUpdateTime"])


def _deadline(deployment: Object) -> timedelta:
    seconds = deployment["spec"].get("progressDeadlineSeconds") or _DEADLINE_SECONDS
    return timedelta(seconds=seconds)
