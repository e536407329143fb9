"""Devices: those that carry nothing, and cables between network namespaces.

Both end with what they belong to, in whatever way that ends: a TUN device with its descriptor, a
cable (a pair of veth devices) with the namespace at either end.
Sources: rtnetlink(7), veth(4), <linux/if_tun.h>, <linux/if_link.h>.
"""

from __future__ import annotations

import fcntl
import os
import socket
import struct
from pathlib import Path

from pytest_kubeflow.local.network.netlink import (
    CREATE,
    EXCL,
    LOCAL,
    NESTED,
    Address,
    Network,
    Routes,
    attribute,
    number,
)

_TUNSETIFF = 0x400454CA
_IFF_TUN, _IFF_NO_PI = 0x1, 0x1000
_DEVICE = b"kubeflow%d"

_UP, _NO_ARP = 0x1, 0x80
_IFLA_ADDRESS, _IFLA_IFNAME, _IFLA_LINKINFO, _IFLA_AF_SPEC, _IFLA_NET_NS_FD = 1, 3, 18, 26, 28
_INFO_KIND, _INFO_DATA = 1, 2
_VETH_PEER = 1
_INET_CONF, _CONF_FORWARDING = 1, 1
_INET6_ADDR_GEN_MODE, _NO_ADDRESSES = 8, 1
_MAC = bytes.fromhex("0a0000000001")
_INET6 = Path("/proc/net/if_inet6")

INSIDE = "eth0"
"""What a pod's end of its cable is called."""

_LOOPBACK_INDEX, _INSIDE_INDEX = 1, 2  # of the first devices of a namespace
_ANYWHERE = Network("0.0.0.0/0")


class LocalDevice:
    """A network device that carries nothing: routes of this machine's own addresses hang on it.

    Raises OSError if this process may not make one.
    """

    def __init__(self) -> None:
        self._descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC)
        try:
            request = struct.pack("16sH22x", _DEVICE, _IFF_TUN | _IFF_NO_PI)
            answer = fcntl.ioctl(self._descriptor, _TUNSETIFF, request)
            self.name = answer[:16].rstrip(b"\0").decode()
            self._index = socket.if_nametoindex(self.name)
            self._routes = Routes()
            self._routes.set_device(_device(self._index, up=True))
        except OSError:
            os.close(self._descriptor)
            raise

    def take(self, network: Network) -> None:
        """Make each address of `network` this machine's. Raises FileExistsError: it is taken."""
        self._routes.take(network, self._index)

    def close(self) -> None:
        """Give back the device and all that was taken."""
        self._routes.close()
        os.close(self._descriptor)


def bring_up_loopback(routes: Routes) -> int:
    """Let processes of a namespace reach each other on 127.0.0.1; the device's index."""
    routes.set_device(struct.pack("=BxHiII", socket.AF_UNSPEC, 0, _LOOPBACK_INDEX, _UP, _UP))
    return _LOOPBACK_INDEX


class Cable:
    """A pair of devices: `name` in our namespace, INSIDE in the one that `namespace` stands for.

    No address has to be resolved between them: both have the same hardware address and no ARP.
    IPv6 has no addresses there. What comes in at our end may be sent on to other cables.
    """

    def __init__(self, ours: Routes, name: str, namespace: int) -> None:
        self._ours = ours
        shared = attribute(_IFLA_ADDRESS, _MAC)
        inner = _device(0, up=False) + attribute(_IFLA_IFNAME, INSIDE.encode() + b"\0") + shared
        inner += number(_IFLA_NET_NS_FD, namespace)
        info = attribute(_INFO_KIND, b"veth\0") + attribute(
            _INFO_DATA | NESTED, attribute(_VETH_PEER | NESTED, inner)
        )
        outer = _device(0, up=False) + attribute(_IFLA_IFNAME, name.encode() + b"\0") + shared
        try:
            ours.set_device(outer + attribute(_IFLA_LINKINFO | NESTED, info), flags=CREATE | EXCL)
        except OSError as error:
            raise OSError(error.errno, f"veth devices: {error.strerror}") from None
        self._index = socket.if_nametoindex(name)
        ours.set_device(_device(self._index, up=False) + _settings(forwarding=True))
        ours.set_device(_device(self._index, up=True))

    def connect(self, theirs: Routes, address: Address, *, source: Address, table: int) -> None:
        """Give the other end, whose namespace `theirs` is of, an address, and lead to it.

        What begins here comes from the address `source`.
        """
        theirs.set_device(_device(_INSIDE_INDEX, up=False) + _settings(forwarding=False))
        theirs.set_device(_device(_INSIDE_INDEX, up=True))
        theirs.give(address, _INSIDE_INDEX)
        theirs.lead(_ANYWHERE, _INSIDE_INDEX)
        self._ours.lead(Network(address), self._index, table=table, source=source)

    def disconnect(self, address: Address, *, table: int) -> None:
        """Lead there no more: who still asks is refused at once."""
        self._ours.lead_no_more(Network(address), self._index, table=table)


def _device(index: int, *, up: bool) -> bytes:
    flags = _NO_ARP | (_UP if up else 0)
    return struct.pack("=BxHiII", socket.AF_UNSPEC, 0, index, flags, _NO_ARP | _UP)


def _settings(*, forwarding: bool) -> bytes:
    """Whether what comes in is sent on; and no addresses of IPv6, which nothing here routes."""
    families = b""
    if forwarding:
        conf = attribute(_INET_CONF | NESTED, number(_CONF_FORWARDING, 1))
        families += attribute(socket.AF_INET | NESTED, conf)
    if _INET6.exists():
        mode = attribute(_INET6_ADDR_GEN_MODE, bytes([_NO_ADDRESSES]))
        families += attribute(socket.AF_INET6 | NESTED, mode)
    return attribute(_IFLA_AF_SPEC | NESTED, families) if families else b""


POD_TABLE = LOCAL
"""Where routes to pods are: the table that is looked up first, in which their network is ours."""
