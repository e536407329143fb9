"""Which tests are flaky, and how long they usually take."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.reporting.history.budget import exceeded
from pytest_kubeflow.reporting.history.history import History
from pytest_kubeflow.reporting.history.rows import TestRow
from pytest_kubeflow.reporting.history.trend import flaky, paces, slow, usual
from pytest_kubeflow.reporting.records.tests import Outcome, TestRecord
from pytest_kubeflow.reporting.records.trend import Pace, Trend
from tests.reporting.formats import samples

LETTERS = {"p": Outcome.PASSED, "f": Outcome.FAILED, "s": Outcome.SKIPPED, "e": Outcome.ERROR}


def rows(**tests: str) -> list[TestRow]:
    """A letter a session: p(assed), f(ailed), e(rror), s(kipped)."""
    nights = max(map(len, tests.values()))
    return [
        TestRow(f"s{number}", name, LETTERS[letters[number]], 1.0, 0)
        for number in range(nights)
        for name, letters in tests.items()
        if number < len(letters)
    ]


def test_flaky_is_what_comes_and_goes() -> None:
    found = flaky(
        rows(
            turns="pfpep",
            broke="pppff",
            mended="ffppp",
            fine="ppppp",
            never="sssss",
            rare="psspf",
            again="ppfpp",
        )
    )
    assert found == {"turns": 0.4, "again": 0.2}


def test_a_night_in_which_most_failed_makes_no_test_flaky() -> None:
    assert flaky(rows(a="pfp", b="pfp", c="pfp", d="ppp")) == {}


def test_a_rerun_that_helped_is_flaky() -> None:
    helped = [TestRow("s1", "a", Outcome.PASSED, 1.0, 2), TestRow("s2", "a", Outcome.PASSED, 1, 0)]
    assert flaky(helped) == {"a": 0.5}
    assert flaky([TestRow("s1", "a", Outcome.FAILED, 1.0, 2)]) == {}


def test_usual_is_what_most_nights_took() -> None:
    assert usual([10.0, 11.0, 12.0, 11.5, 600.0]) == (10.0, 12.0)
    assert usual([3.0] * 5) == (3.0, 3.0)


@given(st.lists(st.floats(0, 1e6), min_size=5))
def test_the_usual_range_is_of_times_that_were(times: list[float]) -> None:
    low, high = usual(times)
    assert low in times
    assert high in times
    assert low <= sorted(times)[len(times) // 2] <= high


def times(*seconds: float, outcome: Outcome = Outcome.PASSED) -> list[TestRow]:
    return [TestRow(f"s{n}", "t", outcome, one, 0) for n, one in enumerate(seconds)]


def now(seconds: float, outcome: Outcome = Outcome.PASSED) -> list[TestRecord]:
    return [TestRecord("t", "c", outcome, seconds=seconds)]


def test_paces_are_of_green_tests_with_five_green_times() -> None:
    five = times(10, 11, 12, 11, 10)
    assert paces(now(42), five) == (Pace("t", 42, 10, 12),)
    assert paces(now(42), five[:4]) == ()
    assert paces(now(42), [*five[:4], *times(9, outcome=Outcome.FAILED)]) == ()
    assert paces(now(42, Outcome.FAILED), five) == ()


def test_slow_is_longer_by_far() -> None:
    found = [
        Pace("a little", 13.0, 10.0, 12.0),
        Pace("short", 0.5, 0.1, 0.1),
        Pace("much", 30.0, 10.0, 12.0),
        Pace("most", 90.0, 10.0, 12.0),
        Pace("nothing before", 5.0, 0.0, 0.0),
    ]
    assert [one.nodeid for one in slow(found)] == ["most", "much", "nothing before"]
    assert [one.nodeid for one in slow([Pace("a", 15.0, 10.0, 12.0)], 1.2)] == ["a"]


def test_a_budget_is_exceeded_in_a_sentence() -> None:
    trend = Trend(slow=(Pace("t", 50.4, 10.0, 12.0), Pace("u", 30.0, 10.0, 12.0)))
    assert exceeded(trend, None) == exceeded(trend, 5.0) == ()
    (found,) = exceeded(trend, 3.0)
    assert found == (
        "--kf-slower-than=3: t took 50.4 s, slower than usual: 4.2x (usually 10.0 to 12.0 s)"
    )
    many = Trend(slow=tuple(Pace(f"t{n}", 50.4, 10.0, 12.0) for n in range(9)))
    assert exceeded(many, 2.0)[0].endswith("; 6 more")


@pytest.mark.parametrize("factor", [None, 1.2, 3.0])
def test_durations_from_a_history(tmp_path: Path, factor: float | None) -> None:
    history = History(tmp_path)
    test = samples.passed(seconds=10.0)
    for number in range(5):
        history.add(replace(samples.session(test), session=f"s{number}"))
    for seconds, is_slow, is_over in (
        (42.0, True, factor is not None),
        (13.0, factor == 1.2, factor == 1.2),
    ):
        record = replace(samples.session(replace(test, seconds=seconds)), session="now")
        trend = history.trend(record, slower_than=factor)
        assert bool(trend.slow) == is_slow
        assert bool(exceeded(trend, factor)) == is_over
