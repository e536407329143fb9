from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

from pytest_kubeflow.local.kubelet.gpus import (
    Gpu,
    GpuPool,
    GpusUnavailable,
    Mig,
    take_stock,
)

ONE_G, THREE_G = "1g.5gb", "3g.20gb"


def gpu(index: int, *profiles: str, mig_mode: bool = False, name: str = "") -> Gpu:
    migs = tuple(
        Mig(number, profile, f"MIG-{index}-{number}") for number, profile in enumerate(profiles)
    )
    return Gpu(
        index,
        f"GPU-{index}",
        name or "NVIDIA A100-SXM4-40GB",
        40960,
        "535.104.05",
        f"00000000:0{index}:00.0",
        mig_mode=bool(profiles) or mig_mode,
        migs=migs,
    )


def test_whole_gpus() -> None:
    stock = take_stock([gpu(0), gpu(1)], {})
    assert stock.capacity == {"nvidia.com/gpu": "2"}
    assert stock.labels == {
        "nvidia.com/gpu.present": "true",
        "nvidia.com/gpu.product": "NVIDIA-A100-SXM4-40GB",
        "nvidia.com/gpu.count": "2",
        "nvidia.com/gpu.replicas": "1",
        "nvidia.com/gpu.sharing-strategy": "none",
        "nvidia.com/gpu.memory": "40960",
        "nvidia.com/cuda.driver-version.full": "535.104.05",
        "nvidia.com/cuda.driver-version.major": "535",
        "nvidia.com/cuda.driver-version.minor": "104",
        "nvidia.com/cuda.driver-version.revision": "05",
    }


def test_slices_of_one_kind_are_gpus() -> None:
    stock = take_stock([gpu(0, *[ONE_G] * 7), gpu(1, *[ONE_G] * 7)], {})
    assert stock.capacity == {"nvidia.com/gpu": "14"}
    assert stock.labels["nvidia.com/mig.strategy"] == "single"
    assert stock.labels["nvidia.com/gpu.product"] == "NVIDIA-A100-SXM4-40GB-MIG-1g.5gb"
    assert stock.labels["nvidia.com/gpu.count"] == "14"
    assert stock.labels["nvidia.com/gpu.memory"] == "5120"


def test_slices_of_several_kinds_are_resources_of_their_own() -> None:
    stock = take_stock([gpu(0, THREE_G, ONE_G, ONE_G), gpu(1)], {})
    assert stock.capacity == {
        "nvidia.com/mig-3g.20gb": "1",
        "nvidia.com/mig-1g.5gb": "2",
        "nvidia.com/gpu": "1",
    }
    labels = stock.labels
    assert labels["nvidia.com/mig.strategy"] == "mixed"
    assert labels["nvidia.com/gpu.product"] == "NVIDIA-A100-SXM4-40GB"
    assert labels["nvidia.com/mig-1g.5gb.product"] == "NVIDIA-A100-SXM4-40GB-MIG-1g.5gb"
    assert labels["nvidia.com/mig-1g.5gb.count"] == "2"
    assert labels["nvidia.com/mig-3g.20gb.memory"] == "20480"


def test_a_media_extension_in_a_profile() -> None:
    stock = take_stock([gpu(0, "1g.10gb+me"), gpu(1)], {})
    assert "nvidia.com/mig-1g.10gb.me" in stock.capacity


def test_mig_mode_without_slices_offers_nothing() -> None:
    stock = take_stock([gpu(0, mig_mode=True)], {})
    assert stock.capacity == {}
    assert stock.labels["nvidia.com/gpu.replicas"] == "0"


@pytest.mark.parametrize(
    "name",
    [
        "NVIDIA RTX PRO 6000 Blackwell Max-Q Workstation Edition",
        "Tesla V100-SXM2-16GB",
        "GeForce GTX 1080 Ti (Rev. A)",
        "[Unknown Error]",
    ],
)
def test_labels_are_valid_whatever_the_product_is_called(name: str) -> None:
    valid = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
    for stock in (
        take_stock([gpu(0, name=name)], {}),
        take_stock([gpu(0, "1g.24gb+me", name=name)], {}),
    ):
        for label, value in stock.labels.items():
            assert valid.fullmatch(value), (label, value)


