"""Files of what has ended go, together and in the background."""

import asyncio
from pathlib import Path

from pytest_kubeflow.local.kubelet.directory_remover import DirectoryRemover
from pytest_kubeflow.local.spawner import Spawner


def test_each_is_gone_when_it_is_said_so(tmp_path: Path) -> None:
    directories = [tmp_path / f"-{number} *" for number in range(20)]
    for directory in directories:
        (directory / "inner").mkdir(parents=True)
        (directory / "inner/file").write_text("content")
    kept = tmp_path / "kept"
    kept.mkdir()
    (directories[0] / "link").symlink_to(kept)

    async def remove(removal: DirectoryRemover, directory: Path) -> bool:
        await removal.remove(directory)
        return await asyncio.to_thread(directory.exists)

    async def check() -> list[bool]:
        async with Spawner() as spawner:
            removal = DirectoryRemover(spawner)
            missing = tmp_path / "missing"
            return await asyncio.gather(*(remove(removal, one) for one in [*directories, missing]))

    assert not any(asyncio.run(check()))
    assert list(tmp_path.iterdir()) == [kept]


def test_what_a_cluster_that_ends_leaves_to_its_guard(tmp_path: Path) -> None:
    async def check() -> None:
        spawner = Spawner()
        await spawner.start()
        await spawner.stop()
        await DirectoryRemover(spawner).remove(tmp_path)

    asyncio.run(check())
    assert tmp_path.exists()
