"""Limits of a job: how long it may run, and how often its containers may be started again.

Rules and words: kubeflow/training-operator v1.9.2, pkg/core/job.go and ReconcileJobs.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.training.operator.framework import replicas_of, total
from pytest_kubeflow.local.training.operator.labels import TYPE


def limit_reached(job: Object, status: Object, pods: Sequence[Object]) -> str:
    """Why a job has failed that takes too long, or too many attempts; empty for others."""
    policy, name = job["spec"]["runPolicy"], job["metadata"]["name"]
    most = policy.get("backoffLimit")
    if most is not None:
        phases = [one["status"].get("phase") for one in pods]
        active = sum(is_active(one) for one in pods)
        known = sum(one.get("failed", 0) for one in (status.get("replicaStatuses") or {}).values())
        new = phases.count("Failed") > known and active != total(job) and most < 1
        restarts = _restarts(job, pods)
        if new or (restarts >= most if most else restarts > 0):
            return f"Job {name} has failed because it has reached the specified backoff limit"
    seconds, begun = policy.get("activeDeadlineSeconds"), status.get("startTime")
    if seconds is not None and begun is not None:
        ends = datetime.fromisoformat(begun) + timedelta(seconds=seconds)
        if datetime.now(UTC) >= ends:
            return f"Job {name} has failed because it was active longer than specified deadline"
    return ""


def is_active(pod: Object) -> bool:
    """Whether a pod has not ended, and is to stay."""
    going = "deletionTimestamp" in pod["metadata"]
    return not going and pod["status"].get("phase") not in {"Succeeded", "Failed"}


def _restarts(job: Object, pods: Sequence[Object]) -> int:
    """Those of containers that run, of replicas that are started again by some rule."""
    counted = {
        kind.lower() for kind, one in replicas_of(job).items() if one["restartPolicy"] != "Never"
    }
    return sum(
        one["restartCount"]
        for pod in pods
        if pod["status"].get("phase") == "Running" and pod["metadata"]["labels"][TYPE] in counted
        for group in ("initContainerStatuses", "containerStatuses")
        for one in pod["status"].get(group) or []
    )
