"""Bundles as directories and archives: written whole, read with bounds."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_kubeflow.conformance.archive import read, write
from pytest_kubeflow.errors import ConfigurationError

from .samples import bundle


@pytest.mark.parametrize("name", ["new/bundle", "new/bundle.zip", "new/BUNDLE.ZIP"])
def test_written_and_read(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    write(path, bundle())
    assert read(path) == bundle()
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_archives_of_the_same_are_the_same(tmp_path: Path) -> None:
    for name in ("a.zip", "b.zip"):
        write(tmp_path / name, bundle())
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_a_directory_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("x")
    with pytest.raises(OSError, match="not empty"):
        write(tmp_path, bundle())
    assert [one.name for one in tmp_path.iterdir()] == ["kept"]


def test_only_plain_files_are_read(tmp_path: Path) -> None:
    write(tmp_path / "bundle", bundle())
    (tmp_path / "bundle" / "e2e.log").unlink()
    os.symlink("/etc/passwd", tmp_path / "bundle" / "e2e.log")
    with pytest.raises(ConfigurationError, match=r"e2e\.log in it is no plain file"):
        read(tmp_path / "bundle")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["../e2e.log"], "is below a folder"),
        (["a/e2e.log"], "is below a folder"),
        (["e2e.log", "e2e.log"], "it has e2e.log twice"),
        ([f"{number}" for number in range(101)], "it has 101 files"),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_odd_archives(tmp_path: Path, names: list[str], message: str) -> None:
    path = tmp_path / "odd.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    with pytest.raises(ConfigurationError, match=message):
        read(path)


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("e2e.log", bytes(65 * 1024 * 1024))
    with pytest.raises(ConfigurationError, match="bytes, and none is larger"):
        read(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary())
def test_no_file_breaks_the_reader(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "any.zip"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError) as raised:
        read(path)
    assert "\n" not in raised.value.message
