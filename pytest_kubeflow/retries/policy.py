"""RetryPolicy: how long a server may be away before a call gives up.

One policy for every call of a client, reads and writes. It ends with the deadline that bounds the
caller (`pytest_kubeflow.waiting.bounded_by`), or `max_outage` seconds after the first loss.
"""

from __future__ import annotations

import math
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, NoReturn, TypeVar

from pytest_kubeflow.retries.attempts import Attempt, AttemptObserver
from pytest_kubeflow.retries.evidence import EVIDENCE, EvidenceBudget, is_reading_evidence
from pytest_kubeflow.retries.network import outage_of
from pytest_kubeflow.retries.outage import LostResponse, Outage
from pytest_kubeflow.retries.tally import LOST, Tally
from pytest_kubeflow.waiting import Deadline, bounded_by, current_deadline

if TYPE_CHECKING:
    from tenacity import RetryCallState

T = TypeVar("T")

MAX_OUTAGE = 120.0
"""Seconds for which a server that does not answer is asked again, unless a policy says less."""

PAUSES = (0.2, 2.0)
"""Seconds between two attempts: the first pause, and what it doubles up to."""

_AT_LEAST = 2
"""How often what has a short time is asked again at least, however long a response takes."""

_REFUSALS = frozenset({401, 403})

_bearable: ContextVar[float | None] = ContextVar("max_outage", default=None)
_current: ContextVar[_Repetition | None] = ContextVar("repetition", default=None)


@contextmanager
def outages_of(seconds: float) -> Iterator[None]:
    """Calls inside are repeated in outages of `seconds` at most, in copies of this context too."""
    token = _bearable.set(seconds)
    try:
        yield
    finally:
        _bearable.reset(token)


class RetryPolicy:
    """Repeats calls to one server. Threads may share it.

    `client` is for the report, `judge` says which errors are outages, `gave_up` makes the error of
    an outage that was too long (without it, that of the last attempt is raised). For `settling`
    seconds after an outage 401 and 403 are asked again: who has just started does not know all.

    Once the server has been away for `max_outage`, calls are attempted once each until one is
    answered: one that is gone for good does not delay every call that follows.
    """

    def __init__(
        self,
        client: str,
        max_outage: float = MAX_OUTAGE,
        *,
        judge: Callable[[BaseException], Outage | None] = outage_of,
        gave_up: Callable[[Outage, float], Exception] | None = None,
        settling: float = 0.0,
        tally: Tally = LOST,
        evidence: EvidenceBudget = EVIDENCE,
    ) -> None:
        self.client = client
        self.judge = judge
        self._max_outage = max_outage
        self._gave_up = gave_up
        self._settling = settling
        self._tally = tally
        self._evidence = evidence
        self._silent_at = float("-inf")
        self._gone = False
        self.observer: AttemptObserver | None = None
        """Is told each request that is sent, while somebody measures the server."""

    def repeat(
        self,
        attempt: Callable[[], T],
        *,
        safe: bool = True,
        done: Callable[[], T | None] | None = None,
        at_most: float | None = None,
    ) -> T:
        """What `attempt` returns, or raises of what is final; once at least.

        What is not `safe` to do twice is attempted again only if the attempt before has done
        nothing, or if `done()` says that it has not: that gives the result of one that has.
        `at_most` bounds this call further, in seconds. A call inside of another one's attempt
        shares its time.
        """
        from tenacity import Retrying

        outer = _current.get()
        shared = outer is not None and outer.policy is self
        repetition = outer if outer is not None and shared else _Repetition(self, at_most)
        lost = False

        reads_evidence = is_reading_evidence()

        def once() -> T:
            if reads_evidence:
                self._evidence.admit(self.client)
            repetition.begin()
            if lost and done is not None:
                with bounded_by(repetition.deadline):
                    found = done()
                if found is not None:
                    return found
            return attempt()

        def again(state: RetryCallState) -> bool:
            nonlocal lost
            assert state.outcome is not None
            if not state.outcome.failed:
                return False
            error = state.outcome.exception()
            outage = self._outage(error) if error is not None else None
            if outage is None:
                settles = error is not None and self._may_settle(error, repetition.began)
                if settles:
                    repetition.answer()
                return settles
            repetition.fail(outage)
            if reads_evidence:
                self._evidence.lost(self.client, repetition.began)
            lost = lost or outage.ambiguous
            return safe or done is not None or not outage.ambiguous

        def give_up(state: RetryCallState) -> NoReturn:
            error = _error(state)
            outage = self.judge(error)
            if outage is None or outage.times is not None or self._gave_up is None:
                raise error
            raise self._gave_up(outage, repetition.waited) from error

        def count(state: RetryCallState) -> None:
            outage = self.judge(_error(state))
            self._tally.add(self.client, outage.kind if outage else "refused while it starts")

        retrying = Retrying(
            retry=again,
            wait=lambda state: repetition.deadline.at_most(
                self.pause(self.judge(_error(state)), state.attempt_number)
            ),
            stop=lambda _state: repetition.is_over,
            before_sleep=count,
            retry_error_callback=give_up,
        )
        token = _current.set(repetition)
        try:
            result = retrying(once)
        finally:
            _current.reset(token)
        self._gone = False
        self._evidence.answered(self.client)
        return result

    def response(
        self,
        send: Callable[[], T],
        judge: Callable[[T], Outage | None],
        *,
        safe: bool = True,
        at_most: float | None = None,
    ) -> T:
        """What `send` returns when `judge` finds no outage in it, or the last of them."""

        def attempt() -> T:
            response = send()
            if (outage := judge(response)) is not None:
                raise LostResponse(outage, response)
            return response

        try:
            return self.repeat(attempt, safe=safe, at_most=at_most)
        except LostResponse as lost:
            last: T = lost.response
            return last

    def watched(self, method: str, url: str, send: Callable[[], T]) -> T:
        """What `send` returns or raises, which is one request; the observer is told of it."""
        if (observer := self.observer) is None:
            return send()
        began = time.monotonic()
        status = 0
        try:
            response = send()
            status = int(getattr(response, "status", 200))
        except Exception as error:
            status = int(getattr(error, "status", 0) or 0)
            raise
        finally:
            observer(Attempt(self.client, method, url, time.monotonic() - began, status))
        return response

    @property
    def longest(self) -> float:
        """Seconds for which requests are repeated in an outage now."""
        bearable = _bearable.get()
        longest = self._max_outage if bearable is None else min(bearable, self._max_outage)
        return min(longest, self._evidence.bearable) if is_reading_evidence() else longest

    @property
    def is_gone(self) -> bool:
        """Whether the server was away for too long, and has not answered since."""
        return self._gone

    def give_up(self) -> None:
        """It was away for too long."""
        self._gone = True

    def pause(self, outage: Outage | None, attempt: int) -> float:
        """Seconds until the next attempt, not in step with others that lost the same server."""
        shortest, longest = PAUSES
        grown = min(shortest * 2.0 ** min(attempt - 1, 10), longest)
        grown *= random.uniform(0.7, 1.0)  # noqa: S311
        return max(grown, outage.retry_after if outage else 0.0)

    def _outage(self, error: BaseException) -> Outage | None:
        outage = self.judge(error)
        if outage is not None and outage.silent:
            self._silent_at = time.monotonic()
        elif outage is None and getattr(error, "status", None):
            self._gone = False
            self._evidence.answered(self.client)
        return outage

    def _may_settle(self, error: BaseException, began: float) -> bool:
        # From when it was asked: one that has just started may take its time to refuse.
        since = began - self._silent_at
        return getattr(error, "status", None) in _REFUSALS and since < self._settling


