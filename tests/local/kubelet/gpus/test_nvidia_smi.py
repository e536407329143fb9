"""nvidia-smi as it answers, fails, hangs or is not there: recorded outputs of many kinds."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from pytest_kubeflow.local.kubelet.gpus import GpuPool, SmiProblem
from pytest_kubeflow.local.kubelet.gpus.nvidia_smi import Gpu, Mig, ask, parse_list, parse_query
from pytest_kubeflow.local.spawner import Spawner

DRIVER_MISMATCH = (
    "Failed to initialize NVML: Driver/library version mismatch\nNVML library version: 580.173\n"
)
NOT_LOADED = (
    "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that "
    "the latest NVIDIA driver is installed and running.\n"
)
LOST = (
    "Unable to determine the device handle for GPU 0000:0A:00.0: GPU is lost.  Reboot the system "
    "to recover this GPU\n"
)
A100 = "0, GPU-48aeb943-9458-4282-da24-e5f49e0db44b, NVIDIA A100-SXM4-40GB, 40960, 535.104.05"
UUID = A100.split(", ")[1]


def one(text: str) -> Gpu:
    (gpu,) = parse_query(0, text)
    return gpu


def test_a_data_centre_gpu() -> None:
    assert one(f"{A100}, 00000000:07:00.0, Disabled\n") == Gpu(
        index=0,
        uuid=UUID,
        name="NVIDIA A100-SXM4-40GB",
        memory_mib=40960,
        driver="535.104.05",
        bus_id="00000000:07:00.0",
    )


def test_gpus_without_mig_and_drivers_from_before_it() -> None:
    assert not one(f"{A100}, 00000000:07:00.0, [N/A]\n").mig_mode
    assert not one(f"{A100}, 00000000:07:00.0, [Not Supported]\n").mig_mode
    assert not one(f"{A100}, 00000000:07:00.0\n").mig_mode


def test_memory_that_is_shared_with_the_cpu_is_not_told() -> None:
    line = "0, GPU-1, NVIDIA GB10, [N/A], 580.95.05, 0000000F:01:00.0, [N/A]\n"
    assert (one(line).memory_mib, one(line).name) == (None, "NVIDIA GB10")


def test_several_gpus() -> None:
    lines = [
        f"{i}, GPU-{i}, NVIDIA H100 80GB HBM3, 81559, 550.54, 00000000:0{i}:00.0, Enabled"
        for i in range(8)
    ]
    gpus = parse_query(0, "\n".join(lines))
    assert [gpu.index for gpu in gpus] == list(range(8))
    assert all(gpu.mig_mode for gpu in gpus)


MIG_LIST = f"""\
GPU 0: NVIDIA A100-SXM4-40GB (UUID: {UUID})
  MIG 3g.20gb     Device  0: (UUID: MIG-fb42055e-9e53-5764-9278-438605a3014c)
  MIG 1g.5gb+me   Device  1: (UUID: MIG-3d4db13e-c42d-5555-98f4-8b50389791bc)
GPU 1: NVIDIA A100-SXM4-40GB (UUID: GPU-2)
GPU 2: NVIDIA A100-SXM4-40GB (UUID: GPU-3)
  MIG 1g.5gb Device 0: (UUID: MIG-GPU-3/7/0)
