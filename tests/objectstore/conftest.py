"""A real SeaweedFS for these tests: one a process, with an owner's keys and a profile's."""

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.objectstore.server import ObjectStore
from pytest_kubeflow.local.spawner import Spawner
from pytest_kubeflow.objectstore.client import S3Access
from pytest_kubeflow.redaction import Secret

NAMESPACE = "team-a"


@dataclass
class Store:
    """The store as two kinds of users see it, and its faults."""

    admin: S3Access
    profile: S3Access
    faults: Faults
    loop: asyncio.AbstractEventLoop

    def break_with(self, *names: str) -> None:
        """Make exactly these faults active; none: repair."""
        self.loop.call_soon_threadsafe(self.faults.replace, names)


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    running = _Running(tmp_path_factory.mktemp("store"))
    try:
        yield asyncio.run_coroutine_threadsafe(running.start(loop), loop).result(60)
    finally:
        asyncio.run_coroutine_threadsafe(running.stop(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


class _Running:
    def __init__(self, directory: Path) -> None:
        self._faults = Faults()
        self._spawner = Spawner(remove=[])
        self._store = ObjectStore(
            self._spawner,
            directory=directory / "objects",
            faults=self._faults,
        )

    async def start(self, loop: asyncio.AbstractEventLoop) -> Store:
        await self._spawner.start()
        await self._store.start()
        await self._store.ready()
        url = f"http://{self._store.endpoint}"
        admin = S3Access(url, Secret(self._store.access_key), Secret(self._store.secret_key))
        await asyncio.to_thread(admin.connect().make_bucket, "mlpipeline")
        access, secret = await self._store.issue_keys(
            NAMESPACE, "mlpipeline", [f"private/{NAMESPACE}/", "shared/"]
        )
        profile = S3Access(url, Secret(access), Secret(secret))
        return Store(admin, profile, self._faults, loop)

    async def stop(self) -> None:
        await self._store.stop()
        await self._spawner.stop()