def pod(uid: str, *amounts: dict[str, str], init: tuple[dict[str, str], ...] = ()) -> Any:
    def containers(prefix: str, every: tuple[dict[str, str], ...]) -> list[dict[str, Any]]:
        return [
            {"name": f"{prefix}{number}", "resources": {"limits": amount}}
            for number, amount in enumerate(every)
        ]

    spec = {"containers": containers("c", amounts), "initContainers": containers("i", init)}
    return {"metadata": {"uid": uid}, "spec": spec}


@pytest.fixture
def pool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GpuPool:
    """Four GPUs, with device files whose order is not that of the GPUs."""
    (tmp_path / "dev").mkdir()
    for name in ("nvidia0", "nvidia1", "nvidia2", "nvidia3", "nvidiactl", "nvidia-uvm"):
        (tmp_path / "dev" / name).touch()
    monkeypatch.setenv("NVIDIA_DEV_ROOT", str(tmp_path))
    pool = GpuPool("/opt/nvidia/nvidia-smi")
    pool.inventory = take_stock(
        [gpu(number) for number in range(4)], {f"GPU-{number}": 3 - number for number in range(4)}
    )
    pool._known.set()
    return pool


def lend(pool: GpuPool, one: Any) -> None:
    asyncio.run(pool.lend(one))


TWO = {"nvidia.com/gpu": "2"}
ONE = {"nvidia.com/gpu": "1"}


def test_no_device_is_lent_twice(pool: GpuPool) -> None:
    first, second, third = pod("1", TWO), pod("2", ONE, ONE), pod("3", ONE)
    lend(pool, first)
    lend(pool, second)
    lent = [
        *pool.share(first, "c0").devices,
        *pool.share(second, "c0").devices,
        *pool.share(second, "c1").devices,
    ]
    assert [device.uuid for device in lent] == ["GPU-0", "GPU-1", "GPU-2", "GPU-3"]
    with pytest.raises(
        GpusUnavailable, match=r"unavailable for nvidia.com/gpu\. Requested: 1, Available: 0"
    ):
        lend(pool, third)
    pool.take_back(first)
    lend(pool, third)
    assert [device.uuid for device in pool.share(third, "c0").devices] == ["GPU-0"]


def test_what_a_container_gets(pool: GpuPool) -> None:
    one = pod("1", TWO)
    lend(pool, one)
    share = pool.share(one, "c0")
    assert share.env == {
        "NVIDIA_VISIBLE_DEVICES": "GPU-0,GPU-1",
        "CUDA_VISIBLE_DEVICES": "GPU-0,GPU-1",
    }
    files = {mount.target: Path(mount.source).name for mount in share.mounts}
    assert files == {
        "/dev/nvidia3": "nvidia3",
        "/dev/nvidia2": "nvidia2",
        "/dev/nvidiactl": "nvidiactl",
        "/dev/nvidia-uvm": "nvidia-uvm",
        "/usr/local/bin/nvidia-smi": "nvidia-smi",
    }


def test_a_pod_that_asks_for_none_gets_none(pool: GpuPool) -> None:
    for one in (pod("1", {"cpu": "1"}), pod("2", {"nvidia.com/gpu": "0"})):
        lend(pool, one)
        share = pool.share(one, "c0")
        assert (share.devices, share.env, share.mounts) == ((), {}, [])


def test_init_containers_use_what_the_others_use_later(pool: GpuPool) -> None:
    one = pod("1", TWO, init=(TWO, {"nvidia.com/gpu": "3"}))
    lend(pool, one)
    assert [len(pool.share(one, name).devices) for name in ("i0", "i1", "c0")] == [2, 3, 2]
    lend(pool, pod("2", ONE))
    with pytest.raises(GpusUnavailable):
        lend(pool, pod("3", ONE))


def test_a_sidecar_keeps_its_own(pool: GpuPool) -> None:
    one = pod("1", TWO, init=(ONE,))
    one["spec"]["initContainers"][0]["restartPolicy"] = "Always"
    lend(pool, one)
    used = [*pool.share(one, "i0").devices, *pool.share(one, "c0").devices]
    assert len({device.uuid for device in used}) == 3


def test_a_resource_that_is_not_here(pool: GpuPool) -> None:
    with pytest.raises(GpusUnavailable, match=r"nvidia.com/mig-1g.5gb\. Requested: 1"):
        lend(pool, pod("1", {"nvidia.com/mig-1g.5gb": "1"}))
