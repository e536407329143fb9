"""HostedWork: what a hosted program does in the container that stands for it, and writes there."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kubelet.containers.logs import ContainerLog
from pytest_kubeflow.local.kubelet.context import StopEvent
from pytest_kubeflow.local.kubelet.images.hosted import Body, HostedContainer, Neighbour
from pytest_kubeflow.local.kubelet.volumes.pod_volumes import PodVolumes
from pytest_kubeflow.local.spawner import Mount

_KILLED = 143  # of a program that ends with SIGTERM


class HostedWork:
    """Runs the body of a hosted program in one container, until that is `stopping`."""

    def __init__(
        self,
        pod: Object,
        spec: Object,
        *,
        volumes: PodVolumes,
        neighbour: Callable[[str], Neighbour],
        stopping: StopEvent,
    ) -> None:
        self._pod = pod
        self._spec = spec
        self._volumes = volumes
        self._neighbour = neighbour
        self._stopping = stopping

    async def do(
        self, body: Body, write: Callable[[str], None], explain: Callable[[str], None]
    ) -> int:
        """Let a hosted program do its work, unless the container stops before; its exit code."""
        specs = self._pod["spec"]["containers"]
        mounts = self._volumes.mounts(self._spec, {})
        writing: set[asyncio.Future[None]] = set()

        async def log(text: str) -> None:
            # In a thread: the log is read by this one, and what is written may not fit its pipe.
            done = asyncio.ensure_future(asyncio.to_thread(write, text))
            writing.add(done)
            done.add_done_callback(writing.discard)
            await asyncio.shield(done)

        container = HostedContainer(
            pod=self._pod,
            spec=self._spec,
            arguments=[*(self._spec.get("command") or ())[1:], *(self._spec.get("args") or ())],
            others={one["name"]: one for one in specs if one["name"] != self._spec["name"]},
            write=log,
            path_of=lambda path: _on_host(mounts, path),
            neighbour=self._neighbour,
            explain=explain,
        )
        working = asyncio.ensure_future(body(container))
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
            return working.result() if working.done() else _KILLED
        finally:
            working.cancel()
            stopping.cancel()
            await asyncio.gather(working, stopping, return_exceptions=True)
            # The pipe is closed next.
            await asyncio.gather(*writing, return_exceptions=True)


def _on_host(mounts: Sequence[Mount], path: str) -> Path:
    """Where a path of a container is, if it is one of a volume. Raises FileNotFoundError."""
    wanted = os.path.normpath(path)
    for mount in reversed(mounts):
        target = os.path.normpath(mount.target)
        if wanted == target or wanted.startswith(f"{target}/"):
            root = Path(os.path.realpath(mount.source))
            found = Path(os.path.realpath(root / os.path.relpath(wanted, target)))
            # A link in a volume leads to no file of this machine.
            if found.is_relative_to(root):
                return found
    raise FileNotFoundError(2, "No such file or directory", path)


@contextlib.contextmanager
def writing_to(log: ContainerLog) -> Iterator[Callable[[str], None]]:
    """What writes lines to a log until the block ends."""
    pipe = log.connect("stdout")
    try:
        yield lambda text: _write(pipe, text)
    finally:
        os.close(pipe)


def _write(pipe: int, text: str) -> None:
    data = text.encode()
    while data:
        data = data[os.write(pipe, data) :]
