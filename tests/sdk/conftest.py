"""Environments of their own for SDKs that do not go with what this project needs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

SdkPython = Callable[..., Path]


@pytest.fixture(scope="session")
def sdk_python(tmp_path_factory: pytest.TempPathFactory) -> SdkPython:
    """Makes an environment with these packages, and nothing of this project; gives its Python."""

    def make(*packages: str) -> Path:
        folder = tmp_path_factory.mktemp("sdk")
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        found = folder / "bin/python"
        done = subprocess.run(
            [found, "-m", "pip", "install", "--quiet", *packages],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            last = done.stderr.strip().splitlines()[-1]
            pytest.skip(f"{', '.join(packages)} cannot be installed: {last}")
        return found

    return make
