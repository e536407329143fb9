"""Schedules: what is refused before anything is asked, and what the API gets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.errors import ConfigurationError
from pytest_kubeflow.experiments.schedule import Schedule

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "either an interval in seconds or a cron expression"),
        ({"interval": 60, "cron": "0 * * * * *"}, "either an interval in seconds or a cron"),
        ({"interval": 0}, "at least 1 second, not 0"),
        ({"interval": -5}, "at least 1 second, not -5"),
        ({"cron": "*/5 * * * *"}, r'seconds first; .* has 5: did you mean "0 \*/5 \* \* \* \*"\?'),
        ({"cron": ""}, "'' has 0"),
        ({"cron": "0 0 0 0 0 0 0"}, "has 7$"),
        ({"interval": 60, "start": NOON.replace(tzinfo=None)}, "the start .* needs a time zone"),
        ({"interval": 60, "end": NOON.replace(tzinfo=None)}, "the end .* needs a time zone"),
        (
            {"interval": 60, "start": NOON, "end": NOON - timedelta(hours=1)},
            "ends at 2026-11-30T11:00:00.*, before it begins at 2026-11-30T12",
        ),
        ({"interval": 60, "start": NOON, "end": NOON}, "is never due"),
    ],
)
def test_what_is_no_schedule(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as caught:
        Schedule(**given)
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("cron", ["0 */5 * * * *", "@every 30s", "0 0 9 ? * 2-6"])
def test_what_the_server_may_judge(cron: str) -> None:
    trigger = Schedule(cron=cron, start=NOON).trigger()
    assert trigger.periodic_schedule is None
    assert (trigger.cron_schedule.cron, trigger.cron_schedule.start_time) == (cron, NOON)


@given(st.integers(1, 10**6), st.none() | st.just(NOON))
def test_an_interval(seconds: int, end: datetime | None) -> None:
    schedule = Schedule(interval=seconds, end=end)
    trigger = schedule.trigger()
    assert trigger.cron_schedule is None
    periodic = trigger.periodic_schedule
    assert (periodic.interval_second, periodic.start_time, periodic.end_time) == (
        seconds,
        None,
        end,
    )
    assert str(schedule) == f"every {seconds} s"
