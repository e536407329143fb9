"""Waits: what is told of one thing that is waited for, such as an InferenceService."""

from __future__ import annotations

import time
from collections.abc import Callable

from pytest_kubeflow.scheduling.progress import HEARTBEAT, QUIET, Screen


class Waits:
    """Told by whoever waits, in that thread: what for and how it stands, and None at the end.

    `immediate`: tell from the first second.
    """

    def __init__(
        self,
        screen: Screen,
        *,
        immediate: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._screen = screen
        self._immediate = immediate
        self._clock = clock
        self._since: dict[str, float] = {}
        self._described: dict[str, tuple[str, float]] = {}

    def __call__(self, name: str, state: str | None) -> None:
        """`name` stands so now; None: nobody waits for it any more."""
        if state is None:
            self._since.pop(name, None)
            self._described.pop(name, None)
            if self._screen.is_live:
                self._screen.draw([])
            return
        now = self._clock()
        since = self._since.setdefault(name, now)
        if now - since < QUIET and not self._immediate:
            return
        line = f"{name}: {state} ({now - since:.0f} s)"
        if self._screen.is_live:
            self._screen.draw([line])
            return
        before, spoken = self._described.get(name, ("", now))
        if state != before:
            self._screen.line(f"kubeflow: {line}")
        elif now - spoken >= HEARTBEAT:
            self._screen.line(f"kubeflow: still {line}")
        else:
            return
        self._described[name] = (state, now)
