"""The table of built-in types is what Kubernetes' own structs say, at the pinned release."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from importlib import resources

import pytest

from tests.real.programs import CHOSEN, MODULES, NO_GO


def test_the_table_is_of_the_pinned_release() -> None:
    go = shutil.which("go")
    if go is None:
        pytest.skip(NO_GO)
    if os.environ.get(CHOSEN):
        pytest.skip(f"{CHOSEN} names another release than the table is of")
    done = subprocess.run(
        [go, "run", "-mod=readonly", "./builtintypes"],
        cwd=MODULES / "kubernetes",
        env={**os.environ, "CGO_ENABLED": "0"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    table = resources.files("pytest_kubeflow.local.apiserver.builtin").joinpath("types.json")
    assert json.loads(done.stdout) == json.loads(table.read_text())
