"""What the kernel is asked for so that a network is this machine's: a device, routes, a filter.

All three belong to this process: the kernel takes them back when it ends, in whatever way. The
routes go with their device, a TUN device with its descriptor, and a table of nf_tables with the
socket of its owner (NFT_TABLE_F_OWNER, Linux 5.12).
Sources: rtnetlink(7), <linux/if_tun.h>, <linux/netfilter/nf_tables.h>.
"""

from __future__ import annotations

import fcntl
import ipaddress
import os
import socket
import struct

_NETLINK_ROUTE, _NETLINK_NETFILTER = 0, 12
_REQUEST, _ACK, _EXCL, _CREATE = 0x1, 0x4, 0x200, 0x400
_NLMSG_ERROR = 2
_NESTED = 0x8000

_TUNSETIFF, _SIOCGIFFLAGS, _SIOCSIFFLAGS = 0x400454CA, 0x8913, 0x8914
_IFF_TUN, _IFF_NO_PI, _IFF_UP = 0x1, 0x1000, 0x1
_DEVICE = b"kubeflow%d"

_RTM_NEWROUTE = 24
_RTA_DST, _RTA_OIF = 1, 4
_TABLE_LOCAL, _PROTOCOL_STATIC, _SCOPE_HOST, _TYPE_LOCAL = 255, 4, 254, 2

_BATCH_BEGIN, _BATCH_END = 0x10, 0x11
_NFT = 10 << 8
_NEWTABLE, _NEWCHAIN, _NEWRULE = _NFT, _NFT | 3, _NFT | 6
_TABLE_F_OWNER = 2
_HOOK_INPUT, _BEFORE_ALL_ELSE = 1, -300
_META_IIFTYPE, _LOOPBACK_TYPE = 8, 772
_PAYLOAD_NETWORK, _IPV4_DESTINATION = 1, 16
_REGISTER, _VERDICT = 1, 0
_CMP_EQ, _CMP_NEQ = 0, 1
_DROP = 0

Network = ipaddress.IPv4Network


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
            self._bring_up()
            self._index = socket.if_nametoindex(self.name)
        except OSError:
            os.close(self._descriptor)
            raise

    def _bring_up(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
            request = struct.pack("16sH22x", self.name.encode(), 0)
            flags = struct.unpack("16sH22x", fcntl.ioctl(any_socket, _SIOCGIFFLAGS, request))[1]
            request = struct.pack("16sH22x", self.name.encode(), flags | _IFF_UP)
            fcntl.ioctl(any_socket, _SIOCSIFFLAGS, request)

    def take(self, network: Network) -> None:
        """Make each address of `network` this machine's. Raises FileExistsError: it is taken."""
        head = struct.pack(
            "=BBBBBBBBI",
            *(socket.AF_INET, network.prefixlen, 0, 0),
            *(_TABLE_LOCAL, _PROTOCOL_STATIC, _SCOPE_HOST, _TYPE_LOCAL, 0),
        )
        attributes = _attribute(_RTA_DST, network.network_address.packed)
        attributes += _attribute(_RTA_OIF, struct.pack("=I", self._index))
        message = _message(_RTM_NEWROUTE, _CREATE | _EXCL | _ACK, head + attributes)
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_ROUTE) as netlink:
            _call(netlink, message, answers=1)

    def close(self) -> None:
        """Give back the device and all that was taken."""
        os.close(self._descriptor)


