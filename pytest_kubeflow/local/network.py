"""Addresses that belong to one embedded cluster and can be reached from this machine alone."""

from __future__ import annotations

import ipaddress
import random
import socket
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from pytest_kubeflow.local import nftables
from pytest_kubeflow.local.devices import LocalDevice, bring_up_loopback
from pytest_kubeflow.local.machine import Machine
from pytest_kubeflow.local.netlink import Address, Network, Routes

LOOPBACK = "127.0.0.1"
_LOCK_PORT = 40123
_ROUTES = Path("/proc/net/route")
# Half of what RFC 2544 sets aside for tests of networks: nobody routes it.
_TESTS = ipaddress.IPv4Network("198.18.0.0/16")
_HOSTS = 16  # addresses of a node's network that are the node's and its components'
_held: set[Network] = set()

_OF_NODE = Network("198.18.0.0/24")
_OF_PODS = Network("198.18.1.0/24")
_OF_SERVICES = Network("198.19.0.0/24")
_OF_CLUSTER = Network("198.18.0.0/15")
_OF_LOOPBACK = Network("127.0.0.0/8")
_ANYWHERE = Network("0.0.0.0/0")
_OUTWARD_TABLE = 100
DNS = 53


class ClusterNetwork(Protocol):
    """Where the pods and the components of one cluster are."""

    host_ip: str
    """The node's own address, where its components listen."""

    pods: str
    """The network of which each pod gets an address."""

    @property
    def cables(self) -> str | None:
        """What the names of cables to pods begin with, where pods have networks of their own."""

    def host(self, number: int) -> str:
        """A further address for the component `number` (1 to 10)."""

    def door(self) -> socket.socket | None:
        """A listening socket for people of this machine, where they do not reach `host_ip`."""

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
    cables = None

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

    def door(self) -> socket.socket | None:
        """None: people reach loopback."""
        return None

    def close(self) -> None:
        self._lock.close()


class NodeNetwork:
    """All of a network namespace that this process has for itself: nobody else reaches it.

    Pods have cables to it. What they, and programs of the node, ask of the outside by TCP comes to
    the listening socket `outward`, and names by UDP to `resolving`, both of which somebody has to
    serve; sockets by which people and the outside are reached are made by `machine`. All of it ends
    with the namespace, which no more than this process, its pods and the spawner hold. Raises
    OSError where the kernel cannot have it all.
    """

    cables = "pod"

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._routes = Routes()
        loopback = bring_up_loopback(self._routes)
        self._networks = [_OF_NODE, _OF_PODS, _OF_SERVICES]
        for network in self._networks:
            self._routes.take(network, loopback)
        self.host_ip, self.pods = self.host(0), str(_OF_PODS)
        self.services = str(_OF_SERVICES)
        own = Address(self.host_ip)
        self.outward = socket.create_server((self.host_ip, 0), backlog=512)
        self.resolving = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.resolving.bind((self.host_ip, DNS))
        # What begins here needs a route to the outside before the table below turns it round.
        self._routes.lead(_ANYWHERE, loopback, table=_OUTWARD_TABLE, source=own)
        self._routes.ask_for_own(_OUTWARD_TABLE)
        port = self.outward.getsockname()[1]
        self._table = nftables.Table("outward", _turned_round(own, port))
        _held.update(self._networks)

    def host(self, number: int) -> str:
        """A further address for the component `number` (1 to 253)."""
        return str(_OF_NODE[1 + number])

    def door(self) -> socket.socket:
        """A socket that listens on the machine's loopback address."""
        return self.machine.socket(lambda: socket.create_server((LOOPBACK, 0), backlog=512))

    def close(self) -> None:
        _held.difference_update(self._networks)
        for one in (self.outward, self.resolving, self._routes, self._table):
            one.close()


def _turned_round(own: Address, port: int) -> list[nftables.Chain]:
    """What goes outside is for us: from pods, and from here."""
    outside = nftables.to_network(_OF_CLUSTER, other=True)
    tcp = nftables.protocol(socket.IPPROTO_TCP) + nftables.redirect(own, port)
    names = nftables.protocol(socket.IPPROTO_UDP) + nftables.to_port(DNS)
    names += nftables.redirect(own, DNS)
    not_loopback = nftables.to_network(_OF_LOOPBACK, other=True)
    return [
        nftables.Chain(
            "pods",
            "nat",
            nftables.PREROUTING,
            nftables.DESTINATION_NAT,
            [outside + tcp, outside + names],
        ),
        nftables.Chain(
            "node",
            "nat",
            nftables.OUTPUT,
            nftables.DESTINATION_NAT,
            [outside + not_loopback + tcp, outside + names],
        ),
    ]


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
        _held.update(self._networks)
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

    def door(self) -> socket.socket | None:
        """None: people reach `host_ip`."""
        return None

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
