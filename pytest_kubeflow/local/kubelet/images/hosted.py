"""Hosted images: components of this process that pods of this node stand for.

A container of such an image has no process of its own. As long as it runs, the ports of its image
are open at the pod's address and lead to the component; when the pod ends, they are closed.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from pytest_kubeflow.local.controllers.serviceproxy import Forwarder
from pytest_kubeflow.local.kube.client import Object

Address = tuple[str, int]


class Neighbour(Protocol):
    """Another container of a pod, as a hosted program sees it."""

    async def ended(self) -> None:
        """Return when the run that goes on has ended, at once if none does."""

    async def finished(self) -> None:
        """Return when it has run and ended, however long it takes until it begins."""

    async def execute(self, command: list[str], seconds: float) -> tuple[int, str]:
        """Run a command in it; exit code and output. Raises TimeoutError."""


@dataclass(frozen=True)
class HostedContainer:
    """What a hosted program that comes to an end knows of its container.

    `write` adds to its log. `path_of` says where a path of a volume in it is on this machine, and
    raises OSError where there is none. `others` are the pod's other containers. `explain` says why
    it ends, as a termination message does. `arguments` are those after the program's own name.
    """

    pod: Object
    spec: Object
    arguments: Sequence[str]
    others: Mapping[str, Object]
    write: Callable[[str], Awaitable[None]]
    path_of: Callable[[str], Path]
    neighbour: Callable[[str], Neighbour]
    explain: Callable[[str], None]


Listen = Callable[[int], Awaitable[socket.socket]]
"""Makes a listening socket for a port of a pod. Raises OSError."""

Body = Callable[[HostedContainer], Awaitable[int]]
"""What a program does, and the exit code that it ends with."""


@dataclass
class HostedProgram:
    """A component behind the image `reference`, whose containers listen on `ports`.

    With an `ip` it listens there by itself, and its pods have that address. With a `body` its
    containers do that, and end; without, they run until they are stopped. `command` is the name of
    its program, if containers may call it by that.
    """

    reference: str
    ports: tuple[int, ...] = ()
    ip: str | None = None
    body: Body | None = None
    command: str | None = None
    running: int = 0
    """How many containers of it there are."""

    opened: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once a container of it has listened."""

    changed: Callable[[], None] = lambda: None
    """Called when the first container of it has come, and when the last has gone.

    Not of what has a `body`: whether that runs nobody asks, and every trial has one.
    """

    _targets: dict[int, Address] = field(default_factory=dict)

    def connect(self, targets: Mapping[int, Address]) -> None:
        """Say where the component answers for each of its ports."""
        self._targets.update(targets)

    @contextlib.asynccontextmanager
    async def listening(self, at: Listen) -> AsyncIterator[None]:
        """Listen at a pod's address meanwhile, by the sockets of `at`. Raises OSError."""
        async with contextlib.AsyncExitStack() as stack:
            if self.ip is None:
                connections = _Connections()
                stack.callback(connections.end)
                for port in self.ports:
                    forward = Forwarder(lambda port=port: self._target(port))  # type: ignore[misc]
                    serve = connections.kept(forward)
                    server = await asyncio.start_server(serve, sock=await at(port))
                    stack.callback(server.close)
            self._count(1)
            self.opened.set()
            try:
                yield
            finally:
                self._count(-1)

    def _count(self, more: int) -> None:
        ran = self.running > 0
        self.running += more
        if self.body is None and ran != (self.running > 0):
            self.changed()

    def _target(self, port: int) -> list[Address]:
        target = self._targets.get(port)
        return [target] if target is not None else []


class _Connections:
    """Those of a pod, which end with it."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def kept(
        self, forward: Forwarder
    ) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            self._tasks.add(task)
            try:
                # Its end is the connection's alone: nobody waits for it.
                with contextlib.suppress(asyncio.CancelledError):
                    await forward.serve(reader, writer)
            finally:
                self._tasks.discard(task)

        return serve

    def end(self) -> None:
        for task in self._tasks:
            task.cancel()


class HostedPrograms:
    """Those of one node, by the image that stands for each: the tag belongs to its name.

    An image with several programs, as the proxy of a mesh is one, is told apart by the account of
    the pod.
    """

    def __init__(self) -> None:
        self._by_image: dict[tuple[str, str], HostedProgram] = {}
        self._listeners: list[Callable[[], None]] = []

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call `listener` when one of them, without a body, runs or does not run any more."""
        self._listeners.append(listener)

    def _changed(self) -> None:
        for listener in self._listeners:
            listener()

    def add(
        self,
        reference: str,
        *ports: int,
        account: str = "",
        ip: str | None = None,
        body: Body | None = None,
        command: str | None = None,
    ) -> HostedProgram:
        """Host what is called `reference` in pods of `account`, or of any; twice is once."""
        made = HostedProgram(reference, ports, ip, body, command, changed=self._changed)
        return self._by_image.setdefault((reference, account), made)

    def knows(self, reference: str) -> bool:
        """Whether there is such an image."""
        return any(image == reference for image, _ in self._by_image)

    def find(self, container: Object, pod: Object) -> HostedProgram | None:
        """The program of a container whose image is a hosted one, unless it calls another."""
        image, account = container.get("image", ""), pod["spec"].get("serviceAccountName", "")
        found = self._by_image.get((image, account)) or self._by_image.get((image, ""))
        command = container.get("command")
        if found is None or not command or command[0] == found.command:
            return found
        return None

    def runs(self, reference: str, account: str = "") -> bool:
        """Whether a container of that program runs."""
        program = self._by_image.get((reference, account))
        return program is not None and program.running > 0
