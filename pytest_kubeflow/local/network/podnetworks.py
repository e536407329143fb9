"""PodNetworks: a network namespace for each pod, with a cable to the node's.

A namespace lasts as long as this process has its descriptor or a process is in it: it needs no
process of its own, and no mount that could be left behind. The kernel takes the cable with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import itertools
import os
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

from pytest_kubeflow.local.network import LOOPBACK
from pytest_kubeflow.local.network.devices import POD_TABLE, Cable, bring_up_loopback
from pytest_kubeflow.local.network.netlink import Address, Routes
from pytest_kubeflow.local.spawner.namespaces import CLONE_NEWNET, enter_namespace, unshare

_HERE = "/proc/thread-self/ns/net"
_LOW_PORTS = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")
_LOOPBACKS = (LOOPBACK, "::1")  # in the order in which containerd asks them

_Made = TypeVar("_Made")


class PodNetworks:
    """Makes the networks of a node's pods; `cables` begins the names of our ends.

    Pods see what comes from here as of the address `source`, and ask for names there. A thread of
    its own goes into the namespaces, as a thread is in one at a time.
    """

    def __init__(self, cables: str, source: str) -> None:
        self._names = (f"{cables}{number}" for number in itertools.count())
        self.name_server = source
        self._source = Address(source)
        self._node = os.open(_HERE, os.O_RDONLY | os.O_CLOEXEC)
        self._routes = Routes()
        self._thread = ThreadPoolExecutor(1, "pod-networks")

    async def make(self, address: str) -> PodNetwork:
        """A network in which a pod has that address, and a loopback device. Raises OSError."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self.make_now, Address(address))

    def make_now(self, address: Address) -> PodNetwork:
        """What `make` does, in this thread."""

        def enter() -> tuple[int, Routes]:
            unshare(CLONE_NEWNET)
            inner = Routes()
            bring_up_loopback(inner)
            with _unless_readonly():  # as containerd's enable_unprivileged_ports
                _LOW_PORTS.write_text("0")
            return os.open(_HERE, os.O_RDONLY | os.O_CLOEXEC), inner

        namespace, inner = self._elsewhere(enter)
        try:
            cable = Cable(self._routes, next(self._names), namespace)
            cable.connect(inner, address, source=self._source, table=POD_TABLE)
        except OSError:
            os.close(namespace)
            raise
        finally:
            inner.close()
        return PodNetwork(self, namespace, cable, address)

    async def socket_in(self, namespace: int, make: Callable[[], socket.socket]) -> socket.socket:
        """What `make` makes in a namespace."""

        def enter() -> socket.socket:
            enter_namespace(namespace)
            return make()

        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._elsewhere, enter)

    def _elsewhere(self, work: Callable[[], _Made]) -> _Made:
        """Do what leads this thread into another namespace, and come back."""
        try:
            return work()
        finally:
            enter_namespace(self._node)

    def close(self) -> None:
        """Let go of what pods' networks are made by; those of pods that run go on."""
        self._thread.shutdown()
        self._routes.close()
        os.close(self._node)


class PodNetwork:
    """The network of one pod until `close`; `namespace` is an open descriptor of it."""

    def __init__(
        self, networks: PodNetworks, namespace: int, cable: Cable, address: Address
    ) -> None:
        self._networks = networks
        self.namespace = namespace
        self._cable = cable
        self._address = address

    async def listen(self, port: int) -> socket.socket:
        """A socket that listens at every address of the pod. Raises OSError."""
        where = ("", port)
        return await self._networks.socket_in(self.namespace, lambda: socket.create_server(where))

    async def dial(self, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to what listens on the pod's localhost, as a forwarded port does.

        Raises OSError.
        """
        loop = asyncio.get_running_loop()
        refused = OSError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))
        for host in _LOOPBACKS:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            make = partial(_stream, family)
            one = await self._networks.socket_in(self.namespace, make)
            try:
                await loop.sock_connect(one, (host, port))
            except OSError as error:
                one.close()
                refused = error
            else:
                return await asyncio.open_connection(sock=one)
        raise refused

    def close(self) -> None:
        """Refuse who asks for the pod's address from now on; the rest ends with its processes."""
        self._cable.disconnect(self._address, table=POD_TABLE)
        os.close(self.namespace)


def _stream(family: int) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setblocking(False)
    return made


@contextlib.contextmanager
def _unless_readonly() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in {errno.EROFS, errno.ENOENT}:
            raise
