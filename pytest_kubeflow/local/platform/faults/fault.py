"""PlatformFault: what is altered in a platform that has one, and PlatformFaults, which does it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pytest_kubeflow.local.faults import CONFIG_MAP, IN_EFFECT, Faults
from pytest_kubeflow.local.kube import ApiError, ApiUnreachableError
from pytest_kubeflow.local.kube.resources import CONFIG_MAPS
from pytest_kubeflow.local.platform.faults.edits import Edit, EditTarget, Undo

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PlatformFault:
    """Its edits are made anew each time that it is switched on.

    `images` are those that only its pods have.
    """

    edits: Callable[[], Sequence[Edit]]
    images: tuple[str, ...] = ()


class PlatformFaults:
    """Makes the edits of each fault of `table` that is switched on, and takes them back."""

    def __init__(
        self, place: EditTarget, faults: Faults, table: Mapping[str, PlatformFault]
    ) -> None:
        self._place = place
        self._faults = faults
        self._table = table
        self._made: dict[str, list[Undo]] = {}
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        faults.on_change(self._changed.set)

    async def start(self) -> None:
        """Returns once those that are on from the start are made."""
        await self._follow()
        self._task = asyncio.create_task(self._run(), name="platform faults")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            await self._follow()

    async def _follow(self) -> None:
        wanted = {name for name in self._table if self._faults.active(name)}
        for name in self._made.keys() - wanted:
            await self._undo(name)
        for name in sorted(wanted - self._made.keys()):
            await self._apply(name)
        await self._tell()

    async def _tell(self) -> None:
        """Say at the ConfigMap, if there is one, which faults are made."""
        namespace, name = CONFIG_MAP
        message = ",".join(sorted(self._faults.names - (self._table.keys() - self._made.keys())))
        try:
            await self._place.client.patch(
                CONFIG_MAPS,
                name,
                {"metadata": {"annotations": {IN_EFFECT: message}}},
                namespace=namespace,
            )
        except ApiError as error:
            if error.code != 404:
                log.warning("it cannot be told which faults are made: %s", error)
        except ApiUnreachableError as error:
            log.warning("it cannot be told which faults are made: %s", error)

    async def _apply(self, name: str) -> None:
        made = self._made[name] = []
        try:
            for edit in self._table[name].edits():
                made.append(await edit.apply(self._place))
        except (ApiError, ApiUnreachableError) as error:
            log.warning("the fault %s cannot be made here: %s", name, error)

    async def _undo(self, name: str) -> None:
        for undo in reversed(self._made.pop(name)):
            try:
                await undo()
            except (ApiError, ApiUnreachableError) as error:
                log.warning("the fault %s is not undone as a whole: %s", name, error)
