"""NodeRegistration: this machine as a Node object, and its heartbeat."""

from __future__ import annotations

import asyncio
import logging
import os
import platform
from datetime import UTC, datetime
from pathlib import Path

import httpx

from pytest_kubeflow.local.kube import ApiError, KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import LEASES, NODES
from pytest_kubeflow.local.kubelet.status import POD_IP, now

log = logging.getLogger(__name__)

LEASE_NAMESPACE = "kube-node-lease"
_HEARTBEAT_SECONDS = 10
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
_MAX_PODS = 110


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


class NodeRegistration:
    """Registers the node once, then renews its lease until cancelled."""

    def __init__(self, client: KubeClient, name: str, *, port: int, images: list[str]) -> None:
        self._client = client
        self._name = name
        self._port = port
        self._images = images
        self.capacity = resources()

    async def register(self) -> None:
        """Create the Node, or adopt the one of this name. Raises ApiError."""
        node: Object = {
            "metadata": {"name": self._name, "labels": self._labels()},
            "spec": {},
        }
        try:
            await self._client.create(NODES, node)
        except ApiError as error:
            if not error.conflict:
                raise
            await self._client.patch(NODES, self._name, {"metadata": {"labels": self._labels()}})
        await self._client.patch(
            NODES, self._name, {"status": self._status()}, subresource="status"
        )

    async def heartbeat(self) -> None:
        """Renew the node's lease for ever."""
        while True:
            try:
                await self._renew()
            except (ApiError, httpx.HTTPError) as error:
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

    def _labels(self) -> dict[str, str]:
        machine = platform.machine()
        return {
            "kubernetes.io/hostname": self._name,
            "kubernetes.io/os": "linux",
            "kubernetes.io/arch": _ARCHITECTURES.get(machine, machine),
        }

    def _status(self) -> Object:
        machine = platform.machine()
        good = [
            ("MemoryPressure", "False", "KubeletHasSufficientMemory"),
            ("DiskPressure", "False", "KubeletHasNoDiskPressure"),
            ("PIDPressure", "False", "KubeletHasSufficientPID"),
            ("Ready", "True", "KubeletReady"),
        ]
        return {
            "capacity": self.capacity,
            "allocatable": self.capacity,
            "addresses": [
                {"type": "InternalIP", "address": POD_IP},
                {"type": "Hostname", "address": self._name},
            ],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": self._port}},
            "conditions": [
                {
                    "type": kind,
                    "status": status,
                    "reason": reason,
                    "message": f"{reason}",
                    "lastHeartbeatTime": now(),
                    "lastTransitionTime": now(),
                }
                for kind, status, reason in good
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
