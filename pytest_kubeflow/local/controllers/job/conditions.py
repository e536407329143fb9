"""Conditions of a Job: what it has come to, and the one that comes before the last.

Words: kubernetes/kubernetes pkg/controller/job/job_controller.go.
"""

from __future__ import annotations

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.times import now

COMPLETE, FAILED, SUSPENDED = "Complete", "Failed", "Suspended"
# A Job that is about to end waits for its pods in one of these.
SUCCESS, FAILURE = "SuccessCriteriaMet", "FailureTarget"
_FINAL = {SUCCESS: COMPLETE, FAILURE: FAILED}


def condition(kind: str, reason: str, message: str, *, status: str = "True") -> Object:
    return {
        "type": kind,
        "status": status,
        "lastProbeTime": now(),
        "lastTransitionTime": now(),
        "reason": reason,
        "message": message,
    }


def final(interim: Object) -> Object:
    """What a condition that waits for pods becomes."""
    return condition(_FINAL[interim["type"]], interim["reason"], interim["message"])


def holds(status: Object, kind: str) -> Object | None:
    """The condition of a kind, if it is there and true."""
    for one in status.get("conditions") or []:
        if one["type"] == kind and one["status"] == "True":
            found: Object = one
            return found
    return None


def finished(job: Object) -> Object | None:
    """The condition that says that a Job is over."""
    status = job.get("status") or {}
    return holds(status, COMPLETE) or holds(status, FAILED)


def ensure(status: Object, wanted: Object) -> bool:
    """Put a condition into a status; whether that changed anything."""
    conditions = status.setdefault("conditions", [])
    for at, one in enumerate(conditions):
        if one["type"] == wanted["type"]:
            words = ("status", "reason", "message")
            if all(one[word] == wanted[word] for word in words):
                return False
            conditions[at] = wanted
            return True
    if wanted["status"] == "False":  # nothing has come to an end that was never there
        return False
    conditions.append(wanted)
    return True
