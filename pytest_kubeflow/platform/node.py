"""Node: what is told apart among nodes."""

from __future__ import annotations

from pytest_kubeflow.platform.snapshot import Object, Snapshot
from pytest_kubeflow.platform.snapshot.fields import items, pairs, text
from pytest_kubeflow.platform.snapshot.kind import NODES

_LABEL = ("type", "virtual-kubelet")
_TAINT = "virtual-kubelet.io/provider"


def is_virtual(node: Object | None) -> bool:
    """Whether it is no machine, but a cloud's service that runs pods, without a kubelet."""
    labels = pairs(node, "metadata", "labels")
    return labels.get(_LABEL[0]) == _LABEL[1] or any(
        text(one, "key") == _TAINT for one in items(node, "spec", "taints")
    )


def is_on_virtual_node(snapshot: Snapshot, pod: Object) -> bool:
    """Whether a pod is on such a node."""
    return is_virtual(snapshot.named(NODES, text(pod, "spec", "nodeName")))
