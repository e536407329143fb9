"""Counts what this process has made on the cluster, by kind, for the report."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping


class Made:
    """Numbers by kind, called as in messages: "pod", "run". Threads share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()

    def add(self, kind: str, count: int = 1) -> None:
        """One more was made."""
        with self._lock:
            self._counts[kind] += count

    def plain(self) -> dict[str, int]:
        """The numbers by kind, in the order of the kinds."""
        with self._lock:
            return dict(sorted(self._counts.items()))

    def since(self, before: Mapping[str, int]) -> dict[str, int]:
        """What has come after `before`, which `plain` gave."""
        grown = {kind: count - before.get(kind, 0) for kind, count in self.plain().items()}
        return {kind: count for kind, count in grown.items() if count}


MADE = Made()
"""That of this process: things are made in many places."""
