"""Outward: the way from a network of our own to the outside, by way of the machine's.

Nothing is routed: the kernel turns round what goes outside, and we make the same connection from
the machine's network, which no setting of the machine has to be changed for. So TCP gets there,
and names are resolved; nothing else does, ICMP and other UDP among it.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import cast

from pytest_kubeflow.local.controllers.serviceproxy import Forwarder
from pytest_kubeflow.local.machine import Machine
from pytest_kubeflow.local.network import DNS, NodeNetwork, is_this_machine

log = logging.getLogger(__name__)

_RESOLVER = Path("/etc/resolv.conf")
_SO_ORIGINAL_DST = 80  # <linux/netfilter_ipv4.h>
_ANSWER_SECONDS = 3.0
_LONGEST = 65535
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
            lambda: _Resolver(machine), sock=network.resolving
        )

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        if self._resolver is not None:
            self._resolver.close()


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
            # The client was let in already, and has to see that it was not let in there.
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


class _Resolver(asyncio.DatagramProtocol):
    """Hands queries on to the machine's name servers, and their answers back."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)  # asyncio's own is none

    def connection_lost(self, _error: Exception | None) -> None:
        for task in self._tasks:
            task.cancel()

    def datagram_received(self, data: bytes, client: Address) -> None:
        task = asyncio.create_task(self._answer(data, client))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, query: bytes, client: Address) -> None:
        for server in name_servers():
            with contextlib.suppress(OSError, TimeoutError):
                answer = await self._ask(server, query)
                self._transport.sendto(answer, client)
                return

    async def _ask(self, server: str, query: bytes) -> bytes:
        loop = asyncio.get_running_loop()
        family = socket.AF_INET6 if ":" in server else socket.AF_INET
        with self._machine.socket(lambda: socket.socket(family, socket.SOCK_DGRAM)) as one:
            one.setblocking(False)
            await loop.sock_connect(one, (server, DNS))
            await loop.sock_sendall(one, query)
            async with asyncio.timeout(_ANSWER_SECONDS):
                return await loop.sock_recv(one, _LONGEST)


def name_servers(read: Callable[[], str] = _RESOLVER.read_text) -> list[str]:
    """The machine's name servers, as they are now; without any, as resolv.conf(5) has it."""
    try:
        lines = [line.split() for line in read().splitlines()]
    except FileNotFoundError:
        lines = []
    named = [line[1] for line in lines if line[:1] == ["nameserver"] and len(line) > 1]
    return [one for one in named if _is_address(one)] or ["127.0.0.1"]


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return True
