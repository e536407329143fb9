"""Nodes that are not ready, are under pressure, or have a clock of their own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import LEASES, NODES
from pytest_kubeflow.local.kube.times import now
from pytest_kubeflow.local.platform.faults.edits import Edit, Make
from pytest_kubeflow.local.platform.faults.fault import PlatformFault

NODE = "worker-2"
"""A second node, which has no kubelet."""

_UNTOLD = ("bootID", "kubeProxyVersion", "machineID", "systemUUID")
_GOOD = {
    "MemoryPressure": ("False", "KubeletHasSufficientMemory"),
    "DiskPressure": ("False", "KubeletHasNoDiskPressure"),
    "PIDPressure": ("False", "KubeletHasSufficientPID"),
    "Ready": ("True", "KubeletReady"),
}


def _node(
    *, kubelet: str = "v1.34.4", cordoned: bool = False, **told: tuple[str, str]
) -> Sequence[Edit]:
    conditions = [
        {
            "type": kind,
            "status": status,
            "reason": reason,
            "message": f"{reason} on {NODE}",
            "lastHeartbeatTime": now(),
            "lastTransitionTime": now(),
        }
        for kind, (status, reason) in (_GOOD | told).items()
    ]
    capacity = {"cpu": "4", "memory": "16Gi", "pods": "110", "ephemeral-storage": "100Gi"}
    # No pod of anybody's is put there: its kubelet is none.
    taint = {"key": "pytest-kubeflow.example.com/no-kubelet", "effect": "NoSchedule"}
    node: Object = {
        "metadata": {
            "name": NODE,
            "labels": {"kubernetes.io/hostname": NODE, "kubernetes.io/arch": "amd64"},
        },
        "spec": {"taints": [taint], **({"unschedulable": True} if cordoned else {})},
        "status": {
            "capacity": capacity,
            "allocatable": capacity,
            "conditions": conditions,
            "addresses": [{"type": "Hostname", "address": NODE}],
            "nodeInfo": {
                **dict.fromkeys(_UNTOLD, ""),
                "architecture": "amd64",
                "containerRuntimeVersion": "containerd://2.1.4",
                "kernelVersion": "6.12.0",
                "kubeletVersion": kubelet,
                "operatingSystem": "linux",
                "osImage": "Linux",
            },
        },
    }
    lease = {
        "metadata": {"name": NODE, "namespace": "kube-node-lease"},
        "spec": {
            "holderIdentity": NODE,
            "leaseDurationSeconds": 40,
            "renewTime": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}",
        },
    }
    return [Make(NODES, node), Make(LEASES, lease)]


FAULTS = {
    "node-not-ready": PlatformFault(lambda: _node(Ready=("Unknown", "NodeStatusUnknown"))),
    "node-under-pressure": PlatformFault(
        lambda: _node(DiskPressure=("True", "KubeletHasDiskPressure"))
    ),
    "clock-skew": PlatformFault(list),
    "kubelet-version-differs": PlatformFault(lambda: _node(kubelet="v1.28.15")),
    "node-cordoned": PlatformFault(lambda: _node(cordoned=True)),
}
