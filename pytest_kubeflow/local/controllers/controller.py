"""Controller: what every controller of the embedded cluster has in common."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable

from pytest_kubeflow.local.controllers.workqueue import WorkQueue
from pytest_kubeflow.local.kube import ApiError, ApiUnreachableError, Informer, KubeClient, Resource
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.informer import Key, key_of

log = logging.getLogger(__name__)


class TryAgainError(Exception):
    """Something cannot be done yet, and that has been said where it is looked for."""


class Informers:
    """One informer per resource, shared by all the controllers of a manager."""

    def __init__(self, client: KubeClient) -> None:
        self.client = client
        self._by_resource: dict[Resource, Informer] = {}
        self._tasks: list[asyncio.Task[None]] = []

    def __getitem__(self, resource: Resource) -> Informer:
        informer = self._by_resource.get(resource)
        if informer is None:
            informer = self._by_resource[resource] = Informer(self.client, resource)
            self._tasks.append(asyncio.create_task(informer.run()))
        return informer

    async def synced(self) -> None:
        """Return once each informer asked for so far has listed its resource."""
        await asyncio.gather(*(one.synced.wait() for one in self._by_resource.values()))

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


class Controller:
    """Reconciles one kind: subclasses name their triggers in `watch` and work in `reconcile`."""

    name = ""
    workers = 2

    def __init__(self, client: KubeClient, informers: Informers) -> None:
        self.client = client
        self.informers = informers
        self.queue = WorkQueue()
        self.watch()

    def watch(self) -> None:
        """Ask for informers and connect them to the queue."""
        raise NotImplementedError

    async def reconcile(self, key: Key) -> None:
        """Bring the object of `key` to where it should be; called again after any error."""
        raise NotImplementedError

    def enqueue_all(self, keys: Iterable[Key]) -> None:
        """Queue all of these."""
        for key in keys:
            self.queue.add(key)

    def enqueue_from(
        self, resource: Resource, to_key: Callable[[Object], Key | None] = key_of
    ) -> Informer:
        """Queue `to_key(object)` for each change of `resource`."""
        informer = self.informers[resource]

        def handle(_kind: str, obj: Object) -> None:
            key = to_key(obj)
            if key is not None:
                self.queue.add(key)

        informer.on_change(handle)
        return informer

    async def run(self) -> None:
        """Work until cancelled."""
        await self.informers.synced()
        async with asyncio.TaskGroup() as group:
            for _ in range(self.workers):
                group.create_task(self._work())

    async def _work(self) -> None:
        while True:
            key = await self.queue.take()
            failed = False
            try:
                await self.reconcile(key)
            except (ApiError, ApiUnreachableError, OSError, TryAgainError) as error:
                # Conflicts and races are the normal way of things: look again a little later.
                log.debug("%s: %s: %s", self.name, key, error)
                failed = True
            except (AttributeError, LookupError, TypeError, ValueError):
                # The other objects are worked on all the same, as a panic of a real one has it.
                log.exception("%s: %s has another shape than it should", self.name, key)
                failed = True
            finally:
                self.queue.done(key, failed=failed)


async def run_alone(
    client: KubeClient, make: Callable[[KubeClient, Informers], Controller]
) -> None:
    """Run one controller with informers of its own until cancelled."""
    informers = Informers(client)
    try:
        await make(client, informers).run()
    finally:
        await informers.stop()
