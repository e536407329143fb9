"""What the operator tells at a job of pods that do not get on.

Rules and words: kubeflow/training-operator v1.9.2, RecordAbnormalPods of pkg/core/job.go.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.training.operator.framework import Event
from pytest_kubeflow.local.training.operator.limits import is_active


def abnormal(pods: Sequence[Object]) -> Iterator[Event]:
    """Events about pods that have not ended: containers that wait or failed, else a condition."""
    for pod in pods:
        status = pod["status"]
        if not is_active(pod):
            continue
        name = pod["metadata"]["name"]
        containers = status.get("containerStatuses") or status.get("initContainerStatuses")
        if containers:
            for one in containers:
                yield from _of_container(name, one)
            continue
        conditions = status.get("conditions") or []
        latest = max(conditions, key=lambda one: one.get("lastTransitionTime") or "", default=None)
        if latest is not None and latest["status"] != "True":
            message = f"Error pod {name} condition message: {latest.get('message', '')}"
            yield "Warning", latest.get("reason", ""), message


def _of_container(pod: str, container: Object) -> Iterator[Event]:
    where, state = f"Error pod {pod} container {container['name']}", container.get("state") or {}
    ended, waiting = state.get("terminated"), state.get("waiting")
    if ended and ended["exitCode"]:
        message = f"exitCode: {ended['exitCode']} terminated message: {ended.get('message', '')}"
        yield "Warning", ended.get("reason", ""), f"{where} {message}"
    if waiting and waiting.get("message"):
        reason = waiting.get("reason", "")
        yield "Warning", reason, f"{where} waiting message: {waiting['message']}"
