"""What tables show of StatefulSets, Jobs, revisions and endpoints.

Which: kubernetes/pkg/printers/internalversion/printers.go.
"""

from __future__ import annotations

from datetime import datetime

from pytest_kubeflow.local.apiserver.errors import Object
from pytest_kubeflow.local.apiserver.times import age, duration

_MOST_ENDPOINTS = 3


def ready_replicas(obj: Object) -> str:
    ready = (obj.get("status") or {}).get("readyReplicas", 0)
    return f"{ready}/{obj['spec'].get('replicas', 1)}"


def job_status(job: Object) -> str:
    """The condition that says most."""
    conditions = (job.get("status") or {}).get("conditions") or []
    true = {one["type"] for one in conditions if one["status"] == "True"}
    if job["metadata"].get("deletionTimestamp") and not true & {"Complete", "Failed"}:
        return "Terminating"
    order = ("Complete", "Failed", "Suspended", "FailureTarget", "SuccessCriteriaMet")
    return next((one for one in order if one in true), "Running")


def job_completions(job: Object) -> str:
    spec, succeeded = job["spec"], (job.get("status") or {}).get("succeeded", 0)
    if spec.get("completions") is not None:
        return f"{succeeded}/{spec['completions']}"
    parallelism = spec.get("parallelism") or 0
    return f"{succeeded}/1 of {parallelism}" if parallelism > 1 else f"{succeeded}/1"


def job_duration(job: Object) -> str:
    """How long it took, or has taken until now."""
    status = job.get("status") or {}
    if not status.get("startTime"):
        return ""
    if not status.get("completionTime"):
        return age(status["startTime"])
    start, end = (datetime.fromisoformat(status[one]) for one in ("startTime", "completionTime"))
    return duration(int((end - start).total_seconds()))


def revision_controller(revision: Object) -> str:
    references = revision["metadata"].get("ownerReferences") or []
    owner = next((one for one in references if one.get("controller")), None)
    if owner is None:
        return "<none>"
    group = owner["apiVersion"].rpartition("/")[0]
    kind = f"{owner['kind'].lower()}.{group}" if group else owner["kind"].lower()
    return f"{kind}/{owner['name']}"


def addresses(endpoints: Object) -> str:
    """Three of them, and how many more there are."""
    found = [
        f"{address['ip']}:{port['port']}" if port else address["ip"]
        for subset in endpoints.get("subsets") or []
        for port in subset.get("ports") or [None]
        for address in subset.get("addresses") or []
    ]
    if not found:
        return "<none>"
    more = len(found) - _MOST_ENDPOINTS
    shown = ",".join(found[:_MOST_ENDPOINTS])
    return f"{shown} + {more} more..." if more > 0 else shown
