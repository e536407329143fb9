"""Netlink: what the kernel is asked for about networks, as messages.

Sources: netlink(7), rtnetlink(7), <linux/if_link.h>, <linux/rtnetlink.h>.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import struct
import threading

ROUTE, NETFILTER = 0, 12
ACK, REPLACE, EXCL, CREATE = 0x4, 0x100, 0x200, 0x400
NESTED = 0x8000
_REQUEST = 0x1
_NLMSG_ERROR = 2

_NEWLINK, _NEWADDR, _NEWROUTE, _DELROUTE, _NEWRULE = 16, 20, 24, 25, 32
_RTA_DST, _RTA_OIF, _RTA_PREFSRC, _RTA_TABLE = 1, 4, 7, 15
_IFA_ADDRESS, _IFA_LOCAL = 1, 2
_FRA_IIFNAME, _FRA_TABLE = 3, 15
_TO_TABLE = 1
MAIN, LOCAL = 254, 255
"""The tables of routes that are looked up last and first."""

_PROTOCOL_STATIC = 4
_SCOPE_LINK, _SCOPE_HOST = 253, 254
_UNICAST, _LOCAL = 1, 2

Network = ipaddress.IPv4Network
Address = ipaddress.IPv4Address


def attribute(kind: int, data: bytes) -> bytes:
    """An attribute of a message, padded to four bytes."""
    return struct.pack("=HH", 4 + len(data), kind) + data + bytes(-len(data) % 4)


def number(kind: int, value: int) -> bytes:
    """An attribute that is a number of 32 bits."""
    return attribute(kind, struct.pack("=I", value))


def message(kind: int, flags: int, body: bytes) -> bytes:
    """A request of that kind."""
    return struct.pack("=IHHII", 16 + len(body), kind, flags | _REQUEST, 0, 0) + body


def call(netlink: socket.socket, messages: bytes, *, answers: int) -> None:
    """Send, and read so many acknowledgements. Raises OSError for the first refusal."""
    netlink.send(messages)
    refused = 0
    while answers:
        data = netlink.recv(1 << 16)
        while data:
            length, kind = struct.unpack_from("=IH", data)
            if kind == _NLMSG_ERROR:
                (result,) = struct.unpack_from("=i", data, 16)
                refused = refused or -result
                answers -= 1
            data = data[(length + 3) & ~3 :]
    if refused:
        raise OSError(refused, os.strerror(refused))


class Routes:
    """Addresses, routes and devices of the network namespace in which this object is made.

    Each call raises OSError if this process may not do that, or the kernel cannot.
    """

    def __init__(self) -> None:
        self._netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, ROUTE)
        self._turn = threading.Lock()  # threads share it

    def set_device(self, body: bytes, *, flags: int = 0) -> None:
        """Make or change a device, as the body of RTM_NEWLINK tells."""
        self._call(_NEWLINK, flags, body)

    def take(self, network: Network, device: int) -> None:
        """Make each address of `network` this machine's. Raises FileExistsError: it is taken."""
        self._route(CREATE | EXCL, network, device, table=LOCAL, kind=_LOCAL, scope=_SCOPE_HOST)

    def lead(
        self, network: Network, device: int, *, table: int = MAIN, source: Address | None = None
    ) -> None:
        """Send what is for `network` to a device, in place of what was sent there before."""
        self._route(
            CREATE | REPLACE,
            network,
            device,
            table=table,
            kind=_UNICAST,
            scope=_SCOPE_LINK,
            source=source,
        )

    def lead_no_more(self, network: Network, device: int, *, table: int = MAIN) -> None:
        """Take back what `lead` did."""
        self._call(_DELROUTE, 0, _to(network, device, table, _UNICAST, _SCOPE_LINK))

    def give(self, address: Address, device: int) -> None:
        """Give a device an address, and no network."""
        head = struct.pack("=BBBBI", socket.AF_INET, 32, 0, 0, device)
        body = attribute(_IFA_LOCAL, address.packed) + attribute(_IFA_ADDRESS, address.packed)
        self._call(_NEWADDR, CREATE | EXCL, head + body)

    def ask_for_own(self, table: int) -> None:
        """Have `table` looked up, last, for what begins on this machine, and for nothing else."""
        head = struct.pack("=BBBBBBBBI", socket.AF_INET, 0, 0, 0, 0, 0, 0, _TO_TABLE, 0)
        body = attribute(_FRA_IIFNAME, b"lo\0") + number(_FRA_TABLE, table)
        self._call(_NEWRULE, CREATE | EXCL, head + body)

    def close(self) -> None:
        self._netlink.close()

    def _route(
        self,
        flags: int,
        network: Network,
        device: int,
        *,
        table: int,
        kind: int,
        scope: int,
        source: Address | None = None,
    ) -> None:
        body = _to(network, device, table, kind, scope)
        if source is not None:
            body += attribute(_RTA_PREFSRC, source.packed)
        self._call(_NEWROUTE, flags, body)

    def _call(self, kind: int, flags: int, body: bytes) -> None:
        with self._turn:
            call(self._netlink, message(kind, flags | ACK, body), answers=1)


def _to(network: Network, device: int, table: int, kind: int, scope: int) -> bytes:
    head = struct.pack(
        "=BBBBBBBBI",
        *(socket.AF_INET, network.prefixlen, 0, 0),
        *(0, _PROTOCOL_STATIC, scope, kind, 0),
    )
    destination = attribute(_RTA_DST, network.network_address.packed)
    return head + destination + number(_RTA_OIF, device) + number(_RTA_TABLE, table)
