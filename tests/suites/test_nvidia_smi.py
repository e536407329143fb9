"""What tasks saw of GPUs, read out of recorded outputs of nvidia-smi."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from suites.resources.nvidia_smi import CUDA, SCRIPT, Gpu, MigDevice, parse

A100 = "GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-5c89852c-d268-c3f3-1b07-005d5ae1dc3f)\n"
T4S = (
    "GPU 0: Tesla T4 (UUID: GPU-11111111-0000-0000-0000-000000000000)\n"
    "GPU 1: Tesla T4 (UUID: GPU-22222222-0000-0000-0000-000000000000)\n"
)
T4_QUERY = (
    "0, GPU-11111111-0000-0000-0000-000000000000, Tesla T4, 15360, 550.54.15, [N/A]\n"
    "1, GPU-22222222-0000-0000-0000-000000000000, Tesla T4, 15360, 550.54.15, [N/A]\n"
)
MIGS = (
    A100
    + "  MIG 3g.20gb     Device  0: (UUID: MIG-6f0a1c8e-1111-5ac2-8cc2-3a2b6a8f0001)\n"
    + "  MIG 1g.5gb      Device  1: (UUID: MIG-6f0a1c8e-2222-5ac2-8cc2-3a2b6a8f0002)\n"
)
OLD_MIG = A100 + "  MIG 1g.5gb Device 0: (UUID: MIG-GPU-5c89852c-d268-c3f3-1b07-005d5ae1dc3f/7/0)\n"


def written(listed: str, status: int = 0, query: str = "", more: str = "") -> str:
    return (
        f"== began 100\n== list\n{listed}== status {status}\n"
        f"== query\n{query}== status {0 if query else 6}\n{more}== ended 105\n"
    )


def test_two_gpus_with_their_details() -> None:
    seen = parse(written(T4S, query=T4_QUERY))
    first = "GPU-11111111-0000-0000-0000-000000000000"
    assert seen.gpus[0] == Gpu(0, first, "Tesla T4", 15360, "550.54.15", mig=False)
    assert [one.product for one in seen.gpus] == ["Tesla-T4", "Tesla-T4"]
    assert len(set(seen.uuids)) == 2
    assert not seen.problem


def test_memory_that_is_not_told_is_no_error() -> None:
    query = "0, GPU-5c89852c-d268-c3f3-1b07-005d5ae1dc3f, NVIDIA GB10, [N/A], 580.1, [N/A]\n"
    seen = parse(written(A100, query=query))
    assert [(one.memory, one.driver) for one in seen.gpus] == [(0, "580.1")]


def test_mig_devices_are_what_is_computed_on() -> None:
    query = (
        "0, GPU-5c89852c-d268-c3f3-1b07-005d5ae1dc3f, NVIDIA A100-SXM4-40GB, 40960, 535, Enabled"
    )
    seen = parse(written(MIGS, query=f"{query}\n"))
    assert [one.profile for one in seen.migs] == ["3g.20gb", "1g.5gb"]
    assert seen.uuids == [one.uuid for one in seen.migs]
    assert seen.gpus[0].mig
    uuid = "MIG-GPU-5c89852c-d268-c3f3-1b07-005d5ae1dc3f/7/0"
    assert parse(written(OLD_MIG)).migs == [MigDevice("1g.5gb", 0, uuid)]


@pytest.mark.parametrize("status", [0, 6])
def test_no_devices_is_an_answer(status: int) -> None:
    seen = parse(written("No devices were found\n", status))
    assert seen.uuids == []
    assert not seen.problem


@pytest.mark.parametrize(
    ("message", "status", "problem"),
    [
        ("sh: 1: nvidia-smi: not found\n", 127, "no nvidia-smi in the container"),
        ("timeout: failed to run command 'nvidia-smi': No such file\n", 127, "no nvidia-smi"),
        ("", 124, "did not answer within 60 s"),
        (
            "Failed to initialize NVML: Driver/library version mismatch\n"
            "NVML library version: 550.54\n",
            18,
            "do not fit the node's driver",
        ),
        (
            "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.\n",
            9,
            "failed with exit code 9: NVIDIA-SMI has failed because",
        ),
        ("Unable to determine the device handle for GPU 0000:01:00.0: Unknown Error\n", 255, "255"),
    ],
)
def test_what_is_wrong_is_one_sentence(message: str, status: int, problem: str) -> None:
    seen = parse(written(message, status))
    assert problem in seen.problem
    assert "\n" not in seen.problem
    assert seen.uuids == []


def test_a_task_that_was_cut_off_is_no_answer() -> None:
    with pytest.raises(ValueError, match="cut off"):
        parse("== began 100\n== list\nGPU 0: Tes")


def test_tasks_side_by_side_overlap() -> None:
    early, late = parse(written(A100)), parse(written(A100).replace("100", "104"))
    assert early.overlaps(late)
    assert not early.overlaps(parse(written(A100).replace("100", "105").replace("105", "106")))


def run_script(tmp_path: Path, nvidia_smi: str | None) -> str:
    """The script itself, in a shell, with such a nvidia-smi on PATH."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("sh", "date", "sleep", "cat", "timeout"):
        (programs / name).symlink_to(f"/bin/{name}" if name == "sh" else f"/usr/bin/{name}")
    if nvidia_smi is not None:
        stub = programs / "nvidia-smi"
        stub.write_text(f"#!/bin/sh\n{nvidia_smi}\n")
        stub.chmod(0o755)
    subprocess.run(
        ["/bin/sh", "-c", SCRIPT, "sh", "0", CUDA, str(tmp_path / "seen")],
        env={**os.environ, "PATH": str(programs)},
        check=True,
        capture_output=True,
    )
    return (tmp_path / "seen").read_text()


def test_the_script_asks_list_and_details(tmp_path: Path) -> None:
    stub = f"case $1 in -L) echo '{A100.strip()}' ;; *) echo '{T4_QUERY.strip()}' ;; esac"
    seen = parse(run_script(tmp_path, stub))
    assert [one.name for one in seen.gpus] == ["NVIDIA A100-SXM4-40GB"]
    assert seen.ended >= seen.began


def test_the_script_comes_to_its_end_without_nvidia_smi(tmp_path: Path) -> None:
    assert "no nvidia-smi" in parse(run_script(tmp_path, None)).problem


def test_the_script_tells_what_nvidia_smi_says(tmp_path: Path) -> None:
    stub = "echo 'Failed to initialize NVML: Driver/library version mismatch'; exit 18"
    assert "do not fit the node's driver" in parse(run_script(tmp_path, stub)).problem
