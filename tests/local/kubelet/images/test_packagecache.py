"""What Python environments of pods leave on disk: listed, removed, never while a cluster runs."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pytest_kubeflow.local.kubelet.images.packagecache import (
    UNUSED_DAYS,
    CacheInUseError,
    PackageCache,
)

DAY = 24 * 3600


def made(folder: Path, name: str, *, days: float) -> Path:
    """A set of packages, or a source of them, last used so many days ago."""
    path = folder / name
    path.mkdir(parents=True)
    (path / "file").write_bytes(b"x" * 5000)
    os.link(path / "file", path / "again")
    path.with_name(f"{path.name}.lock").touch()
    os.utime(path, (time.time() - days * DAY,) * 2)
    return path


def test_what_is_there(tmp_path: Path) -> None:
    new = made(tmp_path, "environments/new", days=1)
    old = made(tmp_path, "images/old", days=3)
    wheels = made(tmp_path, "wheels", days=9)
    made(tmp_path, "kubernetes-1.34", days=99)
    found = PackageCache(tmp_path).entries()
    assert [one.path for one in found] == [old, new, wheels]
    assert [one.size for one in found] == [8192] * 3


def test_what_is_not_used_for_long_goes_at_a_start(tmp_path: Path) -> None:
    old = made(tmp_path, "environments/old", days=UNUSED_DAYS + 1)
    new = made(tmp_path, "environments/new", days=UNUSED_DAYS - 1)
    other = made(tmp_path, "kubernetes-1.34", days=99)
    PackageCache(tmp_path).hold()
    assert not old.exists()
    assert not old.with_name("old.lock").exists()
    assert new.is_dir()
    assert other.is_dir()


def test_nothing_goes_under_a_running_cluster(tmp_path: Path) -> None:
    running, beside = PackageCache(tmp_path), PackageCache(tmp_path)
    running.hold()
    old = made(tmp_path, "environments/old", days=99)
    beside.hold()  # another cluster that starts
    assert old.is_dir()
    with pytest.raises(CacheInUseError, match=f"uses {tmp_path}: stop it first"):
        PackageCache(tmp_path).remove()
    del running, beside
    assert [one.path for one in PackageCache(tmp_path).remove()] == [old]
    assert not old.exists()


def test_the_command(tmp_path: Path) -> None:
    kept = tmp_path / "pytest-kubeflow"
    made(kept, "images/lab", days=2)

    def run(option: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "pytest_kubeflow.local", option],
            env=os.environ | {"XDG_CACHE_HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )

    listed = run("--cache")
    assert listed.returncode == 0, listed.stderr
    assert "0 MiB  last used" in listed.stdout
    assert listed.stdout.rstrip().endswith("days it is removed at a start")
    held = PackageCache(kept)
    held.hold()
    refused = run("--empty-cache")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith("an embedded Kubeflow is running and uses")
    del held
    assert run("--empty-cache").returncode == 0
    assert not (kept / "images/lab").exists()
