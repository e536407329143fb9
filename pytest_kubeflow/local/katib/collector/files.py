"""Files in volumes of pods, which may put links and pipes there: only what is a file is read."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

_FLAGS = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def read(directory: Path, name: str, *, place: int = 0, limit: int) -> bytes:
    """Up to `limit` bytes of a file from `place` on. Raises OSError."""
    return _read(os.open(directory / name, os.O_RDONLY | _FLAGS), place, limit)


def write(directory: Path, name: str, text: str) -> None:
    """Write a small file. Raises OSError."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _FLAGS
    with open(os.open(directory / name, flags, 0o644), "w") as file:
        file.write(text)


def below(directory: Path, *, limit: int) -> Iterator[tuple[str, bytes]]:
    """All files below a directory: their paths in it, and their content. Raises OSError."""
    for folder, folders, names, descriptor in os.fwalk(directory):
        folders.sort()
        for name in sorted(names):
            try:
                opened = os.open(name, os.O_RDONLY | _FLAGS, dir_fd=descriptor)
                content = _read(opened, 0, limit)
            except OSError:
                continue  # a link, a pipe, or gone by now
            yield os.path.relpath(os.path.join(folder, name), directory), content


def _read(descriptor: int, place: int, limit: int) -> bytes:
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(22, "Invalid argument")
        file.seek(place)
        return file.read(limit)
