"""Joining that cannot be: one line each."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.real.controlplane import ControlPlane

_SECONDS = 120.0


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "No such file or directory"),
        ("[", "is no kubeconfig"),
        ("{}", "no None among contexts"),
        (json.dumps({"current-context": "a", "contexts": [{"name": "a"}]}), "is no kubeconfig"),
    ],
)
def test_a_broken_kubeconfig_is_one_line(content: str | None, told: str, tmp_path: Path) -> None:
    file = tmp_path / "config"
    if content is not None:
        file.write_text(content)
    code, output = _start(file)
    assert code == 1
    assert told in output
    assert len(output.splitlines()) == 1, output


def test_too_few_rights_are_one_line(control_plane: ControlPlane) -> None:
    code, output = _start(control_plane.kubeconfig("jane", ["developers"]))
    assert code == 1
    assert 'User "jane" cannot' in output
    assert len(output.splitlines()) == 1, output


def _start(kubeconfig: Path) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "pytest_kubeflow.local", "--kubeconfig", str(kubeconfig)],
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr
