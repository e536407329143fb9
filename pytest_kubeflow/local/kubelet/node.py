"""NodeRegistration: this machine as a Node object, and its heartbeat."""

from __future__ import annotations

import asyncio
import logging
import os
import platform
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from pytest_kubeflow.local.kube import ApiError, ApiUnreachableError, KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import LEASES, NODES
from pytest_kubeflow.local.kube.times import now

log = logging.getLogger(__name__)

LEASE_NAMESPACE = "kube-node-lease"
# As a kubelet has them: its client for this waits no longer than nodeStatusUpdateFrequency
# (pkg/kubelet, heartbeatClient), and its lease controller begins anew after such pauses
# (k8s.io/component-helpers apimachinery/lease).
_HEARTBEAT_SECONDS = 10
_PAUSES = (0.2, 7.0)
_STATUS_SECONDS = 300.0  # as nodeStatusReportFrequency, 5 min
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


ConditionState = tuple[str, str, str]
"""Status, reason and message of a condition."""


class NodeRegistration:
    """Registers the node, then renews lease and status until cancelled.

    `host_ip` is where the kubelet's endpoint listens. `conditions` are told beside those that every
    node has; `capacity` and `labels` may grow until the next `update`.
    """

    def __init__(
        self,
        client: KubeClient,
        name: str,
        *,
        host_ip: str,
        port: int,
        images: list[str],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._client = client
        self._name = name
        self._host_ip = host_ip
        self._port = port
        self._updated = 0.0
        self._images = images
        self._clock = clock
        self.capacity = resources()
        self.conditions: dict[str, ConditionState] = {}
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

    async def update(self, client: KubeClient | None = None) -> Object:
        """Bring labels and status into the API; returns the node. Raises ApiError."""
        client = client or self._client
        node = await client.patch(NODES, self._name, {"metadata": {"labels": self.labels}})
        known = (node.get("status") or {}).get("conditions") or []
        self._updated = time.monotonic()
        return await client.patch(
            NODES, self._name, {"status": self._status(known)}, subresource="status"
        )

    async def heartbeat(self) -> None:
        """Renew the node's lease for ever, and its status where others have changed it.

        An API server that was away is told at once that the node is there, before its controllers
        take the node for lost.
        """
        pause = _PAUSES[0]
        while True:
            try:
                async with asyncio.timeout(_HEARTBEAT_SECONDS):
                    await self._renew()
                    await self._refresh()
            except (ApiError, ApiUnreachableError, TimeoutError) as error:
                log.debug("heartbeat of node %s: %s", self._name, error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, _PAUSES[1])
            else:
                pause = _PAUSES[0]
                await asyncio.sleep(_HEARTBEAT_SECONDS)

    async def _renew(self) -> None:
        lease: Object = {
            "holderIdentity": self._name,
            "leaseDurationSeconds": 40,
            "renewTime": self._clock().strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        }
        try:
            await self._client.patch(LEASES, self._name, {"spec": lease}, namespace=LEASE_NAMESPACE)
        except ApiError as error:
            if not error.not_found:
                raise
            metadata = {"name": self._name, "namespace": LEASE_NAMESPACE}
            await self._client.create(LEASES, {"metadata": metadata, "spec": lease})

    async def renew(self) -> None:
        """Renew the lease now, by a clock that has changed."""
        try:
            await self._renew()
        except (ApiError, ApiUnreachableError) as error:
            log.debug("lease of node %s: %s", self._name, error)

    async def _refresh(self) -> None:
        """What others believe of a node that was away stands until the node itself says better."""
        try:
            node = await self._client.get(NODES, self._name)
        except ApiError as error:
            if not error.not_found:
                raise
            await self.register()
            return
        found = (node.get("status") or {}).get("conditions") or []
        statuses = {one["type"]: one["status"] for one in found}
        told = {kind: status for kind, (status, *_) in (_GOOD | self.conditions).items()}
        late = time.monotonic() - self._updated > _STATUS_SECONDS
        if late or any(statuses.get(kind) != status for kind, status in told.items()):
            await self.update()

    def _status(self, known: list[Object]) -> Object:
        machine = platform.machine()
        since = {(one["type"], one["status"]): one.get("lastTransitionTime") for one in known}
        return {
            "capacity": self.capacity,
            "allocatable": self.capacity,
            "addresses": [
                {"type": "InternalIP", "address": self._host_ip},
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
                    "lastTransitionTime": since.get((kind, status)) or now(),
                }
                for kind, (status, reason, message) in (_GOOD | self.conditions).items()
            ],
            "nodeInfo": {
                "architecture": _ARCHITECTURES.get(machine, machine),
                "bootID": "",
                "containerRuntimeVersion": "process://1",
                "kernelVersion": platform.release(),
                "kubeProxyVersion": "",
                "kubeletVersion": "v1.34.4",
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
