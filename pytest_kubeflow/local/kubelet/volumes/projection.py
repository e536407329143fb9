"""Projection: files of a volume that change together, as a real node's kubelet writes them.

A new set of files lies in a folder with a time in its name. `..data` leads there, and what a
container opens are links through `..data`: to point that elsewhere is one step, so a reader sees
all of the old files or all of the new ones. Layout: kubernetes/kubernetes
pkg/volume/util/atomic_writer.go, modes and owners: pkg/volume/volume_linux.go.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pytest_kubeflow.local.kubelet.containers.env import ConfigError

_DATA = "..data"


@dataclass(frozen=True, slots=True)
class ProjectedFile:
    """Content and mode of a file; `owner` is its user, if that is not root."""

    data: bytes
    mode: int
    owner: int | None = None


def write_files(folder: Path, files: Mapping[str, ProjectedFile], *, group: int | None) -> None:
    """Make `files`, by their paths in `folder`, all that it shows. Raises ConfigError, OSError."""
    for path in files:
        if ".." in path.split("/") or path.startswith(("/", "..")):
            raise ConfigError(f"path {path!r} leads out of the volume")
    now = datetime.now(UTC)
    fresh = folder / f"..{now:%Y_%m_%d_%H_%M_%S}.{uuid.uuid4().int % 10**10:010}"
    fresh.mkdir(mode=0o755)
    fresh.chmod(0o755)
    for path, content in files.items():
        _write(fresh, path, content)
    own(fresh, group, writable=False)
    link = folder / _DATA
    before = os.readlink(link) if link.is_symlink() else None
    turning = folder / "..data_tmp"
    turning.symlink_to(fresh.name)
    _give(turning, group)
    turning.replace(link)
    shown = {path.split("/")[0] for path in files}
    for name in shown:
        if not os.path.lexists(folder / name):
            (folder / name).symlink_to(f"{_DATA}/{name}")
            _give(folder / name, group)
    for entry in os.listdir(folder):
        if not entry.startswith("..") and entry not in shown:
            (folder / entry).unlink()
    if before is not None:
        shutil.rmtree(folder / before, ignore_errors=True)


def own_folder(path: Path, group: int | None) -> None:
    """Give a volume's own folder to an fsGroup, and not what is in it."""
    if group is not None and os.getuid() == 0:
        _change(str(path), group, 0o2550)


def own(path: Path, group: int | None, *, writable: bool) -> None:
    """Give what is below `path` to an fsGroup; an ordinary user's pods own all they have anyway."""
    if group is None or os.getuid() != 0:
        return
    mask = 0o660 if writable else 0o440
    for folder, folders, files in os.walk(path):
        _change(folder, group, mask | 0o2110)
        for name in files:
            _change(os.path.join(folder, name), group, mask)
        for name in folders:
            if os.path.islink(os.path.join(folder, name)):
                os.lchown(os.path.join(folder, name), -1, group)


def _change(path: str, group: int, bits: int) -> None:
    os.lchown(path, -1, group)
    if not os.path.islink(path):
        os.chmod(path, os.stat(path).st_mode | bits)


def _give(link: Path, group: int | None) -> None:
    if group is not None and os.getuid() == 0:
        os.lchown(link, -1, group)


def _write(folder: Path, path: str, content: ProjectedFile) -> None:
    file = folder / path
    for parent in reversed(file.relative_to(folder).parents[:-1]):
        (folder / parent).mkdir(exist_ok=True)
        (folder / parent).chmod(0o755)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(content.data)
    if content.owner is not None and os.getuid() == 0:
        os.chown(file, content.owner, -1)
    file.chmod(content.mode)
