"""Renewal: says again and again, as long as a session lives, that it does."""

from __future__ import annotations

import threading
from collections.abc import Callable

from pytest_kubeflow.errors import KubeflowError
from pytest_kubeflow.k8s.sessions.ownership import LIFETIME


class Renewal:
    """A thread that calls each of what was added, four times in the life of a label.

    `failed(message)` is told what cannot be renewed, each once.
    """

    def __init__(
        self, *, failed: Callable[[str], None] = lambda _: None, interval: float = LIFETIME / 4
    ) -> None:
        self._failed = failed
        self._interval = interval
        self._renewed: list[Callable[[], None]] = []
        self._described: set[str] = set()
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kubeflow-renewal", daemon=True)

    def start(self) -> Renewal:
        """Begin."""
        self._thread.start()
        return self

    def add(self, renew: Callable[[], None]) -> None:
        """From now on, call `renew` as well."""
        with self._lock:
            self._renewed.append(renew)

    def remove(self, renew: Callable[[], None]) -> None:
        """Call it no more; returns when it does not run."""
        with self._lock:
            if renew in self._renewed:
                self._renewed.remove(renew)

    def close(self) -> None:
        """End; returns when nothing is being renewed."""
        self._ended.set()
        self._thread.join()

    def now(self) -> None:
        """Renew everything."""
        with self._lock:
            for renew in self._renewed:
                try:
                    renew()
                except KubeflowError as error:
                    if error.message not in self._described:
                        self._described.add(error.message)
                        self._failed(error.message)

    def _run(self) -> None:
        try:
            while not self._ended.wait(self._interval):
                self.now()
        finally:
            if not self._ended.is_set():
                self._failed(
                    "this session no longer says that it lives: others may remove what it made "
                    f"when that is {LIFETIME / 3600:.0f} h old"
                )
