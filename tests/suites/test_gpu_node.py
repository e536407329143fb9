"""The tests of GPUs on an embedded node with four GPUs, of which a stub of nvidia-smi tells."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from .nvidia_smi_stub import make_nvidia_smi

ROOT = Path(__file__).parents[2]
CHECKS = "suites/resources/test_gpu.py"
RANKS = "suites/training/test_gpus.py"


def run(path: Path, *options: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rA", "--tb=short"]
    done = subprocess.run(
        [*command, "--kf-host=local", *options, CHECKS],
        cwd=ROOT,
        env={**os.environ, "PATH": f"{path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return done.returncode, done.stdout + done.stderr


def test_a_node_with_four_gpus(tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    code, output = run(
        make_nvidia_smi(tmp_path),
        *("--kf-gpu-all-nodes", "--kf-require=gpu", f"--html={report}", "--self-contained-html"),
        RANKS,
    )
    assert code == 0, output
    assert "6 passed, 1 skipped" in output
    assert f"PASSED {RANKS}::test_each_rank_has_a_gpu_of_its_own" in output
    assert "has neither PyTorch nor CuPy (--kf-gpu-image)" in output
    text = report.read_text()
    # The node in the facts, and what nvidia-smi said among the outputs.
    assert "4 x nvidia.com/gpu (NVIDIA-H100-80GB-HBM3)" in text
    assert "GPU 0: NVIDIA H100 80GB HBM3" in text


def test_a_driver_that_does_not_fit_is_one_sentence(tmp_path: Path) -> None:
    stub = make_nvidia_smi(tmp_path) / "nvidia-smi"
    broken = "Failed to initialize NVML: Driver/library version mismatch"
    inside = f'if [ -d /run/kubelet ]; then echo "{broken}"; exit 18; fi'
    stub.write_text(stub.read_text().replace("#!/bin/sh", f"#!/bin/sh\n{inside}", 1))
    code, output = run(tmp_path, "-k", "count_and_product and 1")
    assert code == 1, output
    assert f"libraries do not fit the node's driver ({broken})" in output


def test_a_machine_whose_nvidia_smi_fails_has_no_gpus(tmp_path: Path) -> None:
    stub = make_nvidia_smi(tmp_path) / "nvidia-smi"
    stub.write_text("#!/bin/sh\necho 'NVIDIA-SMI has failed'\nexit 9\n")
    code, output = run(tmp_path, "--kf-require=gpu", "-k", "side_by_side")
    assert code == 78, output
    assert "gpu: no GPU (" in output
