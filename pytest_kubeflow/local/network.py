"""Addresses that belong to one embedded cluster and can be reached from this machine alone."""

from __future__ import annotations

import ipaddress
import random
import socket
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from pytest_kubeflow.local.netlink import LocalDevice, Network, OutsideFilter

LOOPBACK = "127.0.0.1"
_LOCK_PORT = 40123
_ROUTES = Path("/proc/net/route")
# Half of what RFC 2544 sets aside for tests of networks: nobody routes it.
_TESTS = ipaddress.IPv4Network("198.18.0.0/16")
_HOSTS = 16  # addresses of a node's network that are the node's and its components'
_held: set[Network] = set()


class ClusterNetwork(Protocol):
    """Where the pods and the components of one cluster are."""

    host_ip: str
    """The node's own address, where its components listen."""

    pods: str
    """The network of which each pod gets an address."""

    def host(self, number: int) -> str:
        """A further address for the component `number` (1 to 10)."""

    def close(self) -> None: ...


def is_this_machine(address: str) -> bool:
    """Whether only this machine reaches `address`: loopback, or a network that is held here."""
    one = ipaddress.ip_address(address)
    return one.is_loopback or any(one in network for network in _held)


class LoopbackNetwork:
    """Three random /24 networks: `services` for cluster IPs, `pods`, and `host(n)` for components.

    A socket that is held until `close` (or the end of the process) keeps other clusters on this
    machine off them. Linux takes every address of 127.0.0.0/8 as its own; macOS does not.
    """

    host_ip = LOOPBACK

    def __init__(self) -> None:
        # Not a secret: any free pair will do.
        choices = random.sample(range(64 * 128), 64)
        for choice in choices:
            first, second = 64 + choice // 128, choice % 128
            lock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            try:
                lock.bind((f"127.{first}.{second}.254", _LOCK_PORT))
            except OSError:
                lock.close()
                continue
            self._lock = lock
            self.services = f"127.{first}.{second}.0/24"
            self._hosts = f"127.{first}.{128 + second}"
            self.pods = f"127.{64 + first}.{second}.0/24"
            return
        raise OSError("no free loopback network for the cluster's services in 127.64.0.0/10")

    def host(self, number: int) -> str:
        """An address for the component `number` (1 to 253)."""
        return f"{self._hosts}.{number}"

    def close(self) -> None:
        self._lock.close()


class MachineNetwork:
    """A random /24 of 198.18.0.0/16 that is this machine's until `close` or the process's end.

    A real API server takes no loopback address for an endpoint. Each address here is this
    machine's, as those of 127.0.0.0/8 are, and packets from elsewhere are dropped. `services` are
    the networks of the cluster's own cluster IPs: those are taken too, unless this machine routes
    them already; `refused` has a line for each that was not. Raises OSError if this machine lets
    nobody do that.
    """

    def __init__(self, services: Iterable[str] = ()) -> None:
        self.refused: list[str] = []
        self._device = LocalDevice()
        self._networks: list[Network] = []
        try:
            node = self._take_node()
            for text in services:
                self._take_services(ipaddress.IPv4Network(text))
            self._filter = OutsideFilter(self._device.name, self._networks)
        except OSError:
            self._device.close()
            raise
        _held.update(self._networks)
        self._hosts = [str(node[number]) for number in range(_HOSTS)]
        self.host_ip = self._hosts[1]
        self.pods = str(list(node.subnets())[1])

    def _take_node(self) -> Network:
        routed = _routed_networks()
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
        for other in _routed_networks():
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

    def close(self) -> None:
        _held.difference_update(self._networks)
        self._device.close()
        self._filter.close()


def _routed_networks() -> list[Network]:
    """What this machine sends somewhere, but for the default route."""
    networks = []
    for line in _ROUTES.read_text().splitlines()[1:]:
        fields = line.split()
        destination, mask = (
            ipaddress.IPv4Address(int.from_bytes(bytes.fromhex(fields[index])[::-1]))
            for index in (1, 7)
        )
        network = ipaddress.IPv4Network(f"{destination}/{mask}")
        if network.prefixlen:
            networks.append(network)
    return networks
