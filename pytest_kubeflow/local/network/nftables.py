"""nftables: rules for packets, which belong to this process.

A table has an owner, the socket that made it (NFT_TABLE_F_OWNER, Linux 5.12): the kernel takes it
back when the process ends, in whatever way.
Source: <linux/netfilter/nf_tables.h>.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pytest_kubeflow.local.network.netlink import (
    ACK,
    CREATE,
    NESTED,
    NETFILTER,
    Address,
    Network,
    attribute,
    call,
    message,
)

_BATCH_BEGIN, _BATCH_END = 0x10, 0x11
_NFT = 10 << 8
_NEWTABLE, _NEWCHAIN, _NEWRULE = _NFT, _NFT | 3, _NFT | 6
_TABLE_F_OWNER = 2
_META_IIFNAME, _META_IIFTYPE, _META_L4PROTO = 6, 8, 16
_LOOPBACK_TYPE = 772
_PAYLOAD_NETWORK, _PAYLOAD_TRANSPORT = 1, 2
_IPV4_DESTINATION, _DESTINATION_PORT = 16, 2
_VERDICT, _REGISTER, _REGISTER_OF_PORT = 0, 1, 2
_CMP_EQ, _CMP_NEQ = 0, 1
_DROP = 0
_DNAT = 1

Expressions = bytes
"""The expressions of a rule, each of which has to hold for the next to be looked at."""


@dataclass(frozen=True, slots=True)
class Chain:
    """Rules for packets at a hook; the chain with the lowest `priority` is the first there."""

    name: str
    kind: str
    hook: int
    priority: int
    rules: Sequence[Expressions]


PREROUTING, INPUT, OUTPUT = 0, 1, 3
BEFORE_ALL_ELSE, DESTINATION_NAT = -300, -100


class Table:
    """A table of this process. Raises OSError if it may not make one, or the kernel cannot."""

    def __init__(self, name: str, chains: Iterable[Chain]) -> None:
        self._netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETFILTER)
        try:
            self._fill(name.encode() + b"\0", chains)
        except OSError as error:
            self._netlink.close()
            raise OSError(error.errno, f"table of nf_tables: {error.strerror}") from None

    def _fill(self, name: bytes, chains: Iterable[Chain]) -> None:
        requests = [(_NEWTABLE, attribute(1, name) + attribute(2, _number(_TABLE_F_OWNER)))]
        for chain in chains:
            called = chain.name.encode() + b"\0"
            hook = attribute(1, _number(chain.hook))
            hook += attribute(2, struct.pack("!i", chain.priority))
            where = attribute(1, name) + attribute(3, called) + attribute(4 | NESTED, hook)
            requests.append((_NEWCHAIN, where + attribute(7, chain.kind.encode() + b"\0")))
            for rule in chain.rules:
                body = attribute(1, name) + attribute(2, called) + attribute(4 | NESTED, rule)
                requests.append((_NEWRULE, body))
        batch = message(_BATCH_BEGIN, 0, _family(socket.AF_UNSPEC, _NFT >> 8))
        for kind, attributes in requests:
            batch += message(kind, CREATE | ACK, _family(socket.AF_INET, 0) + attributes)
        batch += message(_BATCH_END, 0, _family(socket.AF_UNSPEC, _NFT >> 8))
        call(self._netlink, batch, answers=len(requests))

    def close(self) -> None:
        self._netlink.close()


def not_by_loopback() -> Expressions:
    """The packet came in by another device than the loopback device."""
    kind = struct.pack("=H", _LOOPBACK_TYPE)
    return _meta(_META_IIFTYPE) + _compared(_CMP_NEQ, kind)


def by_device(prefix: str, *, other: bool = False) -> Expressions:
    """The packet came in by a device whose name begins so, or by any other."""
    name = prefix.encode()
    return _meta(_META_IIFNAME) + _compared(_CMP_NEQ if other else _CMP_EQ, name)


def protocol(number: int) -> Expressions:
    """Its protocol is IPPROTO_..."""
    return _meta(_META_L4PROTO) + _compared(_CMP_EQ, bytes([number]))


def to_port(port: int) -> Expressions:
    """It is for that port."""
    wanted = struct.pack("!H", port)
    return _payload(_PAYLOAD_TRANSPORT, _DESTINATION_PORT, 2) + _compared(_CMP_EQ, wanted)


def to_network(network: Network, *, other: bool = False) -> Expressions:
    """It is for an address of `network`, or for any other."""
    masked = attribute(1, _number(_REGISTER)) + attribute(2, _number(_REGISTER))
    masked += attribute(3, _number(4))
    masked += attribute(4 | NESTED, attribute(1, network.netmask.packed))
    masked += attribute(5 | NESTED, attribute(1, bytes(4)))
    wanted = network.network_address.packed
    return (
        _payload(_PAYLOAD_NETWORK, _IPV4_DESTINATION, 4)
        + _expression(b"bitwise", masked)
        + _compared(_CMP_NEQ if other else _CMP_EQ, wanted)
    )


def drop() -> Expressions:
    """It ends here."""
    code = attribute(2 | NESTED, attribute(1, _number(_DROP)))
    return _immediate(_VERDICT, code)


def redirect(address: Address, port: int) -> Expressions:
    """It is for that address and port from now on, and its answers come from where it went to."""
    nat = attribute(1, _number(_DNAT)) + attribute(2, _number(socket.AF_INET))
    nat += attribute(3, _number(_REGISTER)) + attribute(5, _number(_REGISTER_OF_PORT))
    return (
        _immediate(_REGISTER, attribute(1, address.packed))
        + _immediate(_REGISTER_OF_PORT, attribute(1, struct.pack("!H", port)))
        + _expression(b"nat", nat)
    )


def _immediate(register: int, data: bytes) -> bytes:
    body = attribute(1, _number(register)) + attribute(2 | NESTED, data)
    return _expression(b"immediate", body)


def _meta(key: int) -> bytes:
    return _expression(b"meta", attribute(1, _number(_REGISTER)) + attribute(2, _number(key)))


def _payload(base: int, offset: int, length: int) -> bytes:
    body = attribute(1, _number(_REGISTER)) + attribute(2, _number(base))
    body += attribute(3, _number(offset)) + attribute(4, _number(length))
    return _expression(b"payload", body)


def _compared(operator: int, value: bytes) -> bytes:
    body = attribute(1, _number(_REGISTER)) + attribute(2, _number(operator))
    return _expression(b"cmp", body + attribute(3 | NESTED, attribute(1, value)))


def _expression(name: bytes, data: bytes) -> bytes:
    return attribute(1 | NESTED, attribute(1, name + b"\0") + attribute(2 | NESTED, data))


def _number(value: int) -> bytes:
    return struct.pack("!I", value)


def _family(family: int, resource: int) -> bytes:
    return struct.pack("!BBH", family, 0, resource)
