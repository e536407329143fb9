"""Whether something can be written at a path: asked before the first test, without writing it."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def unwritable(path: Path, *, directory: bool = False) -> str:
    """Why no file (or no directory, whose files are written) can be made at `path`; "" if it can.

    Directories that are missing would be made, so the first that exists has to let us. Nothing is
    changed on the disk. A device such as /dev/stdout is as good as a file.
    """
    try:
        found = _mode(path)
        if found is None:
            return _unmakeable(path)
        if directory and not stat.S_ISDIR(found):
            return f"{path} is a file, and a directory is needed"
        if not directory and stat.S_ISDIR(found):
            return f"{path} is a directory, and a file is needed"
        return "" if _may_write(path) else f"{path} may not be written to"
    except OSError as error:
        return f"{path}: {error.strerror}"


def _unmakeable(path: Path) -> str:
    parent = path.parent
    while (found := _mode(parent)) is None and parent != parent.parent:
        parent = parent.parent
    if found is None:
        return f"there is no {parent}"
    if not stat.S_ISDIR(found):
        return f"{parent} is a file, and {path} would be below it"
    return "" if _may_write(parent) else f"{parent} may not be written to"


def _mode(path: Path) -> int | None:
    """What is at `path`, behind links; None if nothing is."""
    try:
        return path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None


def _may_write(path: Path) -> bool:
    """Whether the system would let us: of a directory, make files in it. Asks for mounts too."""
    needed = os.W_OK | os.X_OK if path.is_dir() else os.W_OK
    return os.access(path, needed, effective_ids=os.access in os.supports_effective_ids)
