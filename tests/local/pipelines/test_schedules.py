"""When recurring runs are due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.local.pipelines.schedules import Schedule, ScheduleError

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("cron", "due"),
    [
        ("0 */5 * * * *", 300),
        ("*/2 * * * * *", 2),
        ("30 0 12 * * *", 30),
        ("0 0 13 * *", 3600),  # the day of the week may be left out
        ("0 0 0 ? * *", 12 * 3600),
        ("@hourly", 3600),
        ("@daily", 12 * 3600),
    ],
)
def test_cron_expressions_begin_with_seconds(cron: str, due: int) -> None:
    assert Schedule(cron=cron).next(None, NOON, NOON, catch_up=True) == at(due)


@pytest.mark.parametrize("cron", ["x", "* * * *", "61 * * * * *", "* * * * * * *", "@often", " "])
def test_what_is_no_cron_expression(cron: str) -> None:
    with pytest.raises(ScheduleError):
        Schedule(cron=cron).check()


def test_intervals_count_from_the_last_from_the_start_or_from_creation() -> None:
    every = Schedule(interval=60)
    assert every.next(None, NOON, NOON, catch_up=True) == at(60)
    assert every.next(at(60), NOON, at(61), catch_up=True) == at(120)
    later = Schedule(interval=60, start=at(1000))
    assert later.next(None, NOON, NOON, catch_up=True) == at(1060)


def test_nothing_is_due_after_the_end() -> None:
    for schedule in (Schedule(interval=60, end=at(90)), Schedule(cron="0 * * * * *", end=at(90))):
        assert schedule.next(None, NOON, NOON, catch_up=True) == at(60)
        assert schedule.next(at(60), NOON, NOON, catch_up=True) is None


@given(st.integers(1, 1000), st.integers(0, 100_000))
def test_what_was_missed_is_caught_up_with_one_by_one_or_once(interval: int, late: int) -> None:
    schedule = Schedule(interval=interval)
    assert schedule.next(NOON, NOON, at(late), catch_up=True) == at(interval)
    due = schedule.next(NOON, NOON, at(late), catch_up=False)
    assert due is not None
    # Not more than one interval ago, and not again for what is past.
    assert due == at(interval) if late < 2 * interval else due == at(late)


def test_of_missed_cron_times_the_last_counts() -> None:
    schedule = Schedule(cron="0 * * * * *")
    assert schedule.next(NOON, NOON, at(3601), catch_up=True) == at(60)
    assert schedule.next(NOON, NOON, at(3601), catch_up=False) == at(3600)
