"""The files of containers and pods that have ended, removed by processes of their own.

A container leaves some sixty small files and directories. Removing them here would be as many
system calls, after each of which a thread fights for the interpreter with the event loop.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from pytest_kubeflow.local.spawner import ProcessSpec, Spawner, SpawnerError, SpawnError

log = logging.getLogger(__name__)


class DirectoryRemover:
    """Removes directories, one process at a time: what comes meanwhile goes with the next one."""

    def __init__(self, spawner: Spawner) -> None:
        self._spawner = spawner
        self._waiting: list[Path] = []
        self._turn = asyncio.Lock()

    async def remove(self, directory: Path) -> None:
        """Return when `directory` is gone, or what of it can be; it need not be there.

        What withstands, and what a cluster that ends does not get to, its guard removes.
        """
        self._waiting.append(directory)
        async with self._turn:
            # Perhaps nothing: then who had the turn before has removed it with the rest.
            together, self._waiting = self._waiting, []
            if together:
                await self._remove(together)

    async def _remove(self, directories: list[Path]) -> None:
        command = ["rm", "-rf", "--", *map(str, directories)]
        try:
            process = await self._spawner.spawn(ProcessSpec(command, working_dir="/"))
            await process.wait()
        except (SpawnError, SpawnerError) as error:
            log.debug("%d directories are left to the guard: %s", len(directories), error)
