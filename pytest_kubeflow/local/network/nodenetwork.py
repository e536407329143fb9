"""NodeNetwork: a network namespace that one cluster has for itself."""

from __future__ import annotations

import itertools
import socket

from pytest_kubeflow.local.network import nftables
from pytest_kubeflow.local.network.clusternetwork import LOOPBACK, hold, let_go
from pytest_kubeflow.local.network.devices import bring_up_loopback
from pytest_kubeflow.local.network.machine import Machine
from pytest_kubeflow.local.network.netlink import Address, Network, Routes

_OF_LOOPBACK = Network("127.0.0.0/8")
_ANYWHERE = Network("0.0.0.0/0")
_OUTWARD_TABLE = 100
DNS = 53


class NodeNetwork:
    """All of a network namespace that this process has for itself: nobody else reaches it.

    Pods have cables to it. What they, and programs of the node, ask of the outside by TCP comes to
    the listening socket `outward`, and names by UDP to `resolving`, both of which somebody has to
    serve; sockets by which people and the outside are reached are made by `machine`. All of it ends
    with the namespace, which no more than this process, its pods and the spawner hold. `cluster` is
    a /15 that hides nothing of the outside. Raises OSError where the kernel cannot have it all.
    """

    cables = "pod"

    def __init__(self, machine: Machine, cluster: Network) -> None:
        self.machine = machine
        self._routes = Routes()
        loopback = bring_up_loopback(self._routes)
        first, second = cluster.subnets()
        self._node, pods = itertools.islice(first.subnets(new_prefix=24), 2)
        services = next(second.subnets(new_prefix=24))
        self._networks = [self._node, pods, services]
        for network in self._networks:
            self._routes.take(network, loopback)
        self.host_ip, self.pods, self.services = self.host(0), str(pods), str(services)
        own = Address(self.host_ip)
        self.outward = socket.create_server((self.host_ip, 0), backlog=512)
        self.resolving = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.resolving.bind((self.host_ip, DNS))
        # What begins here needs a route to the outside before the table below turns it round.
        self._routes.lead(_ANYWHERE, loopback, table=_OUTWARD_TABLE, source=own)
        self._routes.ask_for_own(_OUTWARD_TABLE)
        port = self.outward.getsockname()[1]
        self._table = nftables.Table("outward", _turned_round(cluster, own, port))
        hold(self._networks)

    def host(self, number: int) -> str:
        """A further address for the component `number` (1 to 253)."""
        return str(self._node[1 + number])

    def public_socket(self) -> socket.socket:
        """A socket that listens on the machine's loopback address."""
        return self.machine.socket(lambda: socket.create_server((LOOPBACK, 0), backlog=512))

    def socket(self, family: int, kind: int) -> socket.socket:
        """A socket in the machine's network."""
        return self.machine.socket(lambda: socket.socket(family, kind))

    def close(self) -> None:
        let_go(self._networks)
        for one in (self.outward, self.resolving, self._routes, self._table):
            one.close()


def _turned_round(cluster: Network, own: Address, port: int) -> list[nftables.Chain]:
    """What goes outside is for us: from pods, and from here."""
    outside = nftables.to_network(cluster, other=True)
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
