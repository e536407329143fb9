"""Tally: how many responses were lost on the way, of which client and how, for the report."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping

_KINDS = 3


class Tally:
    """Counts losses by client and kind. Threads share it."""

    def __init__(self, counts: Mapping[str, Mapping[str, int]] | None = None) -> None:
        self._lock = threading.Lock()
        self._counts: dict[str, Counter[str]] = {}
        if counts:
            self.add_all(counts)

    def add(self, client: str, kind: str, count: int = 1) -> None:
        """So many responses to this client were lost in this way, and are asked for again."""
        with self._lock:
            self._counts.setdefault(client, Counter())[kind] += count

    def add_all(self, counts: Mapping[str, Mapping[str, int]]) -> None:
        """What another process has counted."""
        for client, kinds in counts.items():
            for kind, count in kinds.items():
                self.add(client, kind, count)

    def plain(self) -> Mapping[str, Mapping[str, int]]:
        """The counts: {client: {kind: number}}."""
        with self._lock:
            return {client: dict(kinds) for client, kinds in self._counts.items()}

    def since(self, before: Mapping[str, Mapping[str, int]]) -> Tally:
        """What has come after `before`, which `plain` gave."""
        grown = {
            client: {kind: n - before.get(client, {}).get(kind, 0) for kind, n in kinds.items()}
            for client, kinds in self.plain().items()
        }
        return Tally(
            {
                client: {kind: number for kind, number in kinds.items() if number}
                for client, kinds in grown.items()
            }
        )

    def sentence(self) -> str:
        """3 responses were lost on the way and asked for again: gateway 2 (503); S3 1 (time-out).

        Or "", if none was. Of the kinds of a client the most frequent three are told.
        """
        counts = {client: Counter(kinds) for client, kinds in self.plain().items() if kinds}
        total = sum(kinds.total() for kinds in counts.values())
        if not total:
            return ""
        parts = []
        for client, kinds in sorted(counts.items()):
            message = ", ".join(
                kind if len(kinds) == 1 else f"{kind} {number}"
                for kind, number in kinds.most_common(_KINDS)
            )
            more = ", ..." if len(kinds) > _KINDS else ""
            parts.append(f"{client} {kinds.total()} ({message}{more})")
        was = "response was" if total == 1 else "responses were"
        return f"{total} {was} lost on the way and asked for again: {'; '.join(parts)}"


LOST = Tally()
"""Those of this process: clients are made in many places and outlive what made them."""