class _Repetition:
    """One call with its attempts: since when they fail, and how long that may go on."""

    def __init__(self, policy: RetryPolicy, at_most: float | None) -> None:
        self.policy = policy
        self._longest = policy.longest
        self._single = policy.is_gone
        self._bound = math.inf if at_most is None else Deadline.after(at_most).at
        self.began = self._failing_since = time.monotonic()
        self._first_loss: float | None = None
        self._ends = math.inf
        self._times: Counter[str] = Counter()
        self._is_once_too_often = False

    def begin(self) -> None:
        """An attempt begins."""
        self.began = time.monotonic()

    def fail(self, outage: Outage) -> None:
        """It was lost."""
        if self._first_loss is None:
            self._failing_since, self._first_loss = self.began, time.monotonic()
        self._times[outage.kind] += 1
        brief = outage.within < math.inf and self._longest > 0
        if brief and self._times[outage.kind] <= _AT_LEAST:
            # A slow network, or what was lost before, would spend a short time on one attempt.
            self._ends = math.inf
        else:
            self._ends = self._first_loss + min(self._longest, outage.within)
        self._is_once_too_often = (
            outage.times is not None and self._times[outage.kind] > outage.times
        )

    def answer(self) -> None:
        """It was answered, if not for good: what was lost before is over."""
        self._failing_since, self._first_loss, self._ends = self.began, None, math.inf
        self._times.clear()

    @property
    def waited(self) -> float:
        """Seconds since the first attempt of those that failed."""
        return time.monotonic() - self._failing_since

    @property
    def deadline(self) -> Deadline:
        """When the last attempt begins."""
        caller = current_deadline()
        at = min(self._ends, self._bound, math.inf if caller is None else caller.at)
        return Deadline(at, self._longest)

    @property
    def is_over(self) -> bool:
        """Whether there is no other attempt."""
        if time.monotonic() >= self._ends:
            self.policy.give_up()
        return self._single or self._is_once_too_often or self.deadline.expired


def _error(state: RetryCallState) -> BaseException:
    assert state.outcome is not None
    error = state.outcome.exception()
    assert error is not None
    return error
