"""What controllers ask of a pod: whether it is alive, ready, on its way out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pytest_kubeflow.local.kube.client import Object


def is_active(pod: Object) -> bool:
    """Neither finished nor being deleted."""
    return not is_finished(pod) and not pod["metadata"].get("deletionTimestamp")


def is_finished(pod: Object) -> bool:
    return (pod.get("status") or {}).get("phase") in {"Succeeded", "Failed"}


def is_ready(pod: Object) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or []
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def is_available(pod: Object, min_ready_seconds: int) -> bool:
    """Ready, and has been for so long."""
    if not min_ready_seconds or not is_ready(pod):
        return is_ready(pod)
    ready = next(one for one in pod["status"]["conditions"] if one["type"] == "Ready")
    since = ready.get("lastTransitionTime")
    if not since:
        return False
    return datetime.fromisoformat(since) + timedelta(seconds=min_ready_seconds) < datetime.now(UTC)
