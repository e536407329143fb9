"""What a pod means for its node.

Source: argo-workflows v3.7.3 workflow/controller/operator.go (assessNodeStatus, inferFailedReason).
"""

from __future__ import annotations

from typing import Any

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.times import now
from pytest_kubeflow.local.workflows import usage
from pytest_kubeflow.local.workflows.nodes import COMPLETED, Node, fulfilled, moment
from pytest_kubeflow.local.workflows.podspec import INIT, MAIN, WAIT

Json = Any
_KILLED = frozenset({137, 143})


def assess(node: Node, pod: Object, template: Json) -> Node:
    """The node as its pod has it; `template` is what it was made of."""
    made = dict(node)
    status = pod.get("status") or {}
    phase = status.get("phase") or "Pending"
    message = node.get("message", "")
    if phase == "Pending":
        made["phase"], message = "Pending", _pending(status)
    elif phase == "Running":
        made["phase"] = "Running"
    elif phase == "Succeeded":
        made["phase"] = "Succeeded"
    else:
        made["phase"], message = _failure(pod)
    made["hostNodeName"] = pod["spec"].get("nodeName", "")
    made.setdefault("progress", "0/1")
    if (code := _exit_code(status)) is not None:
        made["outputs"] = {**(made.get("outputs") or {}), "exitCode": str(code)}
    if _wait_goes_on(status) and made["phase"] in COMPLETED and phase != "Failed":
        made["phase"] = node["phase"]
    if made["phase"] == "Succeeded" and not _has_outputs(made.get("outputs"), template):
        made["phase"] = node["phase"]
    passed = node["phase"] == "Pending" and made["phase"] not in {"Pending", "Failed", "Error"}
    if passed and message == node.get("message", ""):
        message = ""
    made["message"] = message
    if fulfilled(made) and not made.get("finishedAt"):
        made["finishedAt"] = _finished(status)
        made["resourcesDuration"] = usage.of_pod(pod)
    return {key: value for key, value in made.items() if value != "" or key == "finishedAt"}


def wait_failed(pod: Object) -> bool:
    """Whether Argo's own container has ended badly, and will say no more."""
    for one in (pod.get("status") or {}).get("containerStatuses") or ():
        ended = (one.get("state") or {}).get("terminated")
        if one["name"] == WAIT and ended and ended.get("exitCode"):
            return True
    return False


def _pending(status: Json) -> str:
    for one in status.get("containerStatuses") or ():
        waiting = (one.get("state") or {}).get("waiting")
        if waiting:
            reason, message = waiting.get("reason", ""), waiting.get("message", "")
            return f"{reason}: {message}" if message else reason
    for one in status.get("conditions") or ():
        if one.get("reason") == "Unschedulable":
            message = one.get("message", "")
            return f"{one['reason']}: {message}" if message else one["reason"]
    return ""


def _exit_code(status: Json) -> int | None:
    for one in status.get("containerStatuses") or ():
        ended = (one.get("state") or {}).get("terminated")
        if one["name"] == MAIN and ended:
            return int(ended.get("exitCode", 0))
    return None


def _wait_goes_on(status: Json) -> bool:
    return any(
        one["name"] == WAIT and "running" in (one.get("state") or {})
        for one in status.get("containerStatuses") or ()
    )


def _has_outputs(outputs: Json, template: Json) -> bool:
    wanted, found = template.get("outputs") or {}, outputs or {}
    if wanted.get("parameters") and not found.get("parameters"):
        return False
    required = [one for one in wanted.get("artifacts") or () if not one.get("optional")]
    return not required or bool(found.get("artifacts"))


def _failure(pod: Object) -> tuple[str, str]:
    """The phase of the node of a pod that has failed, and why."""
    status, metadata = pod["status"], pod["metadata"]
    if status.get("message"):
        return "Failed", status["message"]
    order = {MAIN: 1, WAIT: 2}
    statuses = [
        *(status.get("initContainerStatuses") or ()),
        *sorted(status.get("containerStatuses") or (), key=lambda one: order.get(one["name"], 3)),
    ]
    if not statuses:
        message = f"can't find failed message for pod {metadata['name']} namespace"
        return "Failed", f"{message} {metadata['namespace']}"
    for one in statuses:
        name, state = one["name"], one.get("state") or {}
        if waiting := state.get("waiting"):
            message = f"Pod failed before {name} container starts due to"
            return "Error", f"{message} {waiting.get('reason', '')}: {waiting.get('message', '')}"
        ended = state.get("terminated") or {}
        code = ended.get("exitCode", 0)
        if code == 0:
            continue
        text = f"{name}: {ended.get('reason', '')} (exit code {code})"
        if ended.get("message"):
            text += f": {ended['message']}"
        if name in {INIT, WAIT}:
            return "Error", text
        if name == MAIN or code not in _KILLED:
            return "Failed", text
    return "Succeeded", ""


def _finished(status: Json) -> str:
    """When the last of its containers has ended."""
    latest = ""
    for one in (
        *(status.get("initContainerStatuses") or ()),
        *(status.get("containerStatuses") or ()),
    ):
        state = one.get("state") or {}
        if "running" in state:
            latest = now()
        elif (ended := (state.get("terminated") or {}).get("finishedAt")) and (
            moment(ended) > moment(latest)
        ):
            latest = ended
    return latest or now()
