"""EphemeralContainers: those that are added to a pod which runs, to look into it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kubelet.containers.runner import ContainerRunner


class EphemeralContainers:
    """They start once `settled` is set, unless `stopping` is, and are never restarted.

    `make` gives the runners of such containers.
    """

    def __init__(
        self,
        make: Callable[[Sequence[Object]], list[ContainerRunner]],
        settled: asyncio.Event,
        stopping: asyncio.Event,
    ) -> None:
        self.runners: list[ContainerRunner] = []
        self._make = make
        self._settled = settled
        self._stopping = stopping
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, specs: Sequence[Object]) -> None:
        """Start those of `specs` that are new."""
        known = {one.spec["name"] for one in self.runners}
        added = self._make([one for one in specs if one["name"] not in known])
        self.runners += added
        for runner in added:
            task = asyncio.create_task(self._run(runner))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _run(self, runner: ContainerRunner) -> None:
        await self._settled.wait()
        if not self._stopping.is_set():
            await runner.run()

    async def ended(self) -> None:
        """Wait for all of them."""
        await asyncio.gather(*self._tasks)
