"""PackageCache: this user's directory of what pods of python images need, kept between clusters.

`environments` and `images` have a directory for each set of packages, `uv` and `wheels` are what
these are made from. A running cluster holds a shared lock of the whole, since any of its pods may
be using any of it; who removes something has to hold it alone.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import platformdirs

SETS, SOURCES = ("environments", "images"), ("uv", "wheels")
UNUSED_DAYS = 30
"""For how many days a set of packages is kept that no pod uses."""

_LOCK = "in-use.lock"
_DAY = 24 * 3600.0


class CacheInUseError(Exception):
    """An embedded Kubeflow is running that may need what is in the cache."""


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """A set of packages, or a source of them; `used` is the time of its last use."""

    path: Path
    used: float

    @property
    def size(self) -> int:
        """Bytes on the disk; files with several names count once."""
        seen: dict[tuple[int, int], int] = {}
        for folder, _, files in os.walk(self.path):
            for name in files:
                with contextlib.suppress(FileNotFoundError):
                    found = os.lstat(os.path.join(folder, name))
                    seen[found.st_dev, found.st_ino] = found.st_blocks * 512
        return sum(seen.values())


class PackageCache:
    """What is in `folder`, by default the user's cache directory of pytest-kubeflow."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or platformdirs.user_cache_path("pytest-kubeflow")
        self._lock: IO[str] | None = None

    def hold(self) -> None:
        """Keep others from removing anything, as long as this process lives.

        Before that, what was not used for `UNUSED_DAYS` is removed, unless others use the cache.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(CacheInUseError):
            self.remove(unused_days=UNUSED_DAYS)
        self._lock = (self.folder / _LOCK).open("w")
        fcntl.flock(self._lock, fcntl.LOCK_SH)

    def entries(self) -> list[CacheEntry]:
        """All of it, sources last; the sets in the order of their last use."""
        sets = [one for kind in SETS for one in self._entries(self.folder / kind)]
        sources = [CacheEntry(one, _used(one)) for one in self._sources() if one.is_dir()]
        return [*sorted(sets, key=lambda one: one.used), *sources]

    def remove(self, *, unused_days: float = 0) -> list[CacheEntry]:
        """Remove what was not used for so many days; what it was. Raises CacheInUseError."""
        before = time.time() - unused_days * _DAY
        with self._alone():
            removed = [one for one in self.entries() if one.used <= before]
            for one in removed:
                shutil.rmtree(one.path, ignore_errors=True)
                one.path.with_name(f"{one.path.name}.lock").unlink(missing_ok=True)
        return removed

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / _LOCK).open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise CacheInUseError(
                    f"an embedded Kubeflow is running and uses {self.folder}: stop it first"
                ) from None
            yield

    def _sources(self) -> list[Path]:
        return [self.folder / name for name in SOURCES]

    def _entries(self, folder: Path) -> Iterator[CacheEntry]:
        # Nobody but the owner sees what images hold.
        with contextlib.suppress(FileNotFoundError):
            for one in folder.iterdir():
                if one.is_dir():
                    yield CacheEntry(one, _used(one))


def mark_used(path: Path) -> None:
    """Note that a set of packages, or a source of them, is used now."""
    with contextlib.suppress(OSError):  # one that another user owns, or that is just removed
        os.utime(path)


def _used(path: Path) -> float:
    with contextlib.suppress(FileNotFoundError):
        return path.stat().st_mtime
    return time.time()