class OutsideFilter:
    """Drops packets for `networks` that come from outside of this machine.

    Raises OSError if this process may not, or the kernel cannot, filter.
    """

    def __init__(self, name: str, networks: list[Network]) -> None:
        self._netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_NETFILTER)
        try:
            self._fill(name.encode() + b"\0", networks)
        except OSError:
            self._netlink.close()
            raise

    def _fill(self, name: bytes, networks: list[Network]) -> None:
        chain = b"input\0"
        hook = _attribute(1, _number(_HOOK_INPUT)) + _attribute(
            2, struct.pack("!i", _BEFORE_ALL_ELSE)
        )
        requests = [
            (_NEWTABLE, _attribute(1, name) + _attribute(2, _number(_TABLE_F_OWNER))),
            (
                _NEWCHAIN,
                _attribute(1, name)
                + _attribute(3, chain)
                + _attribute(4 | _NESTED, hook)
                + _attribute(7, b"filter\0"),
            ),
        ]
        for network in networks:
            rule = _attribute(1, name) + _attribute(2, chain)
            requests.append((_NEWRULE, rule + _attribute(4 | _NESTED, _drop(network))))
        batch = _message(_BATCH_BEGIN, 0, _family(socket.AF_UNSPEC, _NFT >> 8))
        for kind, attributes in requests:
            body = _family(socket.AF_INET, 0) + attributes
            batch += _message(kind, _CREATE | _ACK, body)
        batch += _message(_BATCH_END, 0, _family(socket.AF_UNSPEC, _NFT >> 8))
        _call(self._netlink, batch, answers=len(requests))

    def close(self) -> None:
        self._netlink.close()


def _drop(network: Network) -> bytes:
    """The expressions of a rule: not by the loopback device, to an address of `network`: drop."""
    address, mask = network.network_address.packed, network.netmask.packed
    register = _number(_REGISTER)
    meta = _attribute(1, register) + _attribute(2, _number(_META_IIFTYPE))
    payload = (
        _attribute(1, register)
        + _attribute(2, _number(_PAYLOAD_NETWORK))
        + _attribute(3, _number(_IPV4_DESTINATION))
        + _attribute(4, _number(4))
    )
    masked = (
        _attribute(1, register)
        + _attribute(2, register)
        + _attribute(3, _number(4))
        + _attribute(4 | _NESTED, _attribute(1, mask))
        + _attribute(5 | _NESTED, _attribute(1, bytes(4)))
    )
    verdict = _attribute(1, _number(_VERDICT)) + _attribute(
        2 | _NESTED, _attribute(2 | _NESTED, _attribute(1, _number(_DROP)))
    )
    return (
        _expression(b"meta", meta)
        + _expression(b"cmp", _comparison(_CMP_NEQ, struct.pack("=H", _LOOPBACK_TYPE)))
        + _expression(b"payload", payload)
        + _expression(b"bitwise", masked)
        + _expression(b"cmp", _comparison(_CMP_EQ, address))
        + _expression(b"immediate", verdict)
    )


def _comparison(operator: int, value: bytes) -> bytes:
    return (
        _attribute(1, _number(_REGISTER))
        + _attribute(2, _number(operator))
        + _attribute(3 | _NESTED, _attribute(1, value))
    )


def _expression(name: bytes, data: bytes) -> bytes:
    return _attribute(1 | _NESTED, _attribute(1, name + b"\0") + _attribute(2 | _NESTED, data))


def _number(value: int) -> bytes:
    return struct.pack("!I", value)


def _family(family: int, resource: int) -> bytes:
    return struct.pack("!BBH", family, 0, resource)


def _attribute(kind: int, data: bytes) -> bytes:
    padding = bytes(-len(data) % 4)
    return struct.pack("=HH", 4 + len(data), kind) + data + padding


def _message(kind: int, flags: int, body: bytes) -> bytes:
    return struct.pack("=IHHII", 16 + len(body), kind, flags | _REQUEST, 0, 0) + body


def _call(netlink: socket.socket, messages: bytes, *, answers: int) -> None:
    """Send, and read so many acknowledgements. Raises OSError for the first refusal."""
    netlink.send(messages)
    while answers:
        data = netlink.recv(1 << 16)
        while data:
            length, kind = struct.unpack_from("=IH", data)
            if kind == _NLMSG_ERROR:
                (number,) = struct.unpack_from("=i", data, 16)
                if number:
                    raise OSError(-number, os.strerror(-number))
                answers -= 1
            data = data[(length + 3) & ~3 :]
