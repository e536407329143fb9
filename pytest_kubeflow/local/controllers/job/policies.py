"""Policies of a Job: what a failed pod means, and which indexes are enough.

Rules and words: kubernetes/kubernetes pkg/controller/job/pod_failure_policy.go, success_policy.go.
"""

from __future__ import annotations

from dataclasses import dataclass

from pytest_kubeflow.local.controllers.job.indexes import Indexes
from pytest_kubeflow.local.kube.client import Object


@dataclass(frozen=True, slots=True)
class Failure:
    """What the policy makes of a failed pod: whether it counts, and why the Job fails by it."""

    counts: bool = True
    action: str = ""
    message: str = ""


def judge(job: Object, pod: Object) -> Failure:
    """By the first rule that fits the pod; without one, a failure counts."""
    policy = job["spec"].get("podFailurePolicy") or {}
    for at, rule in enumerate(policy.get("rules") or []):
        why = _why(rule, pod)
        if why:
            action = rule["action"]
            message = f"{why} matching {action} rule at index {at}" if action == "FailJob" else ""
            return Failure(action != "Ignore", action, message)
    return Failure()


def _why(rule: Object, pod: Object) -> str:
    """How a rule fits a pod; empty if it does not."""
    metadata, status = pod["metadata"], pod.get("status") or {}
    called = f"{metadata['namespace']}/{metadata['name']}"
    codes = rule.get("onExitCodes")
    if codes is not None:
        for field in ("containerStatuses", "initContainerStatuses"):
            for one in status.get(field) or []:
                code = ((one.get("state") or {}).get("terminated") or {}).get("exitCode") or 0
                if code and _exits(codes, one["name"], code):
                    return f"Container {one['name']} for pod {called} failed with exit code {code}"
        return ""
    for condition in status.get("conditions") or []:
        for pattern in rule.get("onPodConditions") or []:
            wanted = (pattern["type"], pattern.get("status", "True"))
            if (condition["type"], condition["status"]) == wanted:
                return f"Pod {called} has condition {condition['type']}"
    return ""


def _exits(codes: Object, container: str, code: int) -> bool:
    if codes.get("containerName") not in {None, container}:
        return False
    return (code in codes["values"]) is (codes["operator"] == "In")


def satisfied_rule(job: Object, succeeded: Indexes) -> str:
    """Which rule of the success policy is met; empty if none is."""
    policy, completions = job["spec"].get("successPolicy"), int(job["spec"]["completions"] or 0)
    if not policy or not succeeded:
        return ""
    for at, rule in enumerate(policy["rules"]):
        count = rule.get("succeededCount")
        if rule.get("succeededIndexes") is not None:
            required = Indexes.parse(rule["succeededIndexes"], completions)
            there = sum(one in succeeded for one in required)
            met = bool(required) and (
                there == len(required) or (count is not None and there >= count)
            )
        else:
            met = count is not None and len(succeeded) >= count
        if met:
            return f"Matched rules at index {at}"
    return ""
