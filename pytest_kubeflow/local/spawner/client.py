"""Spawner: the server's side of the process that starts all others."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Self

from pytest_kubeflow.local.spawner.namespaces import pass_on_capabilities
from pytest_kubeflow.local.spawner.spec import ExitStatus, Identity, ProcessSpec

_FOLDER = Path(__file__).parent
_START = "import sys; sys.path.insert(0, sys.argv.pop(1)); from inside.guard import main; main()"
_MESSAGE = 65536


class SpawnerError(Exception):
    """The spawner does not run: this machine forbids namespaces, or somebody killed it."""


class SpawnError(Exception):
    """A program could not be started; `errno` and the message say why."""

    def __init__(self, number: int, message: str) -> None:
        super().__init__(message)
        self.errno = number
        self.message = message


class Process:
    """A process that the spawner started."""

    def __init__(self, spawner: Spawner, number: int, network: int | None = None) -> None:
        self._spawner = spawner
        self.number = number
        self.network = network
        self.started: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.exit: asyncio.Future[ExitStatus] = asyncio.get_running_loop().create_future()

    @property
    def running(self) -> bool:
        return not self.exit.done()

    async def wait(self) -> ExitStatus:
        """How it ended; may be awaited by several tasks, each of which may be cancelled."""
        return await asyncio.shield(self.exit)

    def signal(self, number: int) -> None:
        """Send a signal to the process (SIGKILL to a container ends all of its processes).

        The first process of a container is PID 1 there: it gets only the signals that it handles,
        and SIGKILL and SIGSTOP. A process that has ended is left alone.
        """
        if self.running:
            self._spawner.send({"op": "signal", "id": self.number, "signal": int(number)})

    def kill(self) -> None:
        self.signal(9)


class Spawner:
    """Starts isolated and plain processes that all end, with their mounts, when this server does.

    `remove` are directories that the guard deletes at the end, however the end comes about; after
    a `stop` they are gone too.
    """

    def __init__(self, *, remove: Iterable[Path] = ()) -> None:
        self._remove = [os.path.realpath(path) for path in remove]
        self._guard: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._processes: dict[int, Process] = {}
        self._covers: dict[int, asyncio.Future[None]] = {}
        self._outbox: deque[tuple[bytes, list[int]]] = deque()
        self._count = 0

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start guard and PID 1 (some 30 ms). Raises SpawnerError if the machine forbids it."""
        self._loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs, pass_on_capabilities():
            self._guard = subprocess.Popen(  # noqa: ASYNC220 (returns at once)
                [
                    sys.executable,
                    *("-I", "-S", "-c", _START, str(_FOLDER)),
                    *(str(theirs.fileno()), str(os.getpid()), *self._remove),
                ],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                # A terminal's Ctrl-C is for the server, which then stops the spawner in order.
                start_new_session=True,
                env={},
                cwd="/",
            )
        ours.setblocking(False)
        self._socket = ours
        answer = await self._loop.sock_recv(ours, _MESSAGE)
        message = json.loads(answer) if answer else {"message": "the spawner ended at its start"}
        if message.get("event") != "ready":
            await self._end_guard()
            raise SpawnerError(message["message"])
        self._loop.add_reader(ours.fileno(), self._receive)

    @property
    def pid(self) -> int | None:
        """Process id of the guard: when it has ended, nothing of the cluster is left."""
        return self._guard.pid if self._guard is not None else None

    async def stop(self) -> None:
        """Kill every process, and wait until all mounts and `remove` directories are gone."""
        await self._end_guard()
        self._lost()

    async def cover(self, cgroups: Iterable[Path]) -> None:
        """Have cgroups removed, with all below them, at the end; returns once that is certain.

        They need not exist yet: cover them first and make them then, so that none is ever left
        behind. Raises SpawnerError if the spawner is gone.
        """
        self._count += 1
        answer = self._covers[self._count] = asyncio.get_running_loop().create_future()
        listing = _memory_file([str(directory) for directory in cgroups])
        try:
            self.send({"op": "cover", "id": self._count}, [listing])
        finally:
            os.close(listing)
        await answer

    async def spawn(
        self,
        spec: ProcessSpec,
        *,
        stdin: int | None = None,
        stdout: int | None = None,
        stderr: int | None = None,
    ) -> Process:
        """Start a program, returning once it runs. Descriptors stay the caller's; None: /dev/null.

        Raises SpawnError if it cannot be started, SpawnerError if the spawner is gone.
        """
        request = {
            "argv": list(spec.argv),
            "env": dict(spec.env),
            "working_dir": spec.working_dir,
            "container": spec.container.to_json() if spec.container else None,
            "enter": None,
            "inside": None,
        }
        network = spec.container.network if spec.container else None
        return await self._start(request, (stdin, stdout, stderr), network)

    async def enter(
        self,
        process: Process,
        spec: ProcessSpec,
        *,
        identity: Identity,
        stdin: int | None = None,
        stdout: int | None = None,
        stderr: int | None = None,
    ) -> Process:
        """Start a program inside the container of `process`, as `exec` probes and hooks want it."""
        request = {
            "argv": list(spec.argv),
            "env": dict(spec.env),
            "working_dir": spec.working_dir,
            "container": None,
            "enter": process.number,
            "inside": identity.to_json(),
        }
        return await self._start(request, (stdin, stdout, stderr), process.network)

    async def _start(
        self, request: dict[str, Any], files: Sequence[int | None], network: int | None
    ) -> Process:
        self._count += 1
        process = Process(self, self._count, network)
        specification = _memory_file(request)
        null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        try:
            streams = [null if fd is None else fd for fd in files]
            networks = [] if network is None else [network]
            message = {"op": "spawn", "id": process.number}
            self._processes[process.number] = process
            self.send(message, [specification, *streams, *networks])
        except SpawnerError:
            del self._processes[process.number]
            raise
        finally:
            os.close(specification)
            os.close(null)
        # Shielded: who stops waiting must still be able to find and kill what was started.
        try:
            await asyncio.shield(process.started)
        except asyncio.CancelledError:
            process.kill()
            # Nobody waits any more for what may have gone wrong.
            process.started.add_done_callback(lambda done: done.exception())
            raise
        return process

    def send(self, message: dict[str, Any], fds: list[int] | None = None) -> None:
        """Queue a request for PID 1; descriptors are duplicated, so the caller may close them."""
        if self._socket is None or self._loop is None:
            raise SpawnerError("the spawner does not run")
        self._outbox.append((json.dumps(message).encode(), [os.dup(fd) for fd in fds or ()]))
        if len(self._outbox) == 1:
            self._flush()

    def _flush(self) -> None:
        assert self._socket is not None
        assert self._loop is not None
        while self._outbox:
            data, fds = self._outbox[0]
            try:
                socket.send_fds(self._socket, [data], fds)
            except BlockingIOError:
                self._loop.add_writer(self._socket.fileno(), self._flush)
                return
            except OSError:
                self._lost()
                return
            self._outbox.popleft()
            for fd in fds:
                os.close(fd)
        self._loop.remove_writer(self._socket.fileno())

    def _receive(self) -> None:
        assert self._socket is not None
        while True:
            try:
                data = self._socket.recv(_MESSAGE)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if not data:
                self._lost()
                return
            self._handle(json.loads(data))

    def _handle(self, message: dict[str, Any]) -> None:
        number = message["id"]
        if message["event"] == "covered":
            answer = self._covers.pop(number)
            if not answer.done():  # its asker may have been cancelled
                answer.set_result(None)
            return
        process = self._processes[number]
        if message["event"] == "started":
            process.started.set_result(None)
            return
        del self._processes[number]
        if message["event"] == "exited":
            process.exit.set_result(ExitStatus.of_wait_status(message["status"]))
        else:
            process.started.set_exception(SpawnError(message["errno"], message["message"]))
            process.exit.set_result(ExitStatus(code=127))

    def _lost(self) -> None:
        """The other side is gone, and every process with it."""
        if self._socket is not None:
            assert self._loop is not None
            self._loop.remove_reader(self._socket.fileno())
            self._loop.remove_writer(self._socket.fileno())
            self._socket.close()
            self._socket = None
        while self._outbox:
            for fd in self._outbox.popleft()[1]:
                os.close(fd)
        for answer in self._covers.values():
            if not answer.done():  # its asker may have been cancelled
                answer.set_exception(SpawnerError("the spawner ended"))
        self._covers.clear()
        for process in self._processes.values():
            if not process.started.done():
                process.started.set_exception(SpawnerError("the spawner ended"))
            process.exit.set_result(ExitStatus.killed())
        self._processes.clear()

    async def _end_guard(self) -> None:
        if self._socket is not None:
            assert self._loop is not None
            self._loop.remove_reader(self._socket.fileno())
            self._loop.remove_writer(self._socket.fileno())
            self._socket.close()
            self._socket = None
        if self._guard is not None:
            # A thread, because the guard may have a large directory to remove.
            await asyncio.to_thread(self._guard.wait)
            self._guard = None


def _memory_file(content: object) -> int:
    """A descriptor of `content` as JSON: it may be larger than a datagram."""
    fd = os.memfd_create("request", os.MFD_CLOEXEC)
    os.write(fd, json.dumps(content).encode())
    return fd
