"""The object store's process, from its first moment on."""

import asyncio
import io
from pathlib import Path

from minio import Minio
from minio.error import S3Error

from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.objectstore.server import ObjectStore
from pytest_kubeflow.local.spawner import Spawner

BUCKET = "mlpipeline"


def test_keys_of_the_first_moment(tmp_path: Path) -> None:
    """Keys that are issued while the process starts do not end it, and it takes them."""

    async def last_keys_of_the_start(store: ObjectStore) -> tuple[str, str]:
        number = 0
        ready = asyncio.create_task(store.ready())
        while not ready.done():
            keys = await store.issue_keys(f"team-{number}", BUCKET, ["ours/"])
            number += 1
            await asyncio.wait([ready], timeout=0.01)
        return keys

    async def until_taken(store: ObjectStore, access: str, secret: str) -> None:
        client = Minio(store.endpoint, access, secret, secure=False, region="us-east-1")
        while True:
            try:
                await asyncio.to_thread(list, client.list_objects(BUCKET, prefix="ours/"))
            except S3Error as error:
                if error.code != "InvalidAccessKeyId":
                    raise
                await asyncio.sleep(0.05)  # the store reads new keys in its own time
            else:
                return

    async def check_reading(store: ObjectStore) -> None:
        """It reads objects, and is told nothing of directories."""
        client = Minio(store.endpoint, store.access_key, store.secret_key, secure=False)
        await asyncio.to_thread(client.put_object, BUCKET, "a/b c", io.BytesIO(b"data"), 4)
        await asyncio.to_thread(client.put_object, BUCKET, "empty", io.BytesIO(b""), 0)
        assert await store.read(BUCKET, "a/b c") == b"data"
        assert await store.read(BUCKET, "empty") == b""
        for key in ("a", "a/", "x/../a/b c", "a/other"):
            assert await store.read(BUCKET, key) is None

    async def check() -> None:
        async with Spawner(remove=[]) as spawner:
            store = ObjectStore(
                spawner,
                directory=tmp_path / "objects",
                faults=Faults(),
                buckets=[BUCKET],
            )
            await store.start()
            try:
                async with asyncio.timeout(30):
                    await until_taken(store, *await last_keys_of_the_start(store))
                    await check_reading(store)
            finally:
                await store.stop()

    asyncio.run(check())
