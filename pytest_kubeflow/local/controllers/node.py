"""NodeController: no pod is put on a node that is not ready, as its taints say.

Source: kubernetes/kubernetes pkg/controller/nodelifecycle, doNoScheduleTaintingPass. A real API
server gives each new node the first of these taints, and leaves it to this controller to take it
away. What it does not do is to watch leases: a node that is gone without a word stays as it was.
"""

from __future__ import annotations

from pytest_kubeflow.local.controllers.controller import Controller
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.informer import Key
from pytest_kubeflow.local.kube.resources import NODES

_NOT_READY, _UNREACHABLE = "node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"
_BY_STATUS = {"True": None, "False": _NOT_READY, "Unknown": _UNREACHABLE}
_EFFECT = "NoSchedule"


class NodeController(Controller):
    """Keeps these taints of each node in step with its condition Ready."""

    name = "nodelifecycle"
    workers = 1

    def watch(self) -> None:
        self.nodes = self.enqueue_from(NODES)

    async def reconcile(self, key: Key) -> None:
        node = self.nodes.get(key[1])
        if node is None or (ready := _ready(node)) not in _BY_STATUS:
            return  # it is gone, or has not said anything yet
        wanted = _BY_STATUS[ready]
        taints = node["spec"].get("taints") or []
        ours = [one for one in taints if _is_ours(one)]
        if [one["key"] for one in ours] == ([wanted] if wanted else []):
            return
        others = [one for one in taints if not _is_ours(one)]
        added = [{"key": wanted, "effect": _EFFECT}] if wanted else []
        patch = {
            "metadata": {"resourceVersion": node["metadata"]["resourceVersion"]},
            "spec": {"taints": [*others, *added] or None},
        }
        await self.client.patch(NODES, key[1], patch)


def _is_ours(taint: Object) -> bool:
    return taint["key"] in {_NOT_READY, _UNREACHABLE} and taint.get("effect") == _EFFECT


def _ready(node: Object) -> str:
    conditions = (node.get("status") or {}).get("conditions") or []
    return next((one["status"] for one in conditions if one["type"] == "Ready"), "")
