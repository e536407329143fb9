"""What the kubelet's parts share: the node that they act for, and delays between attempts."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from pytest_kubeflow.local.kube import KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kubelet.cgroups import Enforcement
from pytest_kubeflow.local.kubelet.containers.rootfs import BaseLayers
from pytest_kubeflow.local.kubelet.containers.seccomp import SystemCallFilter
from pytest_kubeflow.local.kubelet.directory_remover import DirectoryRemover
from pytest_kubeflow.local.kubelet.events import PodEvents
from pytest_kubeflow.local.kubelet.faultset import FaultSet
from pytest_kubeflow.local.kubelet.gpus import GpuPool
from pytest_kubeflow.local.kubelet.images.catalogue import ImageCatalogue
from pytest_kubeflow.local.kubelet.images.store import ImageStore
from pytest_kubeflow.local.kubelet.pod_network.addresses import PodAddresses
from pytest_kubeflow.local.kubelet.pod_network.names import ClusterNames
from pytest_kubeflow.local.kubelet.volumes.hostdirectories import HostDirectories
from pytest_kubeflow.local.network.podnetworks import PodNetworks
from pytest_kubeflow.local.spawner import Spawner

Pause = Callable[[float], Awaitable[bool]]
"""Waits for seconds; False if what waits is to stop meanwhile."""


@dataclass(frozen=True)
class Node:
    """What containers need of their node."""

    client: KubeClient
    spawner: Spawner
    images: ImageCatalogue
    pulled: ImageStore
    events: PodEvents
    allocatable: Mapping[str, str]
    enforcement: Enforcement
    gpus: GpuPool
    addresses: PodAddresses
    removal: DirectoryRemover
    layers: BaseLayers
    services: Callable[[str], list[Object]]
    names: ClusterNames
    labels: Mapping[str, str]
    active: Callable[[], list[Object]]
    faults: FaultSet | None
    directories: HostDirectories
    system_calls: SystemCallFilter
    networks: PodNetworks | None

    def fault(self, name: str) -> bool:
        return self.faults is not None and self.faults.active(name)


class StopEvent(asyncio.Event):
    """Set when a pod or one of its containers is to end."""

    async def within(self, seconds: float) -> bool:
        """Wait for it; False if it was not set in these seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.wait()
        return self.is_set()


class Backoff:
    """Delays that double, in seconds; a good run of ten minutes starts them anew."""

    def __init__(self, first: float, longest: float) -> None:
        self._first, self._longest = first, longest
        self._next = first

    def delay(self) -> float:
        delay, self._next = self._next, min(self._next * 2, self._longest)
        return delay

    def reset(self) -> None:
        self._next = self._first
