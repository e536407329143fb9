"""Name servers: those of the machine, asked from its network for who is in another."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
from pathlib import Path
from typing import cast

from pytest_kubeflow.local.network.machine import Machine

_RESOLVER = Path("/etc/resolv.conf")
_DNS = 53
_ANSWER_SECONDS = 3.0
_LONGEST = 65535

Address = tuple[str, int]


class Resolver(asyncio.DatagramProtocol):
    """Hands queries on to the machine's name servers, and their answers back."""

    def __init__(self, machine: Machine, file: Path = _RESOLVER) -> None:
        self._machine = machine
        self._file = file
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
        for server in name_servers(self._file):
            with contextlib.suppress(OSError, TimeoutError):
                answer = await self._ask(server, query)
                self._transport.sendto(answer, client)
                return

    async def _ask(self, server: str, query: bytes) -> bytes:
        loop = asyncio.get_running_loop()
        family = socket.AF_INET6 if ":" in server else socket.AF_INET
        with self._machine.socket(lambda: socket.socket(family, socket.SOCK_DGRAM)) as one:
            one.setblocking(False)
            await loop.sock_connect(one, (server, _DNS))
            await loop.sock_sendall(one, query)
            async with asyncio.timeout(_ANSWER_SECONDS):
                return await loop.sock_recv(one, _LONGEST)


def name_servers(file: Path) -> list[str]:
    """Those of resolv.conf(5), as they are now; without any, that of this machine."""
    try:
        lines = [line.split() for line in file.read_text().splitlines()]
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
