"""NodeRegistration: this machine as a Node object, and its heartbeat."""

from __future__ import annotations

import asyncio
import logging
import os
import platform
from datetime import UTC, datetime
from pathlib import Path

from pytest_kubeflow.local.kube import ApiError, ApiUnreachableError, KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import LEASES, NODES
from pytest_kubeflow.local.kubelet.addresses import HOST_IP
from pytest_kubeflow.local.kubelet.status import now

log = logging.getLogger(__name__)

LEASE_NAMESPACE = "kube-node-lease"
_HEARTBEAT_SECONDS = 10
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
_MAX_PODS = 110
_GOOD = {
    "MemoryPressure": ("False", "KubeletHasSufficientMemory", "kubelet has sufficient memory"),
    "DiskPressure": ("False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    "PIDPressure": ("False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    "Ready": ("True", "KubeletReady", "kubelet is posting ready status"),
}


def resources() -> dict[str, str]:
    """CPUs that this process may use, memory and disk of the machine, as quantities."""
    memory = next(
        line.split()[1]
        for line in Path("/proc/meminfo").read_text().splitlines()
        if line.startswith("MemTotal:")
    )
    disk = os.statvfs("/tmp")  # noqa: S108 (only its size is read)
    return {
        "cpu": str(len(os.sched_getaffinity(0))),
        "memory": f"{memory}Ki",
        "ephemeral-storage": f"{disk.f_blocks * disk.f_frsize // 1024}Ki",
        "pods": str(_MAX_PODS),
    }


Told = tuple[str, str, str]
"""Status, reason and message of a condition."""


class NodeRegistration:
    """Registers the node, then renews its lease until cancelled.

    `conditions` are told beside those that every node has; `capacity` and `labels` may grow until
    the next `update`.
    """

    def __init__(self, client: KubeClient, name: str, *, port: int, images: list[str]) -> None:
        self._client = client
        self._name = name
        self._port = port
        self._images = images
        self.capacity = resources()
        self.conditions: dict[str, Told] = {}
        self.labels = _labels(name)

    async def register(self) -> None:
        """Create the Node, or adopt the one of this name. Raises ApiError."""
        node: Object = {"metadata": {"name": self._name, "labels": self.labels}, "spec": {}}
        try:
            await self._client.create(NODES, node)
        except ApiError as error:
            if not error.conflict:
                raise
        await self.update()

    async def update(self) -> Object:
        """Bring labels and status into the API; returns the node. Raises ApiError."""
        await self._client.patch(NODES, self._name, {"metadata": {"labels": self.labels}})
        return await self._client.patch(
            NODES, self._name, {"status": self._status()}, subresource="status"
        )

    async def heartbeat(self) -> None:
        """Renew the node's lease for ever."""
        while True:
            try:
                await self._renew()
            except (ApiError, ApiUnreachableError) as error:
                log.debug("heartbeat of node %s: %s", self._name, error)
            await asyncio.sleep(_HEARTBEAT_SECONDS)

    async def _renew(self) -> None:
        lease: Object = {
            "holderIdentity": self._name,
            "leaseDurationSeconds": 40,
            "renewTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        }
        try:
            await self._client.patch(LEASES, self._name, {"spec": lease}, namespace=LEASE_NAMESPACE)
        except ApiError as error:
            if not error.not_found:
                raise
            metadata = {"name": self._name, "namespace": LEASE_NAMESPACE}
            await self._client.create(LEASES, {"metadata": metadata, "spec": lease})

    def _status(self) -> Object:
        machine = platform.machine()
        return {
            "capacity": self.capacity,
            "allocatable": self.capacity,
            "addresses": [
                {"type": "InternalIP", "address": HOST_IP},
                {"type": "Hostname", "address": self._name},
            ],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": self._port}},
            "conditions": [
                {
                    "type": kind,
                    "status": status,
                    "reason": reason,
                    "message": message,
                    "lastHeartbeatTime": now(),
                    "lastTransitionTime": now(),
                }
                for kind, (status, reason, message) in (_GOOD | self.conditions).items()
            ],
            "nodeInfo": {
                "architecture": _ARCHITECTURES.get(machine, machine),
                "bootID": "",
                "containerRuntimeVersion": "process://1",
                "kernelVersion": platform.release(),
                "kubeProxyVersion": "",
                "kubeletVersion": "v1.33.0",
                "machineID": "",
                "operatingSystem": "linux",
                "osImage": platform.freedesktop_os_release().get("PRETTY_NAME", "Linux"),
                "systemUUID": "",
            },
            "images": [{"names": [name], "sizeBytes": 0} for name in self._images],
        }


def _labels(name: str) -> dict[str, str]:
    machine = platform.machine()
    return {
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": _ARCHITECTURES.get(machine, machine),
    }
