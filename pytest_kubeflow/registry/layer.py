"""Layers of images: a tar of files, the same bytes for the same files."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pytest_kubeflow.errors import ConfigurationError

_LARGEST = 512 << 20  # bytes of one layer, which is held in memory
_EXECUTABLE, _PLAIN = 0o755, 0o644


@dataclass(frozen=True, slots=True)
class Layer:
    """`content` is the tar, compressed; `diff_id` the digest of what it is without that."""

    content: bytes
    diff_id: str


def layer_of(files: Mapping[str, bytes | str | Path]) -> Layer:
    """A layer with `files`: content, text, or a file or directory of this machine, by its path.

    A file that is executable here is there; what is given as text or bytes is, if it begins with
    `#!`. All belongs to root, and to the beginning of 1970. Raises ConfigurationError.
    """
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w", format=tarfile.PAX_FORMAT) as archive:
        # No entries for folders: one for /bin would replace a link of the base's to /usr/bin.
        for path, content, mode in sorted(_flat(files)):
            entry = tarfile.TarInfo(path)
            entry.mode, entry.mtime, entry.size = mode, 0, len(content)
            archive.addfile(entry, io.BytesIO(content))
    plain = written.getvalue()
    if len(plain) > _LARGEST:
        raise ConfigurationError(
            f"the files of an image are {len(plain) >> 20} MiB together: {_LARGEST >> 20} MiB is "
            "the most that is pushed; build such an image by a program for that"
        )
    return Layer(gzip.compress(plain, mtime=0), f"sha256:{hashlib.sha256(plain).hexdigest()}")


def _flat(files: Mapping[str, bytes | str | Path]) -> list[tuple[str, bytes, int]]:
    found: list[tuple[str, bytes, int]] = []
    for target, content in files.items():
        path = PurePosixPath(target)
        if not path.is_absolute() or ".." in path.parts or path == PurePosixPath("/"):
            raise ConfigurationError(f"{target!r} is no absolute path of a file in an image")
        if isinstance(content, Path):
            found += _of_machine(path, content)
            continue
        data = content.encode() if isinstance(content, str) else content
        found.append((_name(path), data, _EXECUTABLE if data.startswith(b"#!") else _PLAIN))
    return found


def _of_machine(target: PurePosixPath, source: Path) -> list[tuple[str, bytes, int]]:
    if source.is_dir():
        inside = [one for one in sorted(source.rglob("*")) if one.is_file()]
        pairs = [(target / one.relative_to(source).as_posix(), one) for one in inside]
    elif source.is_file():
        pairs = [(target, source)]
    else:
        raise ConfigurationError(f"there is no file {source} for {target} of an image")
    return [
        (_name(path), one.read_bytes(), _EXECUTABLE if one.stat().st_mode & 0o100 else _PLAIN)
        for path, one in pairs
    ]


def _name(path: PurePosixPath) -> str:
    return str(path).lstrip("/")
