"""PodSandbox: the address that a pod has, and the network of its own, where it has one."""

from __future__ import annotations

import asyncio
from functools import partial

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kubelet.context import Node
from pytest_kubeflow.local.kubelet.server.portforward import Dial
from pytest_kubeflow.local.network.podnetworks import PodNetwork


class PodSandbox:
    """What one pod has on the network of its node; `ip` is empty until it is set up."""

    def __init__(self, node: Node) -> None:
        self.ip = ""
        self.network: PodNetwork | None = None
        self._node = node

    @property
    def dial(self) -> Dial | None:
        """How to connect to one of the pod's ports by hand; None as long as it has no address."""
        if not self.ip:
            return None
        if self.network is not None:
            return self.network.dial
        return partial(asyncio.open_connection, self.ip)

    def name_server(self, pod: Object) -> str | None:
        """The address of the server that names are asked of; None: of the machine's own."""
        networks = self._node.networks if self._is_apart(pod) else None
        return networks.name_server if networks is not None else None

    async def set_up(self, pod: Object, before: str | None) -> None:
        """Get an address, `before` if it is free. Raises NoAddressLeft, OSError."""
        address = self._address(pod, before)
        if self._node.networks is not None and self._is_apart(pod):
            self.network = await self._node.networks.make(address)
        self.ip = address

    def tear_down(self, pod: Object) -> None:
        """Give back address and network, when nothing of the pod runs."""
        if self.network is not None:
            self.network.close()
            self.network = None
        self._node.addresses.take_back(pod["metadata"]["uid"])

    def _address(self, pod: Object, before: str | None) -> str:
        if (given := self._given(pod)) is not None:
            return given
        return self._node.addresses.lend(pod["metadata"]["uid"], before)

    def _given(self, pod: Object) -> str | None:
        """The address of others that it has: the node's, or a component's."""
        if pod["spec"].get("hostNetwork"):
            return self._node.addresses.host_ip
        for container in pod["spec"]["containers"]:
            program = self._node.images.hosted.find(container, pod)
            if program is not None and program.ip is not None and not container.get("command"):
                return program.ip
        return None

    def _is_apart(self, pod: Object) -> bool:
        """Whether anything of it runs in a network of its own."""
        spec, hosted = pod["spec"], self._node.images.hosted
        return self._given(pod) is None and any(
            one.get("command") or hosted.find(one, pod) is None
            for one in [*spec["containers"], *(spec.get("initContainers") or [])]
        )
