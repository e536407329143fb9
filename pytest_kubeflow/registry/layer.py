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
_COMPRESSION = 6
"""As buildkit has it: 9 takes three times as long for layers that are half a percent smaller."""


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
    _check_size(len(plain))
    compressed = gzip.compress(plain, _COMPRESSION, mtime=0)
    return Layer(compressed, f"sha256:{hashlib.sha256(plain).hexdigest()}")


def _flat(files: Mapping[str, bytes | str | Path]) -> list[tuple[str, bytes, int]]:
    if not isinstance(files, Mapping):
        raise ConfigurationError(
            'the files of an image are a dictionary, such as {"/opt/tool.py": "..."}, not a '
            f"{type(files).__name__}"
        )
    found: dict[str, tuple[Path | bytes, int]] = {}
    for target, content in files.items():
        path = _checked(target)
        pairs = _of_machine(path, content) if isinstance(content, Path) else [(path, content)]
        for place, one in pairs:
            name = str(place).lstrip("/")
            if name in found:
                raise ConfigurationError(f"/{name} is there twice among the files of an image")
            found[name] = _with_mode(place, one)
    for name in found:
        for above in map(str, PurePosixPath(name).parents):
            if above in found:
                raise ConfigurationError(f"/{above} is a file of an image, and cannot have /{name}")
    # Before any is read, which may be larger than the memory of this machine.
    _check_size(sum(_size(one) for one, _ in found.values()))
    return [(name, _read(one), mode) for name, (one, mode) in found.items()]


def _checked(target: object) -> PurePosixPath:
    path = PurePosixPath(target) if isinstance(target, str) else PurePosixPath()
    printable = isinstance(target, str) and "\0" not in target and _encoded(target) is not None
    if not printable or not path.is_absolute() or ".." in path.parts or len(path.parts) == 1:
        raise ConfigurationError(f"{target!r} is no absolute path of a file in an image")
    return path


def _of_machine(target: PurePosixPath, source: Path) -> list[tuple[PurePosixPath, Path]]:
    if source.is_dir():
        inside = [one for one in sorted(source.rglob("*")) if one.is_file()]
        return [(target / one.relative_to(source).as_posix(), one) for one in inside]
    if source.is_file():
        return [(target, source)]
    raise ConfigurationError(f"there is no file {source} for {target} of an image")


def _with_mode(target: PurePosixPath, content: object) -> tuple[Path | bytes, int]:
    if isinstance(content, Path):
        return content, _EXECUTABLE if content.stat().st_mode & 0o100 else _PLAIN
    data = _encoded(content) if isinstance(content, str) else content
    if not isinstance(data, bytes | bytearray):
        what = "text that UTF-8 does not have" if data is None and content else repr(content)
        raise ConfigurationError(
            f"{target} of an image is text, bytes or the Path of a file, not {what[:100]}"
        )
    return bytes(data), _EXECUTABLE if data.startswith(b"#!") else _PLAIN


def _encoded(text: str) -> bytes | None:
    try:
        return text.encode()
    except UnicodeEncodeError:
        return None


def _size(content: Path | bytes) -> int:
    return content.stat().st_size if isinstance(content, Path) else len(content)


def _read(content: Path | bytes) -> bytes:
    if not isinstance(content, Path):
        return content
    try:
        return content.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{content} cannot be read for an image: {error}") from error


def _check_size(count: int) -> None:
    if count > _LARGEST:
        raise ConfigurationError(
            f"the files of an image are {count >> 20} MiB together: {_LARGEST >> 20} MiB is "
            "the most that is pushed; build such an image by a program for that"
        )
