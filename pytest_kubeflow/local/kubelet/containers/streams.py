"""Streams: what one run of a container reads and writes, from its start to its end."""

from __future__ import annotations

import os

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kubelet.containers.console import Console
from pytest_kubeflow.local.kubelet.containers.logs import ContainerLog
from pytest_kubeflow.local.spawner import Process, ProcessSpec, Spawner


class Streams:
    """Its log, and the console that `container` asks for, if it does."""

    def __init__(self, container: Object, log: ContainerLog) -> None:
        self._log = log
        self.console: Console | None = None
        if container.get("stdin") or container.get("tty"):
            tty, once = bool(container.get("tty")), bool(container.get("stdinOnce"))
            self.console = Console(tty=tty, once=once)

    async def spawn(self, spawner: Spawner, spec: ProcessSpec) -> Process:
        """Start the process with them; ours of their inner ends are closed then.

        Raises SpawnError, SpawnerError.
        """
        console = self.console
        stdin = console.inner if console is not None else None
        if console is not None and console.tty:
            self._log.follow(console.output(), "stdout")
            out = err = console.inner
        else:
            out, err = self._log.connect("stdout"), self._log.connect("stderr")
        try:
            return await spawner.spawn(spec, stdin=stdin, stdout=out, stderr=err)
        finally:
            for one in {fd for fd in (stdin, out, err) if fd is not None}:
                os.close(one)

    def close(self) -> None:
        """Let go of those who are attached."""
        if self.console is not None:
            self.console.close()
