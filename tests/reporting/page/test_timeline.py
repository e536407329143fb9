"""Bars on an axis, durations, dates."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.reporting.page.timeline import Axis, task_bars, union
from pytest_kubeflow.reporting.page.wording import count, duration, listed, moment
from pytest_kubeflow.reporting.records.runs import TaskEntry
from tests.reporting.page.runs import BEGAN, task


@pytest.mark.parametrize(
    ("seconds", "labels"),
    [
        (0.35, ("0 s", "0.1 s", "0.2 s", "0.3 s")),
        (20, ("0 s", "5 s", "10 s", "15 s")),
        (152, ("0 s", "30 s", "60 s", "90 s", "120 s", "150 s")),
        (680, ("0 min", "2 min", "4 min", "6 min", "8 min", "10 min")),
        (7_200, ("0 min", "20 min", "40 min", "60 min", "80 min", "100 min")),
        (86_400 * 3, ("0 h", "12 h", "24 h", "36 h", "48 h", "60 h")),
    ],
)
def test_an_axis_has_a_few_round_labels(seconds: float, labels: tuple[str, ...]) -> None:
    assert Axis.of(BEGAN, BEGAN + seconds, 6).labels == labels


TIMES = st.floats(allow_nan=True, allow_infinity=True)


@given(TIMES, TIMES, TIMES, TIMES)
def test_bars_stay_on_their_axis(start: float, end: float, begun: float, ended: float) -> None:
    bar = Axis.of(start, end, 5).bar(begun, ended, "ok")
    assert 0 <= bar.x <= 1000
    assert 0 < bar.width <= 1000
    assert bar.x + bar.width <= 1000.11


def test_a_task_has_a_bar_for_each_phase() -> None:
    one = task("x", 0, 6.0, waited=3.0, pulled=1.0)
    bars = task_bars(Axis(BEGAN, 10, ()), one, "ok")
    assert [(bar.x, bar.width, bar.kind) for bar in bars] == [
        (0, 300, "waiting"),
        (300, 100, "starting"),
        (400, 600, "ok"),
    ]


def test_without_phases_the_whole_time_is_shown() -> None:
    (bar,) = task_bars(Axis(0, 10, ()), TaskEntry("x", "FAILED", started=2, ended=4), "bad")
    assert (bar.x, bar.width, bar.kind) == (200, 200, "bad")
    assert task_bars(Axis(0, 10, ()), TaskEntry("x", "PENDING"), "busy") == ()


def test_time_that_is_covered_twice_counts_once() -> None:
    assert union([(5, 6), (1, 3), (2, 4), (4, 4.5)]) == [(1, 4.5), (5, 6)]


@pytest.mark.parametrize(
    ("seconds", "message"),
    [
        (0.04, "0.0 s"),
        (9.96, "10.0 s"),
        (38.2, "38 s"),
        (59.6, "1 min 00 s"),
        (680, "11 min 20 s"),
        (7_500, "2 h 05 min"),
        (None, ""),
        (float("nan"), ""),
        (float("inf"), ""),
    ],
)
def test_durations(seconds: float | None, message: str) -> None:
    assert duration(seconds) == message


@pytest.mark.parametrize("seconds", [None, float("nan"), 1e30, -1e30])
def test_what_is_no_time_is_not_told(seconds: float | None) -> None:
    assert moment(seconds) == ""


def test_words() -> None:
    assert moment(BEGAN) == "29 Nov 2026, 02:14 UTC"
    assert count(1, "test") == "1 test"
    assert count(1_200, "test") == "1,200 tests"
    assert listed(["a", "b", "c"]) == "a, b and c"
