"""FaultSet: the faults of a cluster, as its node asks for them."""

from __future__ import annotations

from typing import Protocol


class FaultSet(Protocol):
    """The named faults that are on now."""

    def active(self, name: str) -> bool: ...
