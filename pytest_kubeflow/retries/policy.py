"""RetryPolicy: how long the Kubernetes API may be away before a call gives up.

One policy for every call of a KubernetesClient, reads and writes. It ends with the deadline that
bounds the caller (`pytest_kubeflow.waiting.bounded_by`), or after MAX_OUTAGE seconds.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, NoReturn, TypeVar

from pytest_kubeflow.errors import ClusterUnreachable
from pytest_kubeflow.retries.outage import Outage, outage_of
from pytest_kubeflow.waiting import Deadline, current_deadline

if TYPE_CHECKING:
    from tenacity import RetryCallState

T = TypeVar("T")

MAX_OUTAGE = 120.0
"""Seconds for which an API that does not answer is asked again."""

_SHORTEST, _LONGEST = 0.2, 2.0
"""Seconds between two attempts: the first pause, and what it doubles up to."""

_SETTLING = 10.0
"""Seconds after an outage in which 401 and 403 are asked again.

An API server that has just started does not know all roles and accounts yet: "RBAC:
role.rbac.authorization.k8s.io ... not found".
"""

_REFUSALS = frozenset({401, 403})


_bearable: ContextVar[float] = ContextVar("max_outage", default=MAX_OUTAGE)


@contextmanager
def outages_of(seconds: float) -> Iterator[None]:
    """Calls inside bear outages of `seconds` each, in this thread or a copy of its context."""
    token = _bearable.set(seconds)
    try:
        yield
    finally:
        _bearable.reset(token)


class ApiOutage(ClusterUnreachable):
    """The Kubernetes API did not answer for as long as the caller can wait."""


class RetryPolicy:
    """Repeats calls to one API server. Threads may share it.

    `max_outage` None: MAX_OUTAGE, or what `outages_of` says. Once the API has been away for as
    long, calls are attempted once each until one is
    answered: a cluster that is gone for good does not delay every call that follows.
    """

    def __init__(self, max_outage: float | None = None) -> None:
        self._max_outage = max_outage
        self._silent_at = float("-inf")
        self._given_up = False

    def repeat(self, attempt: Callable[[], T], *, at_most: float | None = None) -> T:
        """What `attempt` returns, or raises of what is final; once at least.

        `at_most` bounds this call further, in seconds. Raises ApiOutage.
        """
        from tenacity import Retrying, retry_if_exception

        longest = _bearable.get() if self._max_outage is None else self._max_outage
        seconds = longest if at_most is None else min(at_most, longest)
        own = Deadline.after(seconds)
        caller = current_deadline()
        deadline = own if caller is None or own.at <= caller.at else caller
        once = self._given_up
        failing_since = own.at - seconds

        def pause(state: RetryCallState) -> float:
            outage = outage_of(_error(state))
            grown = min(_SHORTEST * 2.0 ** min(state.attempt_number - 1, 10), _LONGEST)
            # Not in step with other clients that lost the same server.
            grown *= random.uniform(0.7, 1.0)  # noqa: S311
            return deadline.at_most(max(grown, outage.retry_after if outage else 0.0))

        def give_up(state: RetryCallState) -> NoReturn:
            error = _error(state)
            outage = outage_of(error)
            if outage is None:  # a refusal that may have been too early, and may not
                raise error
            waited = time.monotonic() - failing_since
            if waited >= longest:
                self._given_up = True
            raise ApiOutage(_sentence(outage, waited)) from error

        retrying = Retrying(
            retry=retry_if_exception(self._is_worth_another),
            wait=pause,
            stop=lambda _state: once or deadline.expired,
            retry_error_callback=give_up,
        )
        result = retrying(attempt)
        self._given_up = False
        return result

    def _is_worth_another(self, error: BaseException) -> bool:
        outage = outage_of(error)
        now = time.monotonic()
        if outage is not None:
            if outage.silent:
                self._silent_at = now
            return True
        status = getattr(error, "status", None)
        if status:
            self._given_up = False
        return status in _REFUSALS and now - self._silent_at < _SETTLING


def _error(state: RetryCallState) -> BaseException:
    assert state.outcome is not None
    error = state.outcome.exception()
    assert error is not None
    return error


def _sentence(outage: Outage, waited: float) -> str:
    if waited < 1:
        return f"the Kubernetes API does not answer: {outage.reason}"
    if not outage.silent:
        return f"the Kubernetes API has refused for {waited:.0f} s: {outage.reason}"
    return f"the Kubernetes API has not answered for {waited:.0f} s: {outage.reason}"
