"""MachineNetwork: addresses that belong to one cluster, in the network of this machine."""

from __future__ import annotations

import ipaddress
import random
import socket
from collections.abc import Iterable

from pytest_kubeflow.local.network import nftables
from pytest_kubeflow.local.network.clusternetwork import hold, let_go
from pytest_kubeflow.local.network.devices import LocalDevice
from pytest_kubeflow.local.network.netlink import Network
from pytest_kubeflow.local.network.routed import routed_networks

# Half of what RFC 2544 sets aside for tests of networks: nobody routes it.
_TESTS = Network("198.18.0.0/16")
_HOSTS = 16  # addresses of a node's network that are the node's and its components'


class MachineNetwork:
    """A random /24 of 198.18.0.0/16 that is this machine's until `close` or the process's end.

    A real API server takes no loopback address for an endpoint. Each address here is this
    machine's, as those of 127.0.0.0/8 are, and packets from elsewhere are dropped. `services` are
    the networks of the cluster's own cluster IPs: those are taken too, unless this machine routes
    them already; `refused` has a line for each that was not. Raises OSError if this machine lets
    nobody do that.
    """

    cables = None

    def __init__(self, services: Iterable[str] = ()) -> None:
        self.refused: list[str] = []
        self._device = LocalDevice()
        self._networks: list[Network] = []
        try:
            node = self._take_node()
            for text in services:
                self._take_services(ipaddress.IPv4Network(text))
            self._filter = nftables.Table(self._device.name, [self._outside_dropped()])
        except OSError:
            self._device.close()
            raise
        hold(self._networks)
        self._hosts = [str(node[number]) for number in range(_HOSTS)]
        self.host_ip = self._hosts[1]
        self.pods = str(list(node.subnets())[1])

    def _outside_dropped(self) -> nftables.Chain:
        rules = [
            nftables.not_by_loopback() + nftables.to_network(one) + nftables.drop()
            for one in self._networks
        ]
        hook, first = nftables.INPUT, nftables.BEFORE_ALL_ELSE
        return nftables.Chain("input", "filter", hook, first, rules)

    def _take_node(self) -> Network:
        routed = routed_networks()
        for node in random.sample(list(_TESTS.subnets(new_prefix=24)), 256):
            if any(node.overlaps(other) for other in routed):
                continue
            try:
                self._device.take(node)
            except FileExistsError:
                continue
            self._networks.append(node)
            return node
        raise OSError(f"no free network for pods in {_TESTS}")

    def _take_services(self, network: Network) -> None:
        for other in routed_networks():
            if network.overlaps(other):
                self.refused.append(f"cluster IPs {network}: this machine routes {other} already")
                return
        try:
            self._device.take(network)
        except FileExistsError:
            self.refused.append(f"cluster IPs {network}: another cluster of this machine has them")
        else:
            self._networks.append(network)

    def host(self, number: int) -> str:
        """An address for the component `number` (1 to 10)."""
        return self._hosts[1 + number]

    def public_socket(self) -> socket.socket | None:
        """None: people reach `host_ip`."""
        return None

    def socket(self, family: int, kind: int) -> socket.socket:
        """One like any other."""
        return socket.socket(family, kind)

    def close(self) -> None:
        let_go(self._networks)
        self._device.close()
        self._filter.close()
