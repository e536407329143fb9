"""A bundle as a directory or as a .zip: written whole or not at all, and read with bounds."""

from __future__ import annotations

import io
import os
import shutil
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

from pytest_kubeflow.errors import ConfigurationError

_LARGEST = 64 * 1024 * 1024
_MOST = 100
_EPOCH = (1980, 1, 1, 0, 0, 0)
_MODE = (stat.S_IFREG | 0o644) << 16


def write(path: Path, files: Mapping[str, bytes]) -> None:
    """Write these. Raises OSError; a directory must not be there, or be empty."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix.lower() == ".zip":
        from pytest_kubeflow.reporting.replacing import replacing

        with replacing(path) as file:
            file.write(_zipped(files))
        return
    made = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
    try:
        for name, content in files.items():
            (made / name).write_bytes(content)
        made.chmod(0o755)
        os.replace(made, path)  # which takes the place of an empty directory
    except BaseException:
        shutil.rmtree(made)
        raise


def _zipped(files: Mapping[str, bytes]) -> bytes:
    """An archive without times: the same files give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr = _MODE
            entry.create_system = 3
            archive.writestr(entry, content, zipfile.ZIP_STORED)
    return buffer.getvalue()


def read(path: Path) -> dict[str, bytes]:
    """The files of a bundle. Raises ConfigurationError, one line, where there is none to read."""
    try:
        return _unzipped(path) if path.is_file() else _directory(path)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror or error}") from None
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError) as error:
        raise ConfigurationError(f"{path} is no bundle: {error}") from None


def _directory(path: Path) -> dict[str, bytes]:
    found = {}
    entries = sorted(path.iterdir())
    _bounded(path, len(entries), 0)
    for one in entries:
        if one.is_symlink() or not one.is_file():
            raise ConfigurationError(f"{path} is no bundle: {one.name} in it is no plain file")
    _bounded(path, 0, sum(one.stat().st_size for one in entries))
    for one in entries:
        found[one.name] = one.read_bytes()
    return found


def _unzipped(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        _bounded(path, len(entries), sum(one.file_size for one in entries))
        found: dict[str, bytes] = {}
        for one in entries:
            if one.is_dir() or "/" in one.filename or "\\" in one.filename:
                raise ConfigurationError(f"{path} is no bundle: {one.filename} is below a folder")
            if one.filename in found:
                raise ConfigurationError(f"{path} is no bundle: it has {one.filename} twice")
            found[one.filename] = archive.read(one)
        return found


def _bounded(path: Path, count: int, size: int) -> None:
    if count > _MOST or size > _LARGEST:
        raise ConfigurationError(
            f"{path} is no bundle: it has {count} files"
            if count > _MOST
            else f"{path} is no bundle: it has {size} bytes, and none is larger than {_LARGEST}"
        )
