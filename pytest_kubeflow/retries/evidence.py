"""EvidenceBudget: how long a session waits for evidence that its cluster no longer gives.

Reading evidence must not be what a dead cluster costs. Inside of `reading_evidence` calls of all
clients lose a bounded time together, in all of the session: each attempt gets half of what is left,
after the first outage nothing is asked twice, and once the time is spent, servers that have not
answered are not asked any more. A server that answers is always asked: it costs nothing. Workers of
pytest-xdist lose the same seconds (`losses.py`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path

from pytest_kubeflow.errors import ClusterUnreachable
from pytest_kubeflow.retries.losses import OwnLosses, SharedLosses

SECONDS = 20.0
"""What a session may lose, unless --kf-evidence-timeout says otherwise."""

_FIRST_OUTAGE = 2.0
"""Seconds for which requests are repeated in the first outage: it may be a hiccup."""

_LEAST = 1.0
"""Seconds that an attempt gets at least."""

_OTHERS = 3.0
"""Of a session's seconds, what is left for servers that fall silent after the others."""

_reading: ContextVar[bool] = ContextVar("reading_evidence", default=False)


class NotAsked(ClusterUnreachable):
    """It was not asked, since it did not answer before and the time for that is spent."""


class EvidenceBudget:
    """Of one session, in one process or in several. Threads may share it."""

    def __init__(
        self, seconds: float = SECONDS, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self.renew(seconds)

    def renew(self, seconds: float = SECONDS, *, shared: Path | None = None) -> None:
        """Another session begins; `shared` is the file of what its other processes lose, too."""
        self._seconds = seconds
        self._losses: OwnLosses | SharedLosses = OwnLosses(_bearable(seconds))
        if shared is not None:
            with suppress(OSError):  # the other processes are on another machine
                self._losses = SharedLosses(shared)

    def share(self, path: Path) -> None:
        """Let other processes of the session lose the same seconds, by this file."""
        self._losses = SharedLosses.make(path, self._losses.now.left)

    @property
    def is_spent(self) -> bool:
        """Whether nothing is left, and the servers that took it are silent still."""
        losses = self._losses.now
        return losses.left < _LEAST and bool(losses.silent)

    @property
    def reason(self) -> str:
        """One line for what is not read any more."""
        silent = sorted(self._losses.now.silent) or ["the cluster"]
        message = " and ".join(silent) + (" does" if len(silent) == 1 else " do")
        return (
            f"not asked: {message} not answer any more, and the {self._seconds:g} s for which a "
            "session waits for evidence are spent (--kf-evidence-timeout)"
        )

    @property
    def bearable(self) -> float:
        """Seconds for which requests are repeated in an outage now."""
        return 0.0 if self._losses.now.met_outage else _FIRST_OUTAGE

    def seconds(self, usual: float) -> float:
        """What an attempt may take that has `usual` seconds otherwise."""
        return min(usual, max(self._losses.now.left / 2, _LEAST))

    def admit(self, client: str) -> None:
        """Raise NotAsked if `client` is silent and nothing is left."""
        losses = self._losses.now
        if losses.left < _LEAST and client in losses.silent:
            raise NotAsked(self.reason)

    def lost(self, client: str, since: float) -> None:
        """An attempt that began at `since` was not answered."""
        with self._losses.change() as losses:
            now = self._clock()
            # Clients that ask through others, or at the same time, lose the same time.
            losses.left -= max(0.0, now - max(since, losses.counted_to))
            losses.counted_to = now
            losses.met_outage = True
            if client not in losses.silent:
                losses.silent.append(client)

    def answered(self, client: str) -> None:
        """It is there."""
        if client in self._losses.now.silent:
            with self._losses.change() as losses:
                losses.silent[:] = [one for one in losses.silent if one != client]


def _bearable(seconds: float) -> float:
    return max(seconds - _OTHERS, seconds / 2)


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
