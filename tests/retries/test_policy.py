"""How long is repeated, by whom, and what of it is counted: without a server."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from pytest_kubeflow.errors import ClusterUnreachable
from pytest_kubeflow.retries import policy as module
from pytest_kubeflow.retries.outage import LostResponse, Outage, Unusable
from pytest_kubeflow.retries.policy import RetryPolicy, outages_of
from pytest_kubeflow.retries.tally import Tally
from pytest_kubeflow.waiting import Deadline, bounded_by

AWAY = Outage("away", "503")
BUSY = Outage("busy", "429", ambiguous=False)


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAUSES", (0.001, 0.01))


class Script:
    """Loses its first calls so, and then gives "done"; counts them."""

    def __init__(self, *outages: Outage) -> None:
        self._left = list(outages)
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self._left:
            raise Unusable(self._left.pop(0))
        return "done"


def for_ever(outage: Outage) -> Callable[[], str]:
    def attempt() -> str:
        raise Unusable(outage)

    return attempt


def test_what_is_lost_is_counted_by_kind() -> None:
    tally = Tally()
    script = Script(AWAY, BUSY, AWAY)
    assert RetryPolicy("gateway", tally=tally).repeat(script) == "done"
    assert script.calls == 4
    assert tally.plain() == {"gateway": {"503": 2, "429": 1}}


def test_what_was_lost_before_does_not_spend_the_time_of_another_kind() -> None:
    brief = Outage("Something went wrong", "login broke off", within=0.0)
    script = Script(AWAY, AWAY, BUSY, brief)
    assert RetryPolicy("gateway", tally=Tally()).repeat(script) == "done"


def test_what_is_not_safe_is_asked_again_where_nothing_was_done() -> None:
    policy = RetryPolicy("gateway", tally=Tally())
    script = Script(BUSY, BUSY)
    assert policy.repeat(script, safe=False) == "done"
    script = Script(BUSY, AWAY)
    with pytest.raises(Unusable, match="away"):
        policy.repeat(script, safe=False)
    assert script.calls == 2


def test_what_may_have_been_done_is_looked_for() -> None:
    policy = RetryPolicy("pipelines", tally=Tally())
    script = Script(AWAY)
    assert policy.repeat(script, safe=False, done=lambda: "found") == "found"
    assert script.calls == 1
    script, looks = Script(AWAY, AWAY), Script(AWAY)
    assert policy.repeat(script, safe=False, done=lambda: looks() and None) == "done"
    assert script.calls == 3
    assert looks.calls >= 3  # a look that is lost is another's turn
    script, looks = Script(BUSY), Script()
    assert policy.repeat(script, safe=False, done=looks) == "done"
    assert looks.calls == 0


def test_a_call_inside_of_another_shares_its_time() -> None:
    """Not as often as each alone: as long as one."""
    policy = RetryPolicy("pipelines", tally=Tally())
    once = Outage("who are you", "401", times=1)
    script = Script(once, once, once)
    with pytest.raises(Unusable):
        policy.repeat(lambda: policy.repeat(script))
    assert script.calls == 2


def test_the_bound_begins_with_the_first_loss() -> None:
    """So that one attempt which has hung for longer is asked again all the same."""
    policy = RetryPolicy("gateway", 0.05, tally=Tally())
    hung = iter([AWAY])

    def attempt() -> str:
        outage = next(hung, None)
        if outage is None:
            return "done"
        deadline = Deadline.after(0.2)
        while not deadline.expired:
            pass
        raise Unusable(outage)

    assert policy.repeat(attempt) == "done"


def test_what_may_be_there_for_good_has_less_time() -> None:
    policy = RetryPolicy("gateway", 60, tally=Tally())
    with pytest.raises(Unusable):
        policy.repeat(for_ever(Outage("a page", "page", within=0.05)))
    script = Script(AWAY)
    with pytest.raises(Unusable):  # it was away for too long: once each, until it answers
        policy.repeat(script)
    assert script.calls == 1
    assert policy.repeat(script) == "done"
    assert policy.repeat(Script(AWAY)) == "done"


@pytest.mark.parametrize("longest", [60.0, 0.05])
def test_a_slow_network_does_not_use_up_what_has_less_time(longest: float) -> None:
    ended: list[float] = []

    def slow() -> str:
        ended.append(time.monotonic() + 0.06)
        while time.monotonic() < ended[-1]:
            pass
        if len(ended) <= 2:
            raise Unusable(Outage("Internal Server Error", "500", within=0.05))
        return "done"

    assert RetryPolicy("gateway", longest, tally=Tally()).repeat(slow) == "done"
    ended.clear()
    with bounded_by(Deadline.after(0.08)), pytest.raises(Unusable):  # but no longer than it may
        RetryPolicy("gateway", longest, tally=Tally()).repeat(slow)


def test_no_time_is_one_attempt() -> None:
    for bounded in (outages_of(0), bounded_by(Deadline.after(0))):
        script = Script(AWAY)
        with bounded, pytest.raises(Unusable):
            RetryPolicy("gateway", tally=Tally()).repeat(script)
        assert script.calls == 1


def test_the_last_response_is_given_back() -> None:
    tally = Tally()
    policy = RetryPolicy("gateway", 0.05, tally=tally)
    assert policy.response(lambda: 503, lambda code: AWAY if code == 503 else None) == 503
    assert tally.plain()["gateway"]["503"] >= 1
    assert policy.response(lambda: 404, lambda _: None) == 404


def test_verdicts_of_ours_are_not_judged_again() -> None:
    """A client whose credentials another client has to get: that one has had its time."""
    calls = []

    def attempt() -> None:
        calls.append(1)
        try:
            raise ConnectionRefusedError(111, "refused")
        except OSError as error:
            raise ClusterUnreachable("no token: the Kubernetes API does not answer") from error

    with pytest.raises(ClusterUnreachable):
        RetryPolicy("gateway", tally=Tally()).repeat(attempt)
    assert calls == [1]


def test_a_lost_response_is_an_error_to_nobody_else() -> None:
    lost = LostResponse(AWAY, "the response")
    assert (lost.outage, lost.response, str(lost)) == (AWAY, "the response", "away")


class _ForbiddenError(Exception):
    status = 403


def test_a_refusal_after_an_outage_settles_however_long_it_took(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It counts when it was asked for: a server that has just started is slow."""
    clock = [0.0]
    monkeypatch.setattr("pytest_kubeflow.retries.policy.time.monotonic", lambda: clock[0])
    policy = RetryPolicy("pipelines", tally=Tally(), settling=5.0)

    def lost() -> None:
        raise Unusable(AWAY)

    def late() -> None:
        clock[0] += 20.0
        raise _ForbiddenError

    steps = [lost, late]

    def attempt() -> str:
        if steps:
            steps.pop(0)()
        return "done"

    assert policy.repeat(attempt) == "done"
    with pytest.raises(_ForbiddenError):
        policy.repeat(late)


def test_a_refusal_that_settles_ends_what_was_lost_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """A short time for one kind begins anew after the server has answered."""
    clock = [0.0]
    monkeypatch.setattr("pytest_kubeflow.retries.policy.time.monotonic", lambda: clock[0])
    policy = RetryPolicy("pipelines", tally=Tally(), settling=30.0)
    brief = Outage("Internal Server Error", "500", within=3.0)

    def lost() -> None:
        raise Unusable(brief)

    def refused() -> None:
        clock[0] += 10.0
        raise _ForbiddenError

    steps = [lost, lost, refused, lost]

    def attempt() -> str:
        if steps:
            steps.pop(0)()
        return "done"

    assert policy.repeat(attempt) == "done"
