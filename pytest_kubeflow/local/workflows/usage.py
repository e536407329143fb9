"""resourcesDuration: what pods asked for, times the seconds for which their containers ran.

Source: argo-workflows v3.7.3 util/resource. What a container does not ask for counts as 100m CPU
and 100Mi of memory; the units are one CPU and 100Mi.
"""

from __future__ import annotations

from typing import Any

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.quantity import parse_quantity
from pytest_kubeflow.local.workflows.nodes import NodeTree, fulfilled, moment

Json = Any
Usage = dict[str, int]
_DEFAULTS = {"cpu": "100m", "memory": "100Mi"}
_UNITS = {"cpu": "1", "memory": "100Mi", "storage": "10Gi", "ephemeral-storage": "10Gi"}


def of_pod(pod: Object) -> Usage:
    """That of a pod that has ended."""
    status = pod.get("status") or {}
    ended = {
        one["name"]: (one.get("state") or {}).get("terminated") or {}
        for field in ("initContainerStatuses", "containerStatuses")
        for one in status.get(field) or ()
    }
    found: Usage = {}
    for field in ("initContainers", "containers"):
        for container in pod["spec"].get(field) or ():
            state = ended.get(container["name"]) or {}
            seconds = 0
            if state.get("startedAt") and state.get("finishedAt"):
                run = moment(state["finishedAt"]) - moment(state["startedAt"])
                seconds = int(run.total_seconds())
            resources = container.get("resources") or {}
            asked = {
                **_DEFAULTS,
                **(resources.get("limits") or {}),
                **(resources.get("requests") or {}),
            }
            for name, quantity in asked.items():
                unit = parse_quantity(_UNITS.get(name, "1"))
                used = int(parse_quantity(str(quantity)) * 1000 * seconds / (unit * 1000))
                found[name] = found.get(name, 0) + used
    return found


def count(tree: NodeTree) -> Usage:
    """Write those of nodes of other types, from the pods below them; that of the whole."""
    for node in tree:
        if node["type"] != "Pod" and fulfilled(node):
            below = [one for one in tree.below(node) if one["type"] == "Pod"]
            tree.set(
                node, "resourcesDuration", _summed([one.get("resourcesDuration") for one in below])
            )
    return _summed([node.get("resourcesDuration") for node in tree if node["type"] == "Pod"])


def _summed(several: list[Json]) -> Usage:
    found: Usage = {}
    for one in several:
        for name, value in (one or {}).items():
            found[name] = found.get(name, 0) + value
    return found
