"""Exposure: how the components of this process are seen by the cluster that they belong to.

In a cluster of our own they are pods of Deployments, as an installation makes them. A cluster that
is joined keeps no workloads of ours, which would outlive us there: they are mirror pods of its
node, and are gone when we are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Protocol

from pytest_kubeflow.local import bootstrap
from pytest_kubeflow.local.kube import KubeClient
from pytest_kubeflow.local.kubelet import Kubelet
from pytest_kubeflow.local.kubelet.images.hosted import HostedProgram, HostedPrograms
from pytest_kubeflow.local.kubelet.pods.mirrors import Program
from pytest_kubeflow.local.platform.components.component import Component
from pytest_kubeflow.local.platform.components.pipelines import SEAWEEDFS
from pytest_kubeflow.local.platform.faults import TABLE
from pytest_kubeflow.local.platform.images import PROXY_IMAGE

Address = tuple[str, int]


class Exposure(Protocol):
    """Where components are shown."""

    async def show(self, component: Component, servers: Mapping[int, Address]) -> None:
        """Let the ports of its pod lead to `servers`; its Services lead there too."""

    async def shown(self) -> None:
        """Return when all of them are there."""


class HostedExposure:
    """Pods of Deployments, which are there from the beginning; `store_ip` is the object store's."""

    def __init__(
        self, programs: HostedPrograms, components: Sequence[Component], *, store_ip: str
    ) -> None:
        self._programs: dict[tuple[str, int], HostedProgram] = {}
        self._every: list[HostedProgram] = []
        programs.add(PROXY_IMAGE)
        for fault in TABLE.values():
            for image in fault.images:
                programs.add(image)
        for component in components:
            for container in component.containers:
                program = programs.add(
                    container.image,
                    *container.ports.values(),
                    # Proxies of a mesh are told apart by their account; other images are one's own.
                    account=component.account if container.image == PROXY_IMAGE else "",
                    ip=store_ip if component is SEAWEEDFS else None,
                )
                self._every.append(program)
                for port in container.ports.values():
                    self._programs[component.name, port] = program

    async def show(self, component: Component, servers: Mapping[int, Address]) -> None:
        for port, address in servers.items():
            self._programs[component.name, port].connect({port: address})

    async def shown(self) -> None:
        await asyncio.gather(*(one.opened.wait() for one in self._every))


class MirroredExposure:
    """Mirror pods of the node of `kubelet`, and Services made by `admin`."""

    def __init__(self, kubelet: Kubelet, admin: KubeClient) -> None:
        self._kubelet = kubelet
        self._admin = admin

    async def show(self, component: Component, servers: Mapping[int, Address]) -> None:
        app = next(iter(component.services))
        (host,) = {address[0] for address in servers.values()}
        ports = tuple(address[1] for address in servers.values())
        image = component.containers[0].image
        await self._kubelet.show(Program(app, component.namespace, image, host, ports))
        for name, listed in component.services.items():
            leading = {port.number: servers[port.target][1] for port in listed}
            await bootstrap.serve(self._admin, name, component.namespace, app=app, ports=leading)

    async def shown(self) -> None:
        """Each was made as it was shown."""
