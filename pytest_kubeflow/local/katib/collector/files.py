"""Files in volumes of pods, which may put links and pipes there: only what is a file is read."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_FLAGS = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def read(directory: Path, name: str, *, place: int = 0, limit: int) -> bytes:
    """Up to `limit` bytes of a file from `place` on. Raises OSError."""
    with _opened(os.open(directory / name, os.O_RDONLY | _FLAGS)) as file:
        file.seek(place)
        return file.read(limit)


def lines(directory: Path, name: str, *, longest: int) -> Iterator[bytes]:
    """All lines of a file, without their ends; a longer one in parts. Raises OSError."""
    with _opened(os.open(directory / name, os.O_RDONLY | _FLAGS)) as file:
        while line := file.readline(longest):
            yield line.removesuffix(b"\n")


def write(directory: Path, name: str, text: str) -> None:
    """Write a small file. Raises OSError."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _FLAGS
    with open(os.open(directory / name, flags, 0o644), "w") as file:
        file.write(text)


def below(directory: Path) -> Iterator[tuple[str, BinaryIO]]:
    """All files below a directory: their paths in it, and themselves, open. Raises OSError."""
    for folder, folders, names, descriptor in os.fwalk(directory):
        folders.sort()
        for name in sorted(names):
            try:
                file = _opened(os.open(name, os.O_RDONLY | _FLAGS, dir_fd=descriptor))
            except OSError:
                continue  # a link, a pipe, or gone by now
            with file:
                yield os.path.relpath(os.path.join(folder, name), directory), file


def _opened(descriptor: int) -> BinaryIO:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(22, "Invalid argument")
    return open(descriptor, "rb")