"""


def test_slices_of_mig() -> None:
    gpus = [
        Gpu(index, uuid, "NVIDIA A100-SXM4-40GB", 40960, "535", "", mig_mode=True)
        for index, uuid in enumerate((UUID, "GPU-2", "GPU-3"))
    ]
    first, second, third = parse_list(0, MIG_LIST, gpus)
    assert first.migs == (
        Mig(0, "3g.20gb", "MIG-fb42055e-9e53-5764-9278-438605a3014c"),
        Mig(1, "1g.5gb+me", "MIG-3d4db13e-c42d-5555-98f4-8b50389791bc"),
    )
    assert second.migs == ()
    assert third.migs == (Mig(0, "1g.5gb", "MIG-GPU-3/7/0"),)


@pytest.mark.parametrize(
    ("code", "text", "reason", "words"),
    [
        (18, DRIVER_MISMATCH, "DriverMismatch", "NVML library version: 580.173; the driver"),
        (9, NOT_LOADED, "DriverNotLoaded", "modprobe nvidia"),
        (6, "No devices were found\n", "NoDevices", "finds no GPU"),
        (15, LOST, "GPULost", "0000:0A:00.0"),
        (0, "", "NoDevices", "finds no GPU"),
        (0, "0, [Unknown Error], [GPU is lost], a, b, c\n", "GPULost", "reboot"),
        (0, "NVIDIA-SMI 999: hello\n", "UnexpectedOutput", "says: NVIDIA-SMI 999: hello"),
        (255, "", "Failed", "code 255 and says: nothing"),
    ],
)
def test_errors_are_one_plain_sentence(code: int, text: str, reason: str, words: str) -> None:
    with pytest.raises(SmiProblem) as caught:
        parse_query(code, text)
    assert caught.value.reason == reason
    assert words in caught.value.message
    assert "\n" not in caught.value.message


def script(path: Path, body: str) -> str:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return str(path)


def answer(program: str, seconds: float = 10) -> list[Gpu]:
    async def asked() -> list[Gpu]:
        async with Spawner() as spawner:
            return await ask(program, spawner, seconds)

    return asyncio.run(asked())


def test_a_driver_that_does_not_know_mig_is_asked_again(tmp_path: Path) -> None:
    program = script(
        tmp_path / "nvidia-smi",
        'case "$1" in *mig.mode.current*) echo \'Field "mig.mode.current" is not a valid field '
        f"to query.'; exit 2;; esac\necho '{A100}, 00000000:07:00.0'",
    )
    assert [gpu.uuid for gpu in answer(program)] == [UUID]


def test_slices_are_asked_for_where_mig_is_on(tmp_path: Path) -> None:
    (tmp_path / "list").write_text(MIG_LIST)
    program = script(
        tmp_path / "nvidia-smi",
        f"[ \"$1\" = -L ] && exec cat {tmp_path}/list\necho '{A100}, 00000000:07:00.0, Enabled'",
    )
    (gpu,) = answer(program)
    assert [mig.profile for mig in gpu.migs] == ["3g.20gb", "1g.5gb+me"]


def test_a_tool_that_hangs_is_given_up(tmp_path: Path) -> None:
    program = script(tmp_path / "nvidia-smi", "sleep 1000")
    with pytest.raises(SmiProblem, match=r"does not answer within 0\.2 s") as caught:
        answer(program, 0.2)
    assert caught.value.reason == "Timeout"


def test_a_tool_that_cannot_be_run(tmp_path: Path) -> None:
    broken = tmp_path / "nvidia-smi"
    broken.write_bytes(b"\x7fELF")
    broken.chmod(0o755)
    with pytest.raises(SmiProblem, match=r"cannot be run: exec: .*exec format error"):
        answer(str(broken))


def test_a_machine_without_the_tool_is_silent(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    pool = GpuPool()

    async def detected() -> None:
        async with Spawner() as spawner:
            await pool.detect(spawner)

    asyncio.run(detected())
    assert pool.condition is None
    assert pool.inventory.capacity == {}


def test_what_goes_wrong_is_in_the_condition(tmp_path: Path) -> None:
    pool = GpuPool(script(tmp_path / "nvidia-smi", f"echo '{DRIVER_MISMATCH}'; exit 18"))
    assert pool.condition == ("Unknown", "Asking", f"{tmp_path}/nvidia-smi is being asked")

    async def detected() -> None:
        async with Spawner() as spawner:
            await pool.detect(spawner)

    asyncio.run(detected())
    assert pool.condition is not None
    assert pool.condition[:2] == ("False", "DriverMismatch")
    assert pool.condition[2].startswith("no GPUs: nvidia-smi says: Failed to initialize NVML")
    assert pool.inventory.capacity == {}
