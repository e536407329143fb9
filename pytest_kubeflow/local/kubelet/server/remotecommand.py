"""Commands in containers (exec), and containers' own streams (attach), over a websocket.

The first byte of a message is its channel: 0 to 2 are the standard streams, 3 tells the end as a
`Status`, 4 the size of the client's terminal. Since version 5 a client ends its input by 255 and
the channel. As in kubernetes/kubernetes
staging/src/k8s.io/client-go/tools/remotecommand.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.websockets import WebSocket, WebSocketDisconnect

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kubelet.containers.console import Console, Input
from pytest_kubeflow.local.kubelet.containers.logs import ContainerLog
from pytest_kubeflow.local.kubelet.containers.probes import Inside
from pytest_kubeflow.local.spawner import (
    ExitStatus,
    Process,
    ProcessSpec,
    SpawnerError,
    SpawnError,
)

PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
_STDIN, _STDOUT, _STDERR, _ERROR, _RESIZE, _CLOSE = 0, 1, 2, 3, 4, 255
_CHUNK_BYTES = 1 << 16
_DRAIN_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which streams the client has."""

    stdin: bool
    stdout: bool
    stderr: bool
    tty: bool

    @staticmethod
    def of(query: Mapping[str, str]) -> Wanted:
        """From a request to a kubelet. Raises ValueError if there is none."""

        def flag(name: str) -> bool:
            return query.get(name, "").lower() in {"1", "true"}

        found = Wanted(flag("input"), flag("output"), flag("error"), flag("tty"))
        if not (found.stdin or found.stdout or found.stderr):
            raise ValueError("you must specify at least 1 of stdin, stdout, stderr")
        return found


class RemoteCommand:
    """One websocket, already accepted, to a process in a container."""

    def __init__(self, socket: WebSocket, wanted: Wanted) -> None:
        self._socket = socket
        self._wanted = wanted

    async def execute(self, inside: Inside, command: list[str]) -> None:
        """Run a command, and tell how it ended."""
        wanted = self._wanted
        console = Console(tty=wanted.tty) if wanted.tty or wanted.stdin else None
        try:
            process, readers = await self._enter(inside, command, console)
        except (SpawnError, SpawnerError) as error:
            if console is not None:
                console.close()
            why = f"failed to exec in container: failed to start exec: {error}"
            await self._end(_failure(f"Internal error occurred: {why}", "InternalError"))
            return
        source = await console.input() if console is not None and wanted.stdin else None
        copying = [asyncio.create_task(self._copy(channel, fd)) for channel, fd in readers.items()]
        listening = asyncio.create_task(self._listen(source, console))
        ending = asyncio.create_task(process.wait())
        if console is not None and not wanted.tty:
            console.close()
        try:
            await asyncio.wait({listening, ending}, return_when=asyncio.FIRST_COMPLETED)
            if ending.done():
                # What the process has started may hold its output open for ever.
                await asyncio.wait(copying, timeout=_DRAIN_SECONDS)
                await self._end(_status_of(ending.result()))
        finally:
            process.kill()
            for task in (listening, ending, *copying):
                task.cancel()
            await asyncio.gather(listening, ending, *copying, return_exceptions=True)
            if source is not None:
                source.close()
            if console is not None:
                console.close()

    async def _enter(
        self, inside: Inside, command: list[str], console: Console | None
    ) -> tuple[Process, dict[int, int]]:
        """Start the command; with it come the descriptors of its output, by their channels."""
        inner: list[int | None] = [console.inner if console is not None else None, None, None]
        readers: dict[int, int] = {}
        if console is not None and console.tty:
            inner = [console.inner] * 3
            readers[_STDOUT] = console.output()
        else:
            for channel in (_STDOUT, _STDERR):
                readers[channel], inner[channel] = os.pipe2(os.O_CLOEXEC)
        env = {"TERM": "xterm", **inside.env} if self._wanted.tty else inside.env
        try:
            process = await inside.spawner.enter(
                inside.process,
                ProcessSpec(command, env, inside.working_dir),
                identity=inside.identity,
                stdin=inner[0],
                stdout=inner[1],
                stderr=inner[2],
            )
        except (SpawnError, SpawnerError):
            for fd in readers.values():
                os.close(fd)
            raise
        finally:
            for one in {fd for fd in inner if fd is not None}:
                os.close(one)
        return process, readers

    async def attach(self, log: ContainerLog, console: Console | None) -> None:
        """Show what the container writes from now on, and let it read what the client writes."""
        written: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()
        channels = {"stdout": _STDOUT, "stderr": _STDERR}
        source = None
        if console is not None and self._wanted.stdin:
            with contextlib.suppress(OSError):
                source = await console.input()

        async def show() -> None:
            while not (log.closed and written.empty()):
                stream, data = await written.get()
                if data:
                    await self._send(channels[stream], data)

        with log.heard(lambda stream, data: written.put_nowait((stream, data))):
            showing = asyncio.create_task(show())
            listening = asyncio.create_task(self._listen(source, console))
            try:
                await asyncio.wait({showing, listening}, return_when=asyncio.FIRST_COMPLETED)
                if showing.done():
                    await self._end({"metadata": {}, "status": "Success"})
            finally:
                for task in (showing, listening):
                    task.cancel()
                await asyncio.gather(showing, listening, return_exceptions=True)
                if source is not None:
                    source.close()
                    if console is not None and console.once:
                        console.close()

    async def _listen(self, source: Input | None, console: Console | None) -> None:
        """Hand on what the client sends, until it goes."""
        while (message := await self._socket.receive())["type"] == "websocket.receive":
            data = message.get("bytes") or b""
            if not data:
                continue
            if data[0] == _STDIN and source is not None:
                with contextlib.suppress(OSError):
                    await source.write(data[1:])
            elif data[0] == _CLOSE and data[1:] == bytes([_STDIN]) and source is not None:
                source.close()
                if console is not None and console.once:
                    console.close()
            elif data[0] == _RESIZE and console is not None:
                with contextlib.suppress(ValueError, KeyError, TypeError, OSError):
                    size = json.loads(data[1:])
                    console.resize(int(size["Width"]), int(size["Height"]))

    async def _copy(self, channel: int, fd: int) -> None:
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader()
        transport, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(fd, "rb", buffering=0)
        )
        try:
            # OSError: a terminal whose other end is closed.
            with contextlib.suppress(OSError):
                while data := await reader.read(_CHUNK_BYTES):
                    await self._send(channel, data)
        finally:
            transport.close()

    async def _send(self, channel: int, data: bytes) -> None:
        with contextlib.suppress(OSError, WebSocketDisconnect):
            await self._socket.send_bytes(bytes([channel]) + data)

    async def _end(self, status: Object) -> None:
        await self._send(_ERROR, json.dumps(status).encode())
        with contextlib.suppress(OSError, RuntimeError):
            await self._socket.close()


def _status_of(ended: ExitStatus) -> Object:
    code = ended.shell_code
    if code == 0:
        return {"metadata": {}, "status": "Success"}
    status = _failure(f"command terminated with exit code {code}", "NonZeroExitCode")
    status["details"] = {"causes": [{"reason": "ExitCode", "message": str(code)}]}
    return status


def _failure(message: str, reason: str) -> Object:
    return {"metadata": {}, "status": "Failure", "message": message, "reason": reason}
