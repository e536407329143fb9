"""Deadline and wait_until: the only way in which this plugin waits.

The loop itself is tenacity's; this adds what its users complain about elsewhere: a deadline that
is never overslept, and a timeout that tells the last state and brings the evidence. Calls inside
learn of the deadline, so that their own retries end with it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn, TypeVar

from pytest_kubeflow.errors import ClusterUnreachable, ConfigurationError, Evidence, WaitTimeout

if TYPE_CHECKING:
    from tenacity import RetryCallState

__all__ = ["Deadline", "WaitTimeout", "bounded_by", "current_deadline", "wait_until"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Deadline:
    """A point in time that several waits can share. `at` is on the monotonic clock, in seconds.

    `whose` says for people what the time is of, if not of one wait: "of the session".
    """

    at: float
    seconds: float
    whose: str = ""

    def __str__(self) -> str:
        return f"{self.seconds:g} s {self.whose}".rstrip()

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """The deadline `seconds` from now. Raises ConfigurationError for what is no time."""
        if not isinstance(seconds, int | float) or math.isnan(seconds):
            raise ConfigurationError(f"timeout={seconds!r} is no number of seconds")
        return cls(time.monotonic() + seconds, seconds)

    def remaining(self) -> float:
        """Seconds left, never below 0."""
        return max(0.0, self.at - time.monotonic())

    @property
    def expired(self) -> bool:
        """Whether no time is left."""
        return self.remaining() == 0.0

    def at_most(self, seconds: float) -> float:
        """The shorter of `seconds` and what is left; for the timeout of one call."""
        return min(seconds, self.remaining())


_current: ContextVar[Deadline | None] = ContextVar("deadline", default=None)


@contextmanager
def bounded_by(deadline: Deadline) -> Iterator[None]:
    """Calls inside repeat no attempt past `deadline`, nor past one that bounds this block.

    Each is attempted once at least. Holds for this thread alone, or for a copy of its context.
    """
    outer = _current.get()
    token = _current.set(deadline if outer is None or deadline.at < outer.at else outer)
    try:
        yield
    finally:
        _current.reset(token)


def current_deadline() -> Deadline | None:
    """The deadline that bounds the calls of this thread now; None where none was set."""
    return _current.get()


def wait_until(
    poll: Callable[[], T],
    done: Callable[[T], bool],
    *,
    deadline: Deadline,
    what: str,
    interval: float = 0.1,
    longest: float = 2.0,
    describe: Callable[[T], str] = str,
    evidence: Callable[[], Evidence] | None = None,
) -> T:
    """Call `poll` until `done(state)`, and return that state. `poll` is called once at least.

    Pauses grow from `interval` to `longest` seconds and never past the deadline. `done` may raise
    to end the wait at once on a final state that is not the wanted one; what `poll` raises passes
    through. `what` completes "timed out after 30 s waiting for ...".
    Raises WaitTimeout with the last state, as `describe` puts it, and with `evidence()`;
    ClusterUnreachable, which then tells the last state too, if `poll` raises it before the
    deadline.
    """
    from tenacity import Retrying, retry_if_result

    seen: list[T] = []

    def give_up(more: str = "") -> NoReturn:
        last = _last(seen, describe) + more
        raise WaitTimeout(
            f"timed out after {deadline} waiting for {what}; last state: {last}",
            state=last,
            evidence=evidence() if evidence else None,
        )

    def ask() -> T:
        try:
            seen[:] = [poll()]
        except ClusterUnreachable as error:
            if deadline.expired:
                give_up(f"; {error.message}")
            raise ClusterUnreachable(
                f"{error.message}; it was asked for {what}, last state: {_last(seen, describe)}",
                evidence=error.evidence,
            ) from error
        return seen[0]

    def pause(state: RetryCallState) -> float:
        grown = interval * 1.5 ** min(state.attempt_number - 1, 30)
        return deadline.at_most(min(grown, longest))

    retrying = Retrying(
        retry=retry_if_result(lambda state: not done(state)),
        wait=pause,
        stop=lambda _state: deadline.expired,
        retry_error_callback=lambda _state: give_up(),
    )
    with bounded_by(deadline):
        return retrying(ask)


def _last(seen: list[T], describe: Callable[[T], str]) -> str:
    return describe(seen[0]) if seen else "not known"
