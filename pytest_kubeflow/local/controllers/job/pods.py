"""Pods of a Job: what is read of them, and what a new one looks like.

Rules: kubernetes/kubernetes pkg/controller/job.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from pytest_kubeflow.local.controllers.job.policies import judge
from pytest_kubeflow.local.controllers.owners import controller_reference
from pytest_kubeflow.local.controllers.podstate import is_finished, is_ready
from pytest_kubeflow.local.kube.client import Object

FINALIZER = "batch.kubernetes.io/job-tracking"
INDEX = "batch.kubernetes.io/job-completion-index"
_FAILURES = "batch.kubernetes.io/job-index-failure-count"
_IGNORED = "batch.kubernetes.io/job-index-ignored-failure-count"
_VARIABLE = "JOB_COMPLETION_INDEX"
_LONGEST_PREFIX = 58  # five more characters make a DNS label
_PHASES = ("Pending", "Unknown", "Running")


def completion_index(pod: Object) -> int | None:
    """The index that a pod works on; None where it has none."""
    value = (pod["metadata"].get("annotations") or {}).get(INDEX, "")
    return int(value) if value.isdecimal() else None


def is_tracked(pod: Object) -> bool:
    """Whether the Job has still to count it."""
    return FINALIZER in (pod["metadata"].get("finalizers") or [])


def is_indexed(job: Object) -> bool:
    return bool(job["spec"].get("completionMode") == "Indexed")


def is_suspended(job: Object) -> bool:
    return bool(job["spec"].get("suspend"))


def waits_for_terminating(job: Object) -> bool:
    """Whether pods are replaced only when they have failed, not when they begin to end."""
    spec = job["spec"]
    return spec.get("podReplacementPolicy") == "Failed" or spec.get("podFailurePolicy") is not None


def is_failed(pod: Object, job: Object) -> bool:
    """Failed; or on its way out, where that is as good as failed."""
    phase = (pod.get("status") or {}).get("phase")
    if phase == "Failed":
        return True
    going = bool(pod["metadata"].get("deletionTimestamp"))
    return not waits_for_terminating(job) and going and phase != "Succeeded"


def is_terminating(pod: Object) -> bool:
    return bool(pod["metadata"].get("deletionTimestamp")) and not is_finished(pod)


def failures(pod: Object) -> int:
    """How many pods of the same index have failed before it, and counted."""
    return _number(pod, _FAILURES)


def all_failures(pod: Object) -> int:
    """Those that did not count, too."""
    return failures(pod) + _number(pod, _IGNORED)


def _number(pod: Object, annotation: str) -> int:
    value = (pod["metadata"].get("annotations") or {}).get(annotation, "")
    return int(value) if value.isdecimal() else 0


def finished_at(pod: Object) -> datetime:
    """When a pod ended: by its containers, its condition, its deletion; else when it was made."""
    status, metadata = pod.get("status") or {}, pod["metadata"]
    ends: list[Any] = [
        ((one.get("state") or {}).get("terminated") or {}).get("finishedAt")
        for one in [*(status.get("containerStatuses") or []), *_sidecars(pod)]
    ]
    if ends and all(ends):
        return max(map(datetime.fromisoformat, ends))
    for condition in status.get("conditions") or []:
        since = condition.get("lastTransitionTime")
        if condition["type"] == "Ready" and condition["status"] == "False" and since:
            return datetime.fromisoformat(since)
    if metadata.get("deletionTimestamp"):
        grace = timedelta(seconds=metadata.get("deletionGracePeriodSeconds") or 0)
        return datetime.fromisoformat(metadata["deletionTimestamp"]) - grace
    return datetime.fromisoformat(metadata["creationTimestamp"])


def _sidecars(pod: Object) -> list[Object]:
    names = {
        one["name"]
        for one in pod["spec"].get("initContainers") or []
        if one.get("restartPolicy") == "Always"
    }
    statuses: list[Object] = (pod.get("status") or {}).get("initContainerStatuses") or []
    return [one for one in statuses if one["name"] in names]


def restarts(pod: Object) -> int:
    """How often containers of a pod that is not over were started again."""
    status = pod.get("status") or {}
    if status.get("phase") not in {"Running", "Pending"}:
        return 0
    fields = ("initContainerStatuses", "containerStatuses")
    return sum(one.get("restartCount", 0) for field in fields for one in status.get(field) or [])


def expendable(pod: Object) -> tuple[Any, ...]:
    """What sorts those first that are missed least: without a node, not running, not ready, new."""
    phase = (pod.get("status") or {}).get("phase") or "Pending"
    created = datetime.fromisoformat(pod["metadata"]["creationTimestamp"])
    return (
        bool(pod["spec"].get("nodeName")),
        _PHASES.index(phase) if phase in _PHASES else 0,
        is_ready(pod),
        -restarts(pod),
        -created.timestamp(),
    )


def new_pod(job: Object, index: int | None, replaced: Object | None) -> Object:
    """The pod that is to be created; one with an index may replace one that has failed."""
    template, name = job["spec"]["template"], job["metadata"]["name"]
    shape, spec = template["metadata"], template["spec"]
    labels, annotations = dict(shape.get("labels") or {}), dict(shape.get("annotations") or {})
    prefix = f"{name}-"
    if index is not None:
        labels[INDEX] = annotations[INDEX] = str(index)
        annotations |= _counted(job, replaced)
        spec = {**_with_variable(spec), "hostname": f"{name}-{index}"}
        end = f"-{index}-"
        prefix = f"{name[: _LONGEST_PREFIX - len(end)]}{end}"
    finalizers = list(shape.get("finalizers") or [])
    return {
        "metadata": {
            "generateName": prefix,
            "namespace": job["metadata"]["namespace"],
            "labels": labels,
            **({"annotations": annotations} if annotations else {}),
            "finalizers": [*(one for one in finalizers if one != FINALIZER), FINALIZER],
            "ownerReferences": [controller_reference(job)],
        },
        "spec": spec,
    }


def _counted(job: Object, replaced: Object | None) -> dict[str, str]:
    """The annotations that tell how often an index has failed."""
    if job["spec"].get("backoffLimitPerIndex") is None:
        return {}
    counted = ignored = 0
    if replaced is not None:
        counts = judge(job, replaced).counts
        counted = failures(replaced) + counts
        ignored = _number(replaced, _IGNORED) + (not counts)
    return {_FAILURES: str(counted), **({_IGNORED: str(ignored)} if ignored else {})}


def _with_variable(spec: Object) -> Object:
    """The pod's spec, in which containers know their index."""
    source = {"fieldRef": {"fieldPath": f"metadata.labels['{INDEX}']"}}
    variable = {"name": _VARIABLE, "valueFrom": source}
    made = dict(spec)
    for group in ("initContainers", "containers"):
        if spec.get(group):
            made[group] = [_with(one, variable) for one in spec[group]]
    return made


def _with(container: Object, variable: Object) -> Object:
    known: list[Object] = container.get("env") or []
    if any(one["name"] == variable["name"] for one in known):
        return container
    return {**container, "env": [*known, variable]}
