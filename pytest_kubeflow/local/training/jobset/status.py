"""Status of a JobSet: counts of its Jobs, conditions, and the events that come with them.

Rules and words: kubernetes-sigs/jobset v0.11, pkg/controllers and pkg/constants.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.times import now
from pytest_kubeflow.local.training.jobset.jobs import ChildJobs, is_suspended, of_replicated
from pytest_kubeflow.local.training.jobset.labels import replicas

COMPLETED, FAILED, SUSPENDED = "Completed", "Failed", "Suspended"
IN_PROGRESS, STARTED = "StartupPolicyInProgress", "StartupPolicyCompleted"
_EXCLUSIVE = {frozenset((IN_PROGRESS, STARTED))}


@dataclass(frozen=True, slots=True)
class Event:
    """What is told of a JobSet."""

    kind: str
    reason: str
    message: str


@dataclass
class Changes:
    """The status of a JobSet as it is to be, and what is told once it is stored."""

    jobset: Object
    status: Object = field(init=False)
    events: list[Event] = field(default_factory=list)
    changed: bool = False

    def __post_init__(self) -> None:
        before = self.jobset.get("status") or {}
        self.status = {**copy.deepcopy(before), "restarts": before.get("restarts", 0)}

    def count(self, statuses: Sequence[Object]) -> None:
        """Take the numbers of Jobs over."""
        if (self.status.get("replicatedJobsStatus") or []) != statuses:
            self.status["replicatedJobsStatus"] = list(statuses)
            self.changed = True

    def complete(self) -> None:
        """All that should has succeeded."""
        self._set(COMPLETED, "AllJobsCompleted", "jobset completed successfully")
        self.status["terminalState"] = COMPLETED

    def fail(self, reason: str, message: str) -> None:
        """It is over, and for nothing."""
        self._set(FAILED, reason, message, event="Warning")
        self.status["terminalState"] = FAILED

    def suspend(self) -> None:
        """Its Jobs have no pods."""
        self._set(SUSPENDED, "SuspendedJobs", "jobset is suspended")

    def resume(self) -> None:
        """It goes on, if it was suspended."""
        self._set(SUSPENDED, "ResumeJobs", "jobset is resumed", status="False")

    def start_in_order(self, *, done: bool) -> None:
        """One after the other begins, or all have."""
        if done:
            message = "in order startup policy has completed"
            self._set(STARTED, "InOrderStartupPolicyCompleted", message)
        else:
            message = "in order startup policy is in progress"
            self._set(IN_PROGRESS, "InOrderStartupPolicyInProgress", message)

    def restart(self, event: Event, *, counts: bool) -> None:
        """All Jobs are made anew."""
        self.status["restarts"] += 1
        if counts:
            number = self.status.get("restartsCountTowardsMax", 0)
            self.status["restartsCountTowardsMax"] = number + 1
        self.changed = True
        self.events.append(event)

    def _set(
        self, kind: str, reason: str, message: str, *, status: str = "True", event: str = "Normal"
    ) -> None:
        wanted = {
            "type": kind,
            "status": status,
            "reason": reason,
            "message": message,
            "lastTransitionTime": now(),
        }
        if self._replaced(wanted):
            self.changed = True
            self.events.append(Event(event, reason, message))

    def _replaced(self, wanted: Object) -> bool:
        conditions = self.status.get("conditions") or []
        found = changed = False
        for at, one in enumerate(conditions):
            if one["type"] == wanted["type"]:
                found = True
                if one["status"] != wanted["status"]:
                    conditions[at], changed = wanted, True
            elif frozenset((one["type"], wanted["type"])) in _EXCLUSIVE and (
                one["status"] == wanted["status"] == "True"
            ):
                conditions[at], changed = {**one, "status": "False"}, True
        if not found and wanted["status"] == "True":
            conditions, changed = [*conditions, wanted], True
        if conditions:
            self.status["conditions"] = conditions
        return changed


def is_finished(jobset: Object) -> bool:
    """Whether it has come to its end."""
    conditions = (jobset.get("status") or {}).get("conditions") or []
    return any(one["type"] in {COMPLETED, FAILED} and one["status"] == "True" for one in conditions)


def finish_time(jobset: Object) -> str | None:
    """When it came to its end, as Kubernetes writes times."""
    for one in (jobset.get("status") or {}).get("conditions") or []:
        if one["type"] in {COMPLETED, FAILED} and one["status"] == "True":
            return str(one["lastTransitionTime"])
    return None


def replicated_statuses(jobset: Object, owned: ChildJobs) -> list[Object]:
    """How many Jobs of each replicated Job fare how; names are in descending order."""
    names = [one["name"] for one in jobset["spec"].get("replicatedJobs") or []]
    return [_replicated_status(name, owned) for name in sorted(names, reverse=True)]


def _replicated_status(name: str, owned: ChildJobs) -> Object:
    active = of_replicated(owned.active, name)
    return {
        "name": name,
        "ready": sum(_is_ready(one) for one in active),
        "succeeded": len(of_replicated(owned.successful, name)),
        "failed": len(of_replicated(owned.failed, name)),
        "active": sum(_count(one, "active") > 0 for one in active),
        "suspended": sum(is_suspended(one) for one in active),
    }


def _is_ready(job: Object) -> bool:
    wanted = job["spec"].get("parallelism", 1)
    wanted = min(wanted, job["spec"].get("completions", wanted))
    return bool(_count(job, "succeeded") + _count(job, "ready") >= wanted)


def _count(job: Object, name: str) -> int:
    return int((job.get("status") or {}).get(name) or 0)


def have_started(replicated: Object, statuses: Sequence[Object]) -> bool:
    """Whether all Jobs of a replicated Job are ready, or over."""
    status = _of(statuses, replicated["name"])
    return bool(replicas(replicated) == status["failed"] + status["ready"] + status["succeeded"])


def may_start(replicated: Object, before: Sequence[Object], statuses: Sequence[Object]) -> bool:
    """Whether what a replicated Job depends on, one of those `before` it, has come that far."""
    numbers = {one["name"]: replicas(one) for one in before}
    for dependency in replicated.get("dependsOn") or []:
        name = dependency["name"]
        if not any(one["name"] == name for one in statuses):
            return False
        status, wanted = _of(statuses, name), numbers.get(name, 0)
        if dependency["status"] == "Complete" and wanted != status["succeeded"]:
            return False
        started = status["failed"] + status["ready"] + status["succeeded"]
        if dependency["status"] == "Ready" and wanted != started:
            return False
    return True


def _of(statuses: Sequence[Object], name: str) -> Object:
    return next(one for one in statuses if one["name"] == name)
