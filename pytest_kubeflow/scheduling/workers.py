"""Progress under pytest-xdist: workers write lines into files, and the controller shows them.

A worker has no terminal, and its channel to the controller takes no messages but xdist's own.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

_INTERVAL = 0.5


class WorkerScreen:
    """The Screen of a worker: a file that only grows. `redact` takes secrets out of each line."""

    is_live = False

    def __init__(self, path: Path, redact: Callable[[str], str]) -> None:
        self._path = path
        self._redact = redact

    def line(self, text: str) -> None:
        """Add a line."""
        message = " ".join(self._redact(text).split())
        with contextlib.suppress(OSError), self._path.open("a", encoding="utf-8") as file:
            file.write(f"{message}\n")

    def draw(self, lines: Sequence[str]) -> None:
        """Nothing: a file cannot be drawn anew."""


class WorkerLines:
    """Hands the lines of all workers to `show`, in a thread, with the name of the worker."""

    def __init__(self, show: Callable[[str], None]) -> None:
        self._show = show
        self._folder = Path(tempfile.mkdtemp(prefix="kf-progress-"))
        self._read: dict[Path, int] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="progress", daemon=True)
        self._thread.start()

    def path_for(self, worker: str) -> Path:
        """Where a worker is to write."""
        return self._folder / worker

    def stop(self) -> None:
        """Show what is left, and end."""
        self._over.set()
        self._thread.join()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _follow(self) -> None:
        while not self._over.wait(_INTERVAL):
            self._look()
        self._look()

    def _look(self) -> None:
        for path in sorted(self._folder.iterdir()):
            with path.open("rb") as file:
                file.seek(self._read.get(path, 0))
                whole, end, _ = file.read().rpartition(b"\n")
            self._read[path] = self._read.get(path, 0) + len(whole) + len(end)
            for line in whole.decode(errors="replace").splitlines():
                self._show(f"[{path.name}] {line}")
