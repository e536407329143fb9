"""What the replicas of a PyTorchJob come to: its conditions, and what is told of them.

Rules and words: kubeflow/training-operator v1.9.2, UpdateJobStatus of the controller pytorch.
"""

from __future__ import annotations

from collections.abc import Iterator

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.training.operator.framework import Event, Look, replicas_of
from pytest_kubeflow.local.training.operator.labels import TYPE, labels_of
from pytest_kubeflow.local.training.operator.pytorch.names import MASTER, WORKER
from pytest_kubeflow.local.training.operator.status import (
    FAILED,
    RESTARTING,
    RUNNING,
    SUCCEEDED,
    end,
    mark,
)
from pytest_kubeflow.local.training.spoiling import numbers_seen, restart_policy


def judge(look: Look) -> Iterator[Event]:
    """Set the conditions of a job by its numbers."""
    job, status = look.job, look.status
    metadata, replicas = job["metadata"], replicas_of(job)
    has_master = MASTER in replicas
    place = metadata["name"] if has_master else f"{metadata['namespace']}/{metadata['name']}"
    for kind, counted in status["replicaStatuses"].items():
        counted["selector"] = _selector(job, kind)
    for kind, replica in replicas.items():
        counted = status["replicaStatuses"][kind]
        active, succeeded, failed = numbers_seen(look.faults, counted)
        done = replica["replicas"] == succeeded
        elastic = job["spec"].get("elasticPolicy") is not None and succeeded > 0
        deciding = kind == (MASTER if has_master else WORKER)
        if deciding and has_master and active:
            mark(job, status, RUNNING, f"PyTorchJob {place} is running.")
        if deciding and (done or (elastic and not has_master)):
            words = "is successfully completed" if has_master else "successfully completed"
            message = f"PyTorchJob {place} {words}."
            yield "Normal", "PyTorchJobSucceeded", message
            end(job, status, SUCCEEDED, message)
            if has_master:
                return
        elif deciding and not has_master and active:
            mark(job, status, RUNNING, f"PyTorchJob {place} is running.")
        if failed and replica["replicas"] > succeeded + active:
            yield _failed(look, kind, failed, restart_policy(look.faults, replica))


def _failed(look: Look, kind: str, failed: int, policy: str) -> Event:
    name = look.job["metadata"]["name"]
    because = f"because {failed} {kind} replica(s) failed."
    if policy != "Never":
        message = f"PyTorchJob {name} is restarting {because}"
        mark(look.job, look.status, RESTARTING, message)
        return "Warning", "PyTorchJobRestarting", message
    message = f"PyTorchJob {name} is failed {because}"
    end(look.job, look.status, FAILED, message)
    return "Normal", "PyTorchJobFailed", message


def _selector(job: Object, kind: str) -> str:
    """By which an autoscaler finds the pods of a kind of replica."""
    labels = {**labels_of(job), TYPE: kind.lower()}
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
