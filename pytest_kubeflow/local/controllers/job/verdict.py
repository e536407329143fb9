"""Verdict: whether a Job is about to end, and why. Arithmetic alone.

Order and words: kubernetes/kubernetes pkg/controller/job/job_controller.go, syncJob.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pytest_kubeflow.local.controllers.job.conditions import FAILURE, SUCCESS, condition, holds
from pytest_kubeflow.local.controllers.job.pods import (
    is_failed,
    is_indexed,
    is_suspended,
    restarts,
)
from pytest_kubeflow.local.controllers.job.policies import judge, satisfied_rule
from pytest_kubeflow.local.controllers.job.tally import Tally
from pytest_kubeflow.local.kube.client import Object


def verdict(job: Object, status: Object, tally: Tally) -> Object | None:
    """The condition by which the Job ends; None while it goes on."""
    known = holds(status, SUCCESS) or holds(status, FAILURE)
    return known or _failure(job, status, tally) or _success(job, tally)


def success() -> Object:
    """That as many pods have succeeded as were wanted."""
    message = "Reached expected number of succeeded pods"
    return condition(SUCCESS, "CompletionsReached", message)


def deadline(job: Object, status: Object) -> datetime | None:
    """Until when the Job may run."""
    seconds = job["spec"].get("activeDeadlineSeconds")
    if seconds is None or not status.get("startTime") or is_suspended(job):
        return None
    return datetime.fromisoformat(status["startTime"]) + timedelta(seconds=seconds)


def _failure(job: Object, status: Object, tally: Tally) -> Object | None:
    spec = job["spec"]
    for pod in tally.pods:
        if is_failed(pod, job) and (message := judge(job, pod).message):
            return condition(FAILURE, "PodFailurePolicy", message)
    if tally.failed > spec["backoffLimit"] or _restarts_too_often(job, tally):
        message = "Job has reached the specified backoff limit"
        return condition(FAILURE, "BackoffLimitExceeded", message)
    ends = deadline(job, status)
    if ends is not None and datetime.now(UTC) >= ends:
        message = "Job was active longer than specified deadline"
        return condition(FAILURE, "DeadlineExceeded", message)
    if tally.failed_indexes is None:
        return None
    failed, most = len(tally.failed_indexes), spec.get("maxFailedIndexes")
    if most is not None and failed > most:
        message = "Job has exceeded the specified maximal number of failed indexes"
        return condition(FAILURE, "MaxFailedIndexesExceeded", message)
    if failed and failed + len(tally.succeeded_indexes) >= tally.completions:
        return condition(FAILURE, "FailedIndexes", "Job has failed indexes")
    return None


def _restarts_too_often(job: Object, tally: Tally) -> bool:
    if job["spec"]["template"]["spec"].get("restartPolicy") != "OnFailure":
        return False
    total, limit = sum(map(restarts, tally.pods)), job["spec"]["backoffLimit"]
    return bool(total >= max(limit, 1))


def _success(job: Object, tally: Tally) -> Object | None:
    if not is_indexed(job):
        return None
    message = satisfied_rule(job, tally.succeeded_indexes)
    return condition(SUCCESS, "SuccessPolicy", message) if message else None
