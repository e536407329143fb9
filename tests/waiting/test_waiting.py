"""Waits end on the awaited state, on an error, or at their deadline with the last state."""

from __future__ import annotations

import itertools
from typing import Any, NoReturn

import pytest

from pytest_kubeflow.errors import (
    ClusterUnreachable,
    ConfigurationError,
    Evidence,
    PodFailed,
    WaitTimeout,
)
from pytest_kubeflow.waiting import Deadline, bounded_by, current_deadline, wait_until


def test_the_awaited_state_comes_back() -> None:
    states = itertools.count()
    found = wait_until(
        lambda: next(states),
        lambda state: state == 3,
        deadline=Deadline.after(60),
        what="three",
        interval=0.001,
    )
    assert found == 3


@pytest.mark.parametrize("seconds", ["5", None, float("nan")])
def test_a_deadline_is_a_number_of_seconds(seconds: Any) -> None:
    with pytest.raises(ConfigurationError, match=f"^timeout={seconds!r} is no number of seconds$"):
        Deadline.after(seconds)


def test_the_deadline_brings_the_last_state_and_the_evidence() -> None:
    with pytest.raises(WaitTimeout) as caught:
        wait_until(
            lambda: {"phase": "Pending"},
            lambda state: state["phase"] == "Bound",
            deadline=Deadline.after(0.05),
            what="claim data to be bound",
            describe=lambda state: state["phase"],
            evidence=lambda: Evidence("claim data", (("events", "no provisioner"),)),
        )
    assert caught.value.message == (
        "timed out after 0.05 s waiting for claim data to be bound; last state: Pending"
    )
    assert caught.value.state == "Pending"
    assert "no provisioner" in str(caught.value)


def test_a_final_state_that_is_not_the_wanted_one_ends_the_wait_at_once() -> None:
    polls = itertools.count(1)

    def failed(state: str) -> NoReturn:
        raise PodFailed(f"pod is {state}")

    with pytest.raises(PodFailed, match="pod is Failed at look 1"):
        wait_until(
            lambda: f"Failed at look {next(polls)}",
            failed,
            deadline=Deadline.after(60),
            what="pod",
        )


def test_an_expired_deadline_still_looks_once() -> None:
    assert wait_until(lambda: 1, lambda _: True, deadline=Deadline.after(-1), what="it") == 1


def test_a_long_pause_does_not_oversleep_the_deadline() -> None:
    deadline = Deadline.after(0.05)
    with pytest.raises(WaitTimeout):
        wait_until(
            lambda: 1, lambda _: False, deadline=deadline, what="it", interval=300, longest=300
        )
    assert deadline.expired
    assert deadline.remaining() == 0


def test_one_call_gets_no_more_than_what_is_left() -> None:
    assert Deadline.after(1000).at_most(5) == 5
    assert Deadline.after(0).at_most(5) == 0


def test_evidence_is_bounded() -> None:
    log = "\n".join(f"line {number}" for number in range(1000))
    shown = Evidence("run 1", (("log", log), ("events", ""))).render(lines=5, characters=200)
    assert "line 994" not in shown
    assert "line 999" in shown
    assert "(nothing)" in shown
    assert len(Evidence("x" * 1000).render(characters=100)) < 150


def test_a_server_that_is_away_at_the_deadline_is_part_of_the_last_state() -> None:
    deadline = Deadline.after(0.05)
    states = iter(["Pending", "Running"])

    def poll() -> str:
        for state in states:
            return state
        while not deadline.expired:
            pass
        raise ClusterUnreachable("the API has not answered for 12 s: connection refused")

    with pytest.raises(WaitTimeout) as caught:
        wait_until(poll, lambda _: False, deadline=deadline, what="it", interval=0.001)
    assert caught.value.message == (
        "timed out after 0.05 s waiting for it; last state: Running; "
        "the API has not answered for 12 s: connection refused"
    )


def test_a_server_that_is_away_for_too_long_ends_the_wait_with_the_last_state() -> None:
    states = iter(["Pending"])

    def poll() -> str:
        for state in states:
            return state
        raise ClusterUnreachable("the API has not answered for 120 s: connection refused")

    with pytest.raises(ClusterUnreachable, match=r"refused; it was asked for it, last state: Pend"):
        wait_until(poll, lambda _: False, deadline=Deadline.after(60), what="it", interval=0.001)


def test_calls_learn_of_the_nearest_deadline() -> None:
    near, far = Deadline.after(10), Deadline.after(1000)
    assert current_deadline() is None
    with bounded_by(near):
        with bounded_by(far):
            assert current_deadline() is near
        seen = wait_until(current_deadline, bool, deadline=Deadline.after(5), what="it")
        assert seen is not None
        assert seen.seconds == 5
        assert current_deadline() is near
    assert current_deadline() is None


def test_evidence_is_gathered_under_the_deadline_that_has_passed() -> None:
    """Nothing that is asked for it is asked again and again."""
    seen: list[Deadline | None] = []

    def evidence() -> Evidence:
        seen.append(current_deadline())
        return Evidence("it")

    with pytest.raises(WaitTimeout):
        wait_until(
            lambda: 1, lambda _: False, deadline=Deadline.after(0), what="it", evidence=evidence
        )
    assert [one is not None and one.expired for one in seen] == [True]
