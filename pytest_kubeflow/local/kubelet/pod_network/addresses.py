"""PodAddresses: an address of its own for each pod of a node.

Pods may share the machine's network, which has many addresses: Linux takes all of 127.0.0.0/8 as
its own, and what a `MachineNetwork` holds. With an address each, two pods can listen on the same
port, as they can on a real cluster. Where each has a network of its own, that is its address there.
"""

from __future__ import annotations

import ipaddress
from collections import deque

from pytest_kubeflow.local.network import LOOPBACK, is_this_machine


class NoAddressLeft(Exception):  # noqa: N818 (a state of the node, which passes)
    """All addresses of the range are lent."""


class PodAddresses:
    """Lends the addresses of `cidr`, which is this machine's; without one, all have `host_ip`.

    An address that came back is the last to be lent again: who still knows it meets nobody there,
    rather than another pod.
    """

    def __init__(self, cidr: str | None = None, *, host_ip: str = LOOPBACK) -> None:
        self.host_ip = host_ip
        network = ipaddress.ip_network(cidr) if cidr is not None else None
        if network is not None and not is_this_machine(str(network.network_address)):
            raise ValueError(f"{cidr} is not a network of this machine alone")
        self._free = deque(str(one) for one in network.hosts()) if network is not None else deque()
        self._cidr = cidr
        self._lent: dict[str, str] = {}

    def lend(self, uid: str, known: str | None = None) -> str:
        """The address of the pod `uid`, the same for each call. Raises NoAddressLeft.

        It is the one that the pod is `known` to have, if that is free.
        """
        if self._cidr is None:
            return self.host_ip
        if uid not in self._lent and known in self._free:
            assert known is not None
            self._free.remove(known)
            self._lent[uid] = known
        if uid not in self._lent:
            if not self._free:
                raise NoAddressLeft(f"no IP addresses available in range set: {self._cidr}")
            self._lent[uid] = self._free.popleft()
        return self._lent[uid]

    def take_back(self, uid: str) -> None:
        if address := self._lent.pop(uid, None):
            self._free.append(address)
