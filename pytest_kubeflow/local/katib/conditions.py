"""Conditions of Experiments, Suggestions and Trials, as Katib sets them: the newest one is last.

Rules: kubeflow/katib v0.19.0, pkg/apis/controller/{experiments,suggestions,trials}/v1beta1/util.go.
"""

from __future__ import annotations

from typing import Any

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.times import now

UNAVAILABLE = "unavailable"
"""The value of a metric that was not reported, or is no number."""


def find(obj: Object, kind: str) -> Object | None:
    """The condition of this type, whatever its status is."""
    conditions: list[Object] = (obj.get("status") or {}).get("conditions") or []
    return next((one for one in conditions if one["type"] == kind), None)


def has(obj: Object, *kinds: str) -> bool:
    """Whether a condition of one of these types is true."""
    return not true_ones(obj).isdisjoint(kinds)


def true_ones(obj: Object) -> set[str]:
    """The types of those conditions that are true."""
    conditions: list[Object] = (obj.get("status") or {}).get("conditions") or []
    return {one["type"] for one in conditions if one["status"] == "True"}


def mark(obj: Object, kind: str, reason: str, message: str, *, status: str = "True") -> None:
    """Set a condition; one that has this status and reason already stays as it is.

    A list that is there is not changed: `status` may be a flat copy of another.
    """
    known = find(obj, kind)
    if known is not None and (known["status"], known.get("reason")) == (status, reason):
        return
    time = now()
    changed: dict[str, Any] = {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "lastUpdateTime": time,
        "lastTransitionTime": time,
    }
    if known is not None and known["status"] == status:
        changed["lastTransitionTime"] = known["lastTransitionTime"]
    unset(obj, kind)
    obj["status"]["conditions"] = [*(obj["status"].get("conditions") or []), changed]


def unset(obj: Object, kind: str) -> None:
    """Take a condition away."""
    status = obj.setdefault("status", {})
    if find(obj, kind) is not None:
        status["conditions"] = [one for one in status["conditions"] if one["type"] != kind]


def end(obj: Object, kind: str, reason: str, message: str) -> None:
    """Set the condition by which something has ended: it does not run any more."""
    running = find(obj, "Running")
    if running is not None:
        found = running.get("reason", ""), running.get("message", "")
        mark(obj, "Running", *found, status="False")
    mark(obj, kind, reason, message)


def last(obj: Object) -> str:
    """The type of the newest condition; empty without one."""
    conditions = (obj.get("status") or {}).get("conditions") or []
    return str(conditions[-1]["type"]) if conditions else ""


def is_completed_trial(trial: Object) -> bool:
    """Whether a Trial has ended, in whatever way."""
    return has(trial, "Succeeded", "Failed", "Killed", "EarlyStopped", "MetricsUnavailable")


def is_observed(trial: Object) -> bool:
    """Whether there is a value of the objective."""
    objective = trial["spec"].get("objective")
    observation = (trial.get("status") or {}).get("observation")
    if objective is None or observation is None:
        return False
    return any(
        one.get("name") == objective.get("objectiveMetricName") and one.get("latest") != UNAVAILABLE
        for one in observation.get("metrics") or []
    )
