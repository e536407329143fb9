"""Each component of the embedded Kubernetes by itself, as a program that joins an API server."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.local.components import api_server, check, running

_JOINING = ("controllers", "kubelet", "provisioner", "scheduler")


@pytest.fixture(scope="module")
def kubeconfig() -> Iterator[Path]:
    """That of an API server which has nothing beside it."""
    with api_server() as kubeconfig:
        yield kubeconfig


def test_programs_make_a_kubernetes_together(kubeconfig: Path, tmp_path: Path) -> None:
    with running(kubeconfig, tmp_path) as volumes:
        check(kubeconfig, volumes)


@pytest.mark.parametrize("name", _JOINING)
def test_rights_that_are_missing_are_one_line(kubeconfig: Path, tmp_path: Path, name: str) -> None:
    document = json.loads(kubeconfig.read_text())
    document["users"][0]["user"] = {}
    (tmp_path / "nobody").write_text(json.dumps(document))
    code, found = _ended(name, tmp_path / "nobody", tmp_path)
    assert code == 1
    assert found.count("\n") == 1, found
    assert found.startswith("403 Forbidden: ")


@pytest.mark.parametrize("name", _JOINING)
def test_an_api_server_that_is_not_there_is_one_line(
    kubeconfig: Path, tmp_path: Path, name: str
) -> None:
    document = json.loads(kubeconfig.read_text())
    document["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"
    (tmp_path / "nowhere").write_text(json.dumps(document))
    code, found = _ended(name, tmp_path / "nowhere", tmp_path)
    assert code == 1
    assert found.count("\n") == 1, found
    assert found.strip().endswith("dial tcp 127.0.0.1:1: connect: connection refused")


def _ended(name: str, kubeconfig: Path, folder: Path) -> tuple[int, str]:
    directory = ["--directory", str(folder)] if name in {"controllers", "provisioner"} else []
    done = subprocess.run(
        [
            *(sys.executable, "-m", f"pytest_kubeflow.local.{name}"),
            *("--kubeconfig", str(kubeconfig), *directory),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    logged = ("INFO ", "WARNING ")
    lines = [one for one in done.stderr.splitlines(keepends=True) if not one.startswith(logged)]
    return done.returncode, "".join(lines)
