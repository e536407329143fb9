"""Layers of an image, laid one over the other into one directory.

Rules: opencontainers/image-spec layer.md; containerd pkg/archive/tar.go. An entry for a directory
replaces a link of a lower layer, a file below such a link goes to where that leads.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import tarfile
import zlib
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import IO

STANDS_FOR = ".kubelet-image"
"""The file at the root of an image that stands for one of a node's catalogue; its name is in it."""

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "ppc64le": "ppc64le", "s390x": "s390x"}
"""What images call the machines that the kernel names."""

_WHITEOUT, _OPAQUE = ".wh.", ".wh..wh..opq"
_LINKS = 40  # as the kernel follows them
_CHUNK = 1 << 20


class LayerError(Exception):
    """A layer cannot be unpacked; the message says why."""


def unpack(layers: Sequence[Path], diff_ids: Sequence[str], root: Path) -> None:
    """Unpack `layers`, the lowest first, into the empty directory `root`.

    Each is a tar, compressed or not, whose content has the digest of `diff_ids`. Raises LayerError.
    """
    for path, expected in zip(layers, diff_ids, strict=True):
        with path.open("rb") as file:
            plain = _Plain(file)
            try:
                with tarfile.open(fileobj=plain, mode="r|") as archive:
                    for entry in archive:
                        _apply(archive, entry, root)
                plain.drain()
            except (tarfile.TarError, zlib.error, EOFError) as error:
                raise LayerError(f"failed to extract layer {expected}: {error}") from None
        if plain.digest != expected:
            raise LayerError(f"failed to extract layer {expected}: wrong diff id {plain.digest}")


class _Plain(io.RawIOBase):
    """What a file holds, decompressed if it is, and the digest of all that was read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        magic = file.read(4)
        file.seek(0)
        if magic == b"\x28\xb5\x2f\xfd":
            raise LayerError("this node unpacks tar and tar+gzip, and no tar+zstd")
        self._inflate = zlib.decompressobj(31) if magic[:2] == b"\x1f\x8b" else None
        self._left = b""
        self._sum = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        while len(self._left) < size or size < 0:
            chunk = self._file.read(_CHUNK)
            if not chunk:
                break
            plain = chunk if self._inflate is None else self._inflate.decompress(chunk)
            self._sum.update(plain)
            self._left += plain
        found = self._left if size < 0 else self._left[:size]
        self._left = self._left[len(found) :]
        return found

    def drain(self) -> None:
        while self.read(_CHUNK):
            pass

    @property
    def digest(self) -> str:
        return f"sha256:{self._sum.hexdigest()}"


def _apply(archive: tarfile.TarFile, entry: tarfile.TarInfo, root: Path) -> None:
    name = PurePosixPath("/", entry.name)
    if ".." in name.parts:
        raise LayerError(f"its entry {entry.name!r} leads out of the image")
    if name == PurePosixPath("/"):
        return
    folder = _inside(root, name.parent)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name.name
    if name.name == _OPAQUE:
        for one in folder.iterdir():
            _remove(one)
    elif name.name.startswith(_WHITEOUT):
        _remove(folder / name.name.removeprefix(_WHITEOUT))
    else:
        if not (entry.isdir() and path.is_dir() and not path.is_symlink()):
            _remove(path)
        _make(archive, entry, path, root)


def _make(archive: tarfile.TarFile, entry: tarfile.TarInfo, path: Path, root: Path) -> None:
    if entry.issym():
        path.symlink_to(entry.linkname)
        _own(entry, path)
        return
    if entry.islnk():
        target = PurePosixPath("/", entry.linkname)
        os.link(_inside(root, target.parent) / target.name, path, follow_symlinks=False)
        return
    if entry.isdir():
        path.mkdir(exist_ok=True)
    elif entry.isfile():
        content = archive.extractfile(entry)
        assert content is not None
        with path.open("wb") as file:
            shutil.copyfileobj(content, file, _CHUNK)
    elif entry.isfifo():
        os.mkfifo(path)
    else:
        return  # devices: a container has those of its node, and no others
    _own(entry, path)
    path.chmod(entry.mode & 0o7777)
    os.utime(path, (entry.mtime, entry.mtime))


def _own(entry: tarfile.TarInfo, path: Path) -> None:
    if os.getuid() == 0:  # an ordinary user's containers own all that they have
        os.chown(path, entry.uid, entry.gid, follow_symlinks=False)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _inside(root: Path, folder: PurePosixPath) -> Path:
    """Where a directory of the image is, its links followed as inside of the image."""
    parts, found, links = list(folder.parts[1:]), list[str](), 0
    while parts:
        part = parts.pop(0)
        if part in {"", "."}:
            continue
        if part == "..":
            found = found[:-1]
            continue
        path = root.joinpath(*found, part)
        if not path.is_symlink():
            found.append(part)
            continue
        links += 1
        if links > _LINKS:
            raise LayerError(f"its links at {folder} lead in a circle")
        target = PurePosixPath(os.readlink(path))
        if target.is_absolute():
            found, parts = [], [*target.parts[1:], *parts]
        else:
            parts = [*target.parts, *parts]
    return root.joinpath(*found)
