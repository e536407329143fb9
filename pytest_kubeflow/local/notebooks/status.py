"""The status of a Notebook: that of its pod, as the notebook controller copies it.

Rules: createNotebookStatus in notebook_controller.go of kubeflow/notebooks 1.11.
"""

from __future__ import annotations

from pytest_kubeflow.local.kube.client import Object

_COPIED = ("type", "status", "reason", "message")


def status_of(
    notebook: Object, stateful_set: Object | None, pod: Object | None, *, now: str
) -> Object:
    """The new status; a time that the pod does not tell is `now`."""
    found = ((stateful_set or {}).get("status") or {}).get("readyReplicas") or 0
    pod_status = (pod or {}).get("status") or {}
    name = notebook["metadata"]["name"]
    state = next(
        (
            one.get("state") or {}
            for one in pod_status.get("containerStatuses") or []
            if one["name"] == name
        ),
        {},
    )
    return {
        "conditions": [_condition(one, now) for one in pod_status.get("conditions") or []],
        "containerState": state,
        "readyReplicas": found,
    }


def _condition(condition: Object, now: str) -> Object:
    times = {
        field: condition.get(field) or now for field in ("lastProbeTime", "lastTransitionTime")
    }
    return {**{key: condition[key] for key in _COPIED if condition.get(key)}, **times}
