"""EvidenceBudget: how long a session waits for evidence that its cluster no longer gives.

Reading evidence must not be what a dead cluster costs. Inside of `reading_evidence` calls of all
clients lose a bounded time together, in all of the session: each attempt gets half of what is left,
after the first outage nothing is asked twice, and once the time is spent, servers that have not
answered are not asked any more. A server that answers is always asked: it costs nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from pytest_kubeflow.errors import ClusterUnreachable

SECONDS = 20.0
"""What a session may lose, unless --kf-evidence-timeout says otherwise."""

_FIRST_OUTAGE = 2.0
"""Seconds for which the first outage is borne: it may be a hiccup."""

_LEAST = 1.0
"""Seconds that an attempt gets at least."""

_OTHERS = 3.0
"""Of a session's seconds, what is left for servers that fall silent after the others."""

_reading: ContextVar[bool] = ContextVar("reading_evidence", default=False)


class NotAsked(ClusterUnreachable):
    """It was not asked, since it did not answer before and the time for that is spent."""


class EvidenceBudget:
    """Of one session in one process; threads may share it."""

    def __init__(
        self, seconds: float = SECONDS, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self.renew(seconds)

    def renew(self, seconds: float = SECONDS) -> None:
        """Another session begins."""
        self._seconds = seconds
        self._left = max(seconds - _OTHERS, seconds / 2)
        self._counted_to = float("-inf")
        self._silent: set[str] = set()
        self._met_outage = False

    @property
    def is_spent(self) -> bool:
        """Whether nothing is left, and the servers that took it are silent still."""
        return self._left < _LEAST and bool(self._silent)

    @property
    def reason(self) -> str:
        """One line for what is not read any more."""
        silent = sorted(self._silent) or ["the cluster"]
        told = " and ".join(silent) + (" does" if len(silent) == 1 else " do")
        return (
            f"not asked: {told} not answer any more, and the {self._seconds:g} s for which a "
            "session waits for evidence are spent (--kf-evidence-timeout)"
        )

    @property
    def bearable(self) -> float:
        """Seconds for which an outage is borne now."""
        return 0.0 if self._met_outage else _FIRST_OUTAGE

    def seconds(self, usual: float) -> float:
        """What an attempt may take that has `usual` seconds otherwise."""
        return min(usual, max(self._left / 2, _LEAST))

    def admit(self, client: str) -> None:
        """Raise NotAsked if `client` is silent and nothing is left."""
        if self._left < _LEAST and client in self._silent:
            raise NotAsked(self.reason)

    def lost(self, client: str, since: float) -> None:
        """An attempt that began at `since` was not answered."""
        with self._lock:
            now = self._clock()
            # Clients that ask through others lose the same time.
            self._left -= max(0.0, now - max(since, self._counted_to))
            self._counted_to = now
            self._met_outage = True
            self._silent.add(client)

    def answered(self, client: str) -> None:
        """It is there."""
        if client in self._silent:
            with self._lock:
                self._silent.discard(client)


EVIDENCE = EvidenceBudget()
"""Evidence is read by errors that a test raises, far from any configuration: one for a process."""


@contextmanager
def reading_evidence() -> Iterator[None]:
    """Calls inside are for evidence: in this thread, or a copy of its context."""
    token = _reading.set(True)
    try:
        yield
    finally:
        _reading.reset(token)


def is_reading_evidence() -> bool:
    """Whether what is asked now is evidence."""
    return _reading.get()


def attempt_seconds(usual: float) -> float:
    """The time-out of an attempt: `usual`, or less where it reads evidence."""
    return EVIDENCE.seconds(usual) if _reading.get() else usual
