"""Policies of a JobSet: when it has succeeded, and what comes of Jobs that failed.

Rules and words: kubernetes-sigs/jobset v0.11, pkg/controllers/failure_policy.go, success_policy.go.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pytest_kubeflow.local.controllers.job.conditions import FAILED, holds
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.training.jobset.jobs import ChildJobs
from pytest_kubeflow.local.training.jobset.labels import REPLICATED_JOB, replicas
from pytest_kubeflow.local.training.jobset.status import Changes, Event

_ACTIONS = {
    "RestartJobSet": "applying RestartJobSet failure policy action",
    "RestartJobSetAndIgnoreMaxRestarts": (
        "applying RestartJobSetAndIgnoreMaxRestarts failure policy action"
    ),
}


def has_succeeded(jobset: Object, owned: ChildJobs) -> bool:
    """Whether as many Jobs have succeeded as its policy wants."""
    policy = jobset["spec"]["successPolicy"]
    targets = policy.get("targetReplicatedJobs") or []
    done = [one for one in owned.successful if _is_target(_parent(one), targets)]
    if policy["operator"] == "Any":
        return len(done) >= 1
    every = jobset["spec"].get("replicatedJobs") or []
    return len(done) >= sum(replicas(one) for one in every if _is_target(one["name"], targets))


def apply_failure_policy(jobset: Object, owned: ChildJobs, changes: Changes) -> None:
    """Fail the JobSet, or let it begin anew."""
    policy = jobset["spec"].get("failurePolicy")
    if policy is None:
        first = _first(owned.failed)
        message = "jobset failed due to one or more job failures"
        changes.fail("FailedJobs", _named(message, first))
        return
    action, job = _matching(policy.get("rules") or [], owned.failed)
    if action == "FailJobSet":
        message = "applying FailJobSet failure policy action"
        changes.fail("FailJobSetFailurePolicyAction", _named(message, job))
        return
    counts = action == "RestartJobSet"
    if counts and changes.status.get("restartsCountTowardsMax", 0) >= policy.get("maxRestarts", 0):
        message = "jobset failed due to reaching max number of restarts"
        changes.fail("ReachedMaxRestarts", _named(message, job))
        return
    event = Event("Warning", f"{action}FailurePolicyAction", _named(_ACTIONS[action], job))
    changes.restart(event, counts=counts)


def _matching(rules: Sequence[Object], failed: Sequence[Object]) -> tuple[str, Object]:
    for rule in rules:
        found = [one for one in failed if _applies(rule, one)]
        if found:
            return rule["action"], _first(found)
    return "RestartJobSet", _first(failed)


def _applies(rule: Object, job: Object) -> bool:
    condition = _failure(job)
    reasons = rule.get("onJobFailureReasons") or []
    patterns = rule.get("onJobFailureMessagePatterns") or []
    return (
        (not reasons or condition["reason"] in reasons)
        and (not patterns or any(_fits(one, condition["message"]) for one in patterns))
        and bool(_parent(job))
        and _is_target(_parent(job), rule.get("targetReplicatedJobs") or [])
    )


def _fits(pattern: str, message: str) -> bool:
    try:
        return re.search(pattern, message) is not None
    except re.error:
        return False


def _is_target(name: str, targets: Sequence[str]) -> bool:
    return not targets or name in targets


def _parent(job: Object) -> str:
    return str((job["metadata"].get("labels") or {}).get(REPLICATED_JOB, ""))


def _first(failed: Sequence[Object]) -> Object:
    return min(failed, key=lambda one: str(_failure(one)["lastTransitionTime"]))


def _failure(job: Object) -> Object:
    found = holds(job["status"], FAILED)
    assert found is not None
    return found


def _named(message: str, job: Object) -> str:
    return f"{message} (first failed job: {job['metadata']['name']})"
