"""What the replicas of a TFJob come to: its conditions, and what is told of them.

Rules and words: kubeflow/training-operator v1.9.2, UpdateJobStatus of the controller tensorflow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.training.operator.framework import Event, Look, replicas_of
from pytest_kubeflow.local.training.operator.labels import INDEX, TYPE
from pytest_kubeflow.local.training.operator.status import (
    FAILED,
    RESTARTING,
    RUNNING,
    SUCCEEDED,
    end,
    mark,
)
from pytest_kubeflow.local.training.operator.tensorflow.names import KINDS, LEADERS, WORKER
from pytest_kubeflow.local.training.spoiling import numbers_seen

ExitCode = Callable[[Object], int | None]
_PLACE = (WORKER.lower(), "0")


def judge(look: Look, exit_code: ExitCode) -> Iterator[Event]:
    """Set the conditions of a job by its numbers, and by the exit code of its first worker."""
    job, status, replicas = look.job, look.status, replicas_of(look.job)
    place = f"TFJob {job['metadata']['namespace']}/{job['metadata']['name']}"
    conditions = status.get("conditions") or []
    restarting = next((one for one in conditions if one["type"] == RESTARTING), None)
    deciding = LEADERS if LEADERS & replicas.keys() else {WORKER}
    for kind in KINDS:
        if kind not in replicas:
            continue
        active, succeeded, failed = numbers_seen(look.faults, status["replicaStatuses"][kind])
        if kind in deciding:
            done = replicas[kind]["replicas"] == succeeded or (
                kind == WORKER and _first_suffices(job) and _first_is_done(look, exit_code)
            )
            # With a chief both conditions are set, in this order.
            if active and (kind != WORKER or not done):
                mark(job, status, RUNNING, f"{place} is running.")
            if done:
                message = f"{place} successfully completed."
                yield "Normal", "TFJobSucceeded", message
                end(job, status, SUCCEEDED, message)
        if not failed:
            continue
        if restarting is not None:
            reason = restarting["reason"].removeprefix("TFJob")
            mark(job, status, RESTARTING, restarting["message"], reason=reason)
        elif kind != WORKER or not job["spec"].get("enableDynamicWorker"):
            message = f"{place} has failed because {failed} {kind} replica(s) failed."
            yield "Normal", "TFJobFailed", message
            end(job, status, FAILED, message)


def _first_suffices(job: Object) -> bool:
    return bool(job["spec"].get("successPolicy", "") != "AllWorkers")


def _first_is_done(look: Look, exit_code: ExitCode) -> bool:
    """Whether worker 0 has ended well."""
    for pod in look.pods:
        labels = pod["metadata"]["labels"]
        if (labels[TYPE], labels[INDEX]) == _PLACE:
            phase: str = pod["status"].get("phase", "")
            return phase == "Succeeded" and exit_code(pod) == 0
    return False
