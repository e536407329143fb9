"""When recurring runs are due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.local.cron import CronError
from pytest_kubeflow.local.pipelines.schedules import Schedule

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
        ("@every 1h30m", 5400),
        ("@every 1.5s", 1),
        ("@every -1h", 1),
        ("@every 0", 1),
        ("0 0 0 * JAN fri", 12 * 3600),  # NOON is a Thursday's
        ("0 0 12 ? * 2/5", 5 * 24 * 3600),  # Tuesdays: Sundays are 0, not 7
        ("*/40,5 * * * * *", 5),
        ("0 0 0 13 * 5", 12 * 3600),  # the 13th, or a Friday
        ("0 0 0 */2 * 5", 8 * 24 * 3600 - 12 * 3600),  # odd days that are Fridays: the 9th
    ],
)
def test_cron_expressions_begin_with_seconds(cron: str, due: int) -> None:
    assert Schedule(cron=cron).next(None, NOON, NOON, catch_up=True) == at(due)


@pytest.mark.parametrize("cron", [
        "x", "* * * *", "61 * * * * *", "* * * * * * *", "@often", " ", "@Daily", " @daily",
        "@every", "@every 1", "@every 1x", "@every 1h ", f"@every {10**12}h",
        "0 0 0 L * *", "0 0 0 LW * *", "0 0 0 ? * 5L", "0 0 0 ? * 5#2", "0 0 0 ? * 7",
        "0 0 0 1W * *", "1-2-3 * * * * *", "1/2/3 * * * * *", "5-1 * * * * *", "*/0 * * * * *",
        "-1 * * * * *", ", * * * * *", "0 0 0 0 * *", "0 0 0 1 13 *",
    ],
)  # fmt: skip
def test_what_is_no_cron_expression(cron: str) -> None:
    with pytest.raises(CronError):
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


FAR = datetime(9999, 12, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    "schedule",
    [
        Schedule(cron="0 0 0 1 1 *", start=FAR),
        Schedule(cron="@every 24h", start=FAR),
        Schedule(cron="0 0 0 30 2 *"),
        Schedule(interval=10**12),
        Schedule(interval=2**63 - 1),
    ],
)
def test_what_no_calendar_holds_is_never_due(schedule: Schedule) -> None:
    for catch_up in (True, False):
        assert schedule.next(None, NOON, NOON, catch_up=catch_up) is None


def test_a_start_far_away_is_waited_for() -> None:
    schedule = Schedule(interval=2**63 - 1, start=FAR)
    assert schedule.next(NOON, NOON, NOON, catch_up=False) == FAR


@given(st.sampled_from(["@every 7s", "*/7 * * * * *", "5 */3 * * * *"]), st.integers(0, 9000))
def test_the_latest_of_missed_times_is_that_of_going_through_them(cron: str, late: int) -> None:
    schedule = Schedule(cron=cron, end=at(8000))
    due = schedule.next(NOON, NOON, at(late), catch_up=True)
    assert due is not None
    latest = due
    while (due := schedule.next(latest, NOON, NOON, catch_up=True)) and due <= at(late):
        latest = due
    assert schedule.next(NOON, NOON, at(late), catch_up=False) == latest


def test_ages_of_missed_seconds_are_not_gone_through() -> None:
    ages = datetime(1, 1, 1, tzinfo=UTC)
    for cron in ("* * * * * *", "@every 1s"):
        assert Schedule(cron=cron).next(ages, ages, NOON, catch_up=False) == NOON
