"""Where the pods and the components of one cluster are, on loopback or elsewhere."""

from __future__ import annotations

import ipaddress
import random
import socket
from collections.abc import Iterable
from typing import Protocol

from pytest_kubeflow.local.network.netlink import Network

LOOPBACK = "127.0.0.1"
_LOCK_PORT = 40123
_held: set[Network] = set()


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

    def public_socket(self) -> socket.socket | None:
        """A listening socket for people of this machine, where they do not reach `host_ip`."""

    def socket(self, family: int, kind: int) -> socket.socket:
        """A socket in this machine's own network."""

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

    def public_socket(self) -> socket.socket | None:
        """None: people reach loopback."""
        return None

    def socket(self, family: int, kind: int) -> socket.socket:
        """One like any other."""
        return socket.socket(family, kind)

    def close(self) -> None:
        self._lock.close()


def hold(networks: Iterable[Network]) -> None:
    """Take note that this machine alone reaches `networks`."""
    _held.update(networks)


def let_go(networks: Iterable[Network]) -> None:
    """Take back what `hold` was told."""
    _held.difference_update(networks)
