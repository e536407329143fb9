"""ReasonClock: for how long each of several reasons has been there, look after look.

What keeps something from going on may pass: a reason counts from the look that first saw it, and
anew when one has not seen it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class ReasonClock:
    """`time` gives seconds that only grow."""

    time: Callable[[], float] = time.monotonic
    _since: dict[str, float] = field(default_factory=dict, init=False)
    _seen: set[str] = field(default_factory=set, init=False)

    @contextmanager
    def look(self) -> Iterator[None]:
        """One look, in which `lasts` is asked about all reasons that are there."""
        self._seen.clear()
        yield
        self._since = {reason: at for reason, at in self._since.items() if reason in self._seen}

    def lasts(self, reason: str, seconds: float) -> bool:
        """Whether a reason, which is there, has been for so long."""
        self._seen.add(reason)
        now = self.time()
        return now - self._since.setdefault(reason, now) >= seconds
