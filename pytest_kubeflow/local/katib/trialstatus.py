"""What the Job of a trial has come to, and what its Trial says of that.

Rules and words: kubeflow/katib v0.19.0, pkg/controller.v1beta1/trial/util/job_util.go and
trial_controller_util.go.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from pytest_kubeflow.local.katib import gjson
from pytest_kubeflow.local.katib.conditions import end, has, is_observed, mark
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.times import now


@dataclass(frozen=True, slots=True)
class JobStatus:
    """`condition` is Running, Succeeded or Failed; the rest is the Job's own."""

    condition: str
    reason: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """What is to be said of a trial."""

    kind: str
    reason: str
    message: str


def job_status(trial: Object, job: Object) -> JobStatus | None:
    """None: nothing has changed, or a condition is none. Raises gjson.UnsupportedPathError."""
    spec = trial["spec"]
    for word, path in (
        ("Failed", spec.get("failureCondition", "")),
        ("Succeeded", spec.get("successCondition", "")),
    ):
        found = gjson.condition(job, path) if path else gjson.Missing
        if found is not gjson.Missing:
            return _described(word, found)
    return None if has(trial, "Running") else JobStatus("Running")


def _described(word: str, condition: Any) -> JobStatus | None:
    """What an expression has found, which Katib reads as a condition; of others it only logs."""
    if isinstance(condition, str):
        try:
            condition = json.loads(condition)
        except ValueError:
            return None
    if not isinstance(condition, dict):
        return None
    reason, message = condition.get("reason") or "", condition.get("message") or ""
    if not isinstance(reason, str) or not isinstance(message, str):
        return None
    return JobStatus(word, reason, message)


def tell_job(trial: Object, job_name: str, status: JobStatus) -> list[Event]:
    """Let the Trial say what its Job has come to; the events that are to be made."""
    if status.condition == "Succeeded":
        if is_observed(trial) and not has(trial, "Succeeded"):
            return _succeeded(trial, job_name, status)
        if not is_observed(trial) and not has(trial, "MetricsUnavailable"):
            return _unavailable(trial, job_name, status)
        return []
    stopped = has(trial, "EarlyStopped")
    if status.condition == "Failed" and not has(trial, "Failed") and not stopped:
        end(
            trial,
            "Failed",
            _reason("TrialFailed", status),
            _message("Trial has failed", status),
        )
        trial["status"]["completionTime"] = now()
        message = f"Job {job_name} has failed"
        if status.message or status.reason:
            message += f". {status.message} {status.reason}"
        return [Event("Normal", "JobFailed", message)]
    if status.condition == "Running" and not has(trial, "Running") and not stopped:
        mark(trial, "Running", "TrialRunning", "Trial is running")
        return [Event("Normal", "JobRunning", f"Job {job_name} is running")]
    return []


def _succeeded(trial: Object, job_name: str, status: JobStatus) -> list[Event]:
    if has(trial, "EarlyStopped"):
        return []
    reason, message = "TrialSucceeded", "Trial has succeeded"
    end(trial, "Succeeded", _reason(reason, status), _message(message, status))
    trial["status"]["completionTime"] = now()
    return [Event("Normal", "JobSucceeded", f"Job {job_name} has succeeded")]


def _unavailable(trial: Object, job_name: str, status: JobStatus) -> list[Event]:
    reason, message = "MetricsUnavailable", "Metrics are not available"
    end(trial, "MetricsUnavailable", _reason(reason, status), _message(message, status))
    trial["status"]["completionTime"] = now()
    return [Event("Warning", "MetricsUnavailable", f"{message} for Job {job_name}")]


def _reason(reason: str, status: JobStatus) -> str:
    return f"{reason}. Job reason: {status.reason}" if status.reason else reason


def _message(message: str, status: JobStatus) -> str:
    return f"{message}. Job message: {status.message}" if status.message else message
