"""What the replicas of a PyTorchJob come to: its conditions, and what is told of them.

Rules and words: kubeflow/training-operator v1.9.2, UpdateJobStatus of the controller pytorch.
"""

from __future__ import annotations

from collections.abc import Iterator

from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.times import now
from pytest_kubeflow.local.training.operator.defaults import MASTER, WORKER
from pytest_kubeflow.local.training.operator.status import (
    FAILED,
    RESTARTING,
    RUNNING,
    SUCCEEDED,
    mark,
)
from pytest_kubeflow.local.training.spoiling import failures_hidden, restart_policy

Event = tuple[str, str, str]


def judge(job: Object, status: Object, faults: Faults) -> Iterator[Event]:
    """Set the conditions of a job by its numbers; yields events as kind, reason and message."""
    metadata = job["metadata"]
    replicas = job["spec"]["pytorchReplicaSpecs"]
    has_master = MASTER in replicas
    place = metadata["name"] if has_master else f"{metadata['namespace']}/{metadata['name']}"
    for kind, replica in replicas.items():
        counted = status["replicaStatuses"][kind]
        active, succeeded, failed = (
            counted.get(one, 0) for one in ("active", "succeeded", "failed")
        )
        if failures_hidden(faults):
            succeeded, failed = succeeded + failed, 0
        done = replica["replicas"] == succeeded
        elastic = job["spec"].get("elasticPolicy") is not None and succeeded > 0
        deciding = kind == (MASTER if has_master else WORKER)
        if deciding and has_master and active:
            mark(status, RUNNING, f"PyTorchJob {place} is running.")
        if deciding and (done or (elastic and not has_master)):
            words = "is successfully completed" if has_master else "successfully completed"
            message = f"PyTorchJob {place} {words}."
            yield "Normal", "PyTorchJobSucceeded", message
            status.setdefault("completionTime", now())
            mark(status, SUCCEEDED, message)
            if has_master:
                return
        elif deciding and not has_master and active:
            mark(status, RUNNING, f"PyTorchJob {place} is running.")
        if failed and replica["replicas"] > succeeded + active:
            yield _failed(metadata["name"], kind, failed, restart_policy(faults, replica), status)


def _failed(name: str, kind: str, failed: int, policy: str, status: Object) -> Event:
    because = f"because {failed} {kind} replica(s) failed."
    if policy != "Never":
        message = f"PyTorchJob {name} is restarting {because}"
        mark(status, RESTARTING, message)
        return "Warning", "PyTorchJobRestarting", message
    message = f"PyTorchJob {name} is failed {because}"
    status.setdefault("completionTime", now())
    mark(status, FAILED, message)
    return "Normal", "PyTorchJobFailed", message
