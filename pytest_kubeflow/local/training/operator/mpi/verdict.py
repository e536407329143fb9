"""What the pods of an MPIJob come to: its conditions, and what is told of them.

Rules and words: kubeflow/training-operator v1.9.2, UpdateJobStatus of the controller mpi.
"""

from __future__ import annotations

from collections.abc import Iterator

from pytest_kubeflow.local.training.operator.framework import Event, Look, replicas_of
from pytest_kubeflow.local.training.operator.mpi.names import LAUNCHER
from pytest_kubeflow.local.training.operator.status import (
    FAILED,
    RESTARTING,
    RUNNING,
    SUCCEEDED,
    end,
    mark,
)
from pytest_kubeflow.local.training.spoiling import numbers_seen


def judge(look: Look) -> Iterator[Event]:
    """Set the conditions of a job by its numbers: the launcher decides, whatever workers do."""
    job, status = look.job, look.status
    place = f"MPIJob {job['metadata']['name']}"
    for kind, replica in sorted(replicas_of(job).items()):
        active, succeeded, failed = numbers_seen(look.faults, status["replicaStatuses"][kind])
        if kind == LAUNCHER:
            if active:
                mark(job, status, RUNNING, f"{place} is running.")
            if replica["replicas"] == succeeded:
                message = f"{place} is successfully completed."
                yield "Normal", "MPIJobSucceeded", message
                end(job, status, SUCCEEDED, message)
                return
        if not failed:
            continue
        if replica["restartPolicy"] == "ExitCode":
            message = f"{place} is restarting because {failed} {kind} replica(s) failed."
            yield "Warning", "MPIJobRestarting", message
            mark(job, status, RESTARTING, message)
        else:
            message = f"{place} is failed because {failed} {kind} replica(s) failed."
            yield "Normal", "MPIJobFailed", message
            # The kind stands there twice, as the operator has it.
            end(job, status, FAILED, message, reason="MPIJobFailed")
