"""Settling: a server that has just started may not know yet who may do what.

An API server answers 403 until it has read all roles and bindings, and what asks it for others
passes that on. Nothing says that it has: a refusal after an outage is asked again for some time.
"""

from __future__ import annotations

import time
from collections.abc import Callable

PROVED_PAUSE = 1.0
"""Seconds from the proof that rights are known to the last attempt of what was refused.

Roles and bindings are read side by side: what is refused may need another one than the proof.
"""

_REFUSALS = frozenset({401, 403})


class Settling:
    """Whether refusals may be passing: for `seconds` after the last loss they may."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.lost_at = float("-inf")
        """When the server last did not answer."""

        self.witness: Callable[[], bool] | None = None
        """Asks for something that was allowed to us before; whether it still is."""

    def lost(self) -> None:
        """The server did not answer."""
        self.lost_at = time.monotonic()

    def is_passing(self, error: BaseException, began: float) -> bool:
        """Whether an error in answer to what was asked at `began` is such a refusal.

        It counts when it was asked for: one that has just started may take its time to refuse.
        """
        since = began - self.lost_at
        return getattr(error, "status", None) in _REFUSALS and since < self._seconds

    def is_proved_over(self) -> bool:
        """Whether the witness says that rights are known; without one nobody can tell."""
        return self.witness is not None and self.witness()
