"""Environments of their own for SDKs that do not go with what this project needs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SdkPython = Callable[..., Path]
SDK_SCRIPTS = Path(__file__).parent
NAMESPACE = "kubeflow-user-example-com"


def run_script(python: Path, name: str, kubeconfig: Path, *more: str, seconds: float = 240) -> Any:
    """What a script beside this file prints of a cluster, as JSON; asserts that it ends well."""
    done = subprocess.run(
        [python, SDK_SCRIPTS / name, str(kubeconfig), NAMESPACE, *more],
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.strip().splitlines()[-1])


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
