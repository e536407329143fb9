"""Outward: the way from a network of our own to the outside, by way of the machine's.

Nothing is routed: the kernel turns round what goes outside, and we make the same connection from
the machine's network, which no setting of the machine has to be changed for. So TCP gets there,
and names are resolved; nothing else does, ICMP and other UDP among it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import socket
import struct

from pytest_kubeflow.local.controllers.serviceproxy import Forwarder
from pytest_kubeflow.local.network.clusternetwork import LOOPBACK, is_this_machine
from pytest_kubeflow.local.network.machine import Machine
from pytest_kubeflow.local.network.nameservers import Resolver
from pytest_kubeflow.local.network.nodenetwork import NodeNetwork

log = logging.getLogger(__name__)

_LOOPBACK_HOST = re.compile(
    r"(https?://)?([^/@\s]*@)?(?<![\w.-])(localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::(\d+))?(?![\w.-])"
)
_OF_MACHINE = 11  # the number of the address that stands for the machine's loopback
_SO_ORIGINAL_DST = 80  # <linux/netfilter_ipv4.h>
_ABORT = struct.pack("ii", 1, 0)

Address = tuple[str, int]


class Outward:
    """Serves what `network` turns round, from `start` to `stop`."""

    def __init__(self, network: NodeNetwork) -> None:
        self._network = network
        self._server: asyncio.Server | None = None
        self._resolver: asyncio.DatagramTransport | None = None

    async def start(self) -> None:
        network, machine = self._network, self._network.machine
        forward = _Outside(machine)
        self._server = await asyncio.start_server(forward.serve, sock=network.outward)
        loop = asyncio.get_running_loop()
        self._resolver, _ = await loop.create_datagram_endpoint(
            lambda: Resolver(machine), sock=network.resolving
        )

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        if self._resolver is not None:
            self._resolver.close()


class MachinePorts:
    """Ports of the machine's own loopback address that its settings name, and no others.

    An index of packages or a proxy is often there. Who is in a network of ours finds each at the
    same port of another address, which is put in place of loopback by `as_seen`.
    """

    def __init__(self, network: NodeNetwork) -> None:
        self._machine = network.machine
        self._host = network.host(_OF_MACHINE)
        self._named: set[Address] = set()
        self._servers: list[asyncio.Server] = []

    def as_seen(self, setting: str) -> str:
        """A setting that may have URLs in it, or hosts with ports."""
        return _LOOPBACK_HOST.sub(self._replaced, setting)

    def _replaced(self, found: re.Match[str]) -> str:
        scheme, before, host, port = found.groups()
        if scheme or port:
            number = int(port or {"https://": 443}.get(scheme, 80))
            self._named.add((LOOPBACK if host in {"localhost", "[::1]"} else host, number))
        return f"{scheme or ''}{before or ''}{self._host}{f':{port}' if port else ''}"

    async def start(self) -> None:
        """Lead to those that have been named."""
        for host, port in sorted(self._named):
            forward = _Fixed(self._machine, (host, port))
            with contextlib.suppress(OSError):  # named by two addresses of loopback
                self._servers.append(await asyncio.start_server(forward.serve, self._host, port))

    async def stop(self) -> None:
        for server in self._servers:
            server.close()


class _Fixed(Forwarder):
    """Leads to an address of the machine's network."""

    def __init__(self, machine: Machine, address: Address) -> None:
        super().__init__(list)
        self._machine = machine
        self._address = address

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self.relay(reader, writer, connect(self._machine, self._address))


class _Outside(Forwarder):
    """Connects to where its clients wanted to go."""

    def __init__(self, machine: Machine) -> None:
        super().__init__(list)
        self._machine = machine

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ours: socket.socket = writer.get_extra_info("socket")
        try:
            wanted = original_destination(ours)
            if is_this_machine(wanted[0]):
                raise ConnectionRefusedError(f"{wanted[0]} is not outside")  # who asks us by name
            there = await connect(self._machine, wanted)
        except OSError as error:
            log.debug("no way outside: %s", error)
            # The client was allowed already, and has to see that it was not allowed there.
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
            writer.transport.abort()
            return
        await self.relay(reader, writer, _made(there))


async def _made(
    streams: tuple[asyncio.StreamReader, asyncio.StreamWriter],
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return streams


def original_destination(accepted: socket.socket) -> Address:
    """Where a connection wanted to go that was turned round. Raises OSError."""
    found = accepted.getsockopt(socket.SOL_IP, _SO_ORIGINAL_DST, 16)
    port, packed = struct.unpack_from("!2xH4s", found)
    return socket.inet_ntoa(packed), port


async def connect(
    machine: Machine, address: Address
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect from the machine's network to an IPv4 address. Raises OSError."""
    ours = machine.socket(lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM))
    ours.setblocking(False)
    try:
        await asyncio.get_running_loop().sock_connect(ours, address)
    except OSError:
        ours.close()
        raise
    return await asyncio.open_connection(sock=ours)
