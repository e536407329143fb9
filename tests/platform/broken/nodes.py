"""Nodes, broken."""

from __future__ import annotations

from pytest_kubeflow.platform.snapshot.kind import (
    LEASES,
)
from tests.platform.broken.fault import Broken
from tests.platform.objects import (
    a_condition,
    a_node,
)
from tests.platform.snapshots import an_object


def broken() -> dict[str, Broken]:
    """By code."""
    found: dict[str, Broken] = {}
    found["KF501"] = Broken(
        [
            a_node(
                "node-b", a_condition("Ready", "Unknown", "Kubelet stopped posting node status.")
            ),
        ],
        "node node-b is not ready: Kubelet stopped posting node status.",
    )
    found["KF502"] = Broken(
        [a_node("node-b", a_condition("Ready", "True"), a_condition("DiskPressure", "True"))],
        "node node-b runs out of disk space",
    )
    lease = an_object(
        LEASES,
        "node-a",
        "kube-node-lease",
        metadata={"managedFields": [{"manager": "kubelet", "time": "2026-01-01T10:00:00Z"}]},
        spec={"renewTime": "2026-01-01T10:15:00.500000Z"},
    )
    found["KF503"] = Broken([lease], "the clock of node node-a is 900 s ahead of the API server's")
    found["KF504"] = Broken(
        [a_node("node-b", version="v1.30.2")],
        "the kubelets of node-b (1.30) are more than 3 minor releases older than the API server "
        "(v1.34.1)",
    )
    found["KF505"] = Broken(
        [a_node("node-b", unschedulable=True)], "node node-b takes no new pods: it is cordoned"
    )
    return found
