"""The status of a StatefulSet: counts of pods, by health and by revision.

Rules: kubernetes/kubernetes pkg/controller/statefulset/stateful_set_control.go.
"""

from __future__ import annotations

from collections.abc import Iterable

from pytest_kubeflow.local.controllers.podstate import is_available
from pytest_kubeflow.local.controllers.statefulset.members import (
    is_created,
    is_running_and_ready,
    is_terminating,
    revision_of,
)
from pytest_kubeflow.local.kube.client import Object

_COMPARED = (
    "replicas",
    "currentReplicas",
    "readyReplicas",
    "updatedReplicas",
    "availableReplicas",
    "currentRevision",
    "updateRevision",
)
_ALWAYS_SHOWN = {"replicas", "availableReplicas", "collisionCount"}


def count(status: Object, pods: Iterable[Object], min_ready_seconds: int) -> Object:
    """The status with the counts of `pods`."""
    created = [pod for pod in pods if is_created(pod)]
    ready = [pod for pod in created if is_running_and_ready(pod)]
    revisions = [revision_of(pod) for pod in created if not is_terminating(pod)]
    return {
        **status,
        "replicas": len(created),
        "readyReplicas": len(ready),
        "availableReplicas": sum(is_available(pod, min_ready_seconds) for pod in ready),
        "currentReplicas": revisions.count(status["currentRevision"]),
        "updatedReplicas": revisions.count(status["updateRevision"]),
    }


def complete(stateful_set: Object, status: Object) -> Object:
    """The status, in which a rolling update that has reached all pods is over."""
    wanted = stateful_set["spec"]["replicas"]
    counts = (status["updatedReplicas"], status["readyReplicas"], status["replicas"])
    if stateful_set["spec"]["updateStrategy"]["type"] != "RollingUpdate" or any(
        number != wanted for number in counts
    ):
        return status
    return {
        **status,
        "currentReplicas": status["updatedReplicas"],
        "currentRevision": status["updateRevision"],
    }


def change(before: Object, status: Object) -> Object | None:
    """The merge patch that brings a status to another; None where none is worth writing."""
    if status["observedGeneration"] <= (before.get("observedGeneration") or 0) and all(
        (before.get(field) or type(status[field])()) == status[field] for field in _COMPARED
    ):
        return None
    return {
        field: value if value or field in _ALWAYS_SHOWN else None for field, value in status.items()
    }
