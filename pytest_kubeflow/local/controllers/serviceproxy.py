"""ServiceProxy: what kube-proxy does, in user space.

All addresses of the network of cluster IPs are the node's own (in the machine's network they are of
127.0.0.0/8, all of which is this machine on Linux), and the proxy listens there on the Services'
real ports. That is how `ml-pipeline.kubeflow:8888` answers inside pods.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

from pytest_kubeflow.local.controllers.controller import Controller, Informers
from pytest_kubeflow.local.kube import KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.informer import Key
from pytest_kubeflow.local.kube.resources import ENDPOINTS, SERVICES

log = logging.getLogger(__name__)

Address = tuple[str, int]
_CHUNK_BYTES = 1 << 16


class ServiceProxy(Controller):
    """Listens on `clusterIP:port` of each Service and forwards to its Endpoints in turn."""

    name = "serviceproxy"
    workers = 1

    def __init__(self, client: KubeClient, informers: Informers) -> None:
        self._listeners: dict[Key, dict[Address, asyncio.Server]] = {}
        super().__init__(client, informers)

    def watch(self) -> None:
        self.services = self.enqueue_from(SERVICES)
        self.endpoints = self.informers[ENDPOINTS]

    async def run(self) -> None:
        try:
            await super().run()
        finally:
            for key in list(self._listeners):
                self._close(key, keep=set())

    async def reconcile(self, key: Key) -> None:
        namespace, name = key
        service = self.services.get(name, namespace)
        wanted = _addresses(service) if service is not None else {}
        self._close(key, keep=set(wanted))
        listeners = self._listeners.setdefault(key, {})
        for address, port in wanted.items():
            if address not in listeners:
                forward = Forwarder(self._targets(key, port))
                try:
                    listeners[address] = await asyncio.start_server(forward.serve, *address)
                except PermissionError:
                    # Ports below 1024 are root's on many machines; the Service's other ports and
                    # the addresses that a pod gets by environment do not need this one.
                    log.info("service %s/%s: no right to listen on %s:%d", *key, *address)

    def _targets(self, key: Key, port: Object) -> Callable[[], list[Address]]:
        def targets() -> list[Address]:
            endpoints = self.endpoints.get(key[1], key[0]) or {}
            return [
                (address["ip"], one["port"])
                for subset in endpoints.get("subsets") or []
                for one in subset.get("ports") or []
                if one.get("name", "") == port.get("name", "")
                for address in subset.get("addresses") or []
            ]

        return targets

    def _close(self, key: Key, *, keep: set[Address]) -> None:
        listeners = self._listeners.get(key, {})
        for address in [one for one in listeners if one not in keep]:
            listeners.pop(address).close()


class Readable(Protocol):
    """What is read of a client."""

    async def read(self, n: int, /) -> bytes: ...


class Forwarder:
    """Copies bytes between a client and the next of `targets()`, both ways, until both are done."""

    def __init__(self, targets: Callable[[], list[Address]]) -> None:
        self._targets = targets
        self._turn = itertools.count()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Handle one connection; without a target it is closed at once."""
        targets = self._targets()
        if not targets:
            writer.close()
            return
        await self.relay(
            reader,
            writer,
            asyncio.open_connection(*targets[next(self._turn) % len(targets)]),
        )

    async def relay(
        self,
        reader: Readable,
        writer: asyncio.StreamWriter,
        connecting: Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]],
        *,
        first: bytes = b"",
    ) -> None:
        """Copy both ways; `first` are bytes of the client that have been read already."""
        try:
            upstream = await connecting
        except OSError:
            writer.close()
            return
        upstream[1].write(first)
        try:
            await asyncio.gather(
                self.copy(reader, upstream[1], to_client=False),
                self.copy(upstream[0], writer, to_client=True),
            )
        finally:
            upstream[1].close()
            writer.close()

    async def copy(
        self, reader: Readable, writer: asyncio.StreamWriter, *, to_client: bool
    ) -> None:
        """Copy one direction; the end of input is passed on, so half-closed connections work."""
        with contextlib.suppress(OSError):
            while chunk := await reader.read(_CHUNK_BYTES):
                writer.write(self.transform(chunk) if to_client else chunk)
                await writer.drain()
            if writer.can_write_eof():
                writer.write_eof()
        if to_client:
            writer.close()

    def transform(self, chunk: bytes) -> bytes:
        """What the client gets for `chunk` of the target's."""
        return chunk


def _addresses(service: Object) -> dict[Address, Object]:
    ip = service["spec"].get("clusterIP")
    if not ip or ip == "None":
        return {}
    return {
        (ip, port["port"]): port
        for port in service["spec"].get("ports") or []
        if port.get("protocol", "TCP") == "TCP"
    }
