"""Activity: which revisions are being asked, for the component that scales them.

On a real platform Knative's activator and queue proxies push these figures to its autoscaler.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Revision = tuple[str, str]
"""Namespace and name; the name is also that of the revision's Service."""


class Activity:
    """Counts requests under way; listeners hear of a request that finds nobody."""

    def __init__(self) -> None:
        self._under_way: dict[Revision, int] = {}
        self._last: dict[Revision, float] = {}
        self._listeners: list[Callable[[Revision], None]] = []

    def on_demand(self, listener: Callable[[Revision], None]) -> None:
        """Call `listener` with the revision that a request waits for; it must not block."""
        self._listeners.append(listener)

    def demand(self, revision: Revision) -> None:
        """A request waits for a pod of `revision`."""
        for listener in self._listeners:
            listener(revision)

    @contextmanager
    def request(self, revision: Revision) -> Iterator[None]:
        """While a request is under way, held or served."""
        self._under_way[revision] = self._under_way.get(revision, 0) + 1
        try:
            yield
        finally:
            self._under_way[revision] -= 1
            self._last[revision] = asyncio.get_running_loop().time()

    def busy(self, revision: Revision) -> bool:
        return self._under_way.get(revision, 0) > 0

    def idle_since(self, revision: Revision) -> float | None:
        """The loop's time when the last request ended; None if there was none."""
        return self._last.get(revision)
