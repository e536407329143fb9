"""Losses: what a session has lost to servers that do not answer, in one process or in several.

The workers of pytest-xdist read evidence of one cluster: what one of them has waited for in vain
the others need not wait for again. They share a small file, and the clock of their machine.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO


@dataclass
class Losses:
    """`left` seconds; until when time was counted; which clients' servers are silent."""

    left: float
    counted_to: float = float("-inf")
    met_outage: bool = False
    silent: list[str] = field(default_factory=list)


class OwnLosses:
    """Those of one process. Threads may share it."""

    def __init__(self, seconds: float) -> None:
        self._lock = threading.Lock()
        self._losses = Losses(seconds)

    @property
    def now(self) -> Losses:
        """As they are; not to be changed."""
        return self._losses

    @contextmanager
    def change(self) -> Iterator[Losses]:
        """What is changed inside holds for all."""
        with self._lock:
            yield self._losses


class SharedLosses:
    """Those of several processes, in the file at `path`, which `make` has written.

    Once the file is gone they are this process' own. Raises OSError if it is not there at first.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._known: tuple[int, int] | None = None
        self._losses = Losses(0.0)
        self._losses = self._read()

    @classmethod
    def make(cls, path: Path, seconds: float) -> SharedLosses:
        """Begin a session's."""
        path.write_text(json.dumps(asdict(Losses(seconds))), encoding="utf-8")
        return cls(path)

    @property
    def now(self) -> Losses:
        """As they are; not to be changed."""
        with self._lock:
            try:
                seen = self._path.stat()
                if (seen.st_mtime_ns, seen.st_size) != self._known:
                    self._losses = self._read()
                    self._known = seen.st_mtime_ns, seen.st_size
            except OSError:
                pass
            return self._losses

    @contextmanager
    def change(self) -> Iterator[Losses]:
        """What is changed inside holds for all."""
        with self._lock:
            try:
                file = self._path.open("r+", encoding="utf-8")
            except OSError:
                yield self._losses
                return
            with file, _locked(file):
                self._losses = self._parsed(file)
                yield self._losses
                file.seek(0)
                file.truncate()
                json.dump(asdict(self._losses), file)
                file.flush()

    def _read(self) -> Losses:
        with self._path.open(encoding="utf-8") as file, _locked(file, shared=True):
            return self._parsed(file)

    def _parsed(self, file: IO[str]) -> Losses:
        try:
            return Losses(**json.load(file))
        except (ValueError, TypeError):  # who wrote it was killed meanwhile
            return self._losses


@contextmanager
def _locked(file: IO[str], *, shared: bool = False) -> Iterator[None]:
    """No other process changes it meanwhile. Closing the file unlocks it."""
    try:
        import fcntl
    except ImportError:  # not on Windows
        yield
        return
    fcntl.flock(file, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
    yield
