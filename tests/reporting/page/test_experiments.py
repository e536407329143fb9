"""Experiments in the report: the curve of their trials, and the table that has the same."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some

from pytest_kubeflow.reporting.page import render
from pytest_kubeflow.reporting.page.experiments import curve, experiment_views
from pytest_kubeflow.reporting.records.experiments import ExperimentRecord, TrialEntry
from pytest_kubeflow.reporting.records.session import SessionRecord, State, Verdict
from pytest_kubeflow.reporting.records.tests import Outcome, TestRecord
from tests.reporting.page.markup import Element, parsed


def trial(at: int, value: float | None, state: str = "Succeeded", reason: str = "") -> TrialEntry:
    values = {"lr": f"0.0{at + 1}", "optimizer": "adam"}
    metrics = {"Train-accuracy": 0.99, "accuracy": value}
    return TrialEntry(f"tuned-{at}", state, values, metrics, 10.0 * at, 10.0 * at + 7, reason)


TRIALS = (trial(0, 0.7), trial(1, 0.9), trial(2, 0.8), trial(3, None, "Failed", "out of memory"))
TUNED = ExperimentRecord(
    "tuned",
    "team",
    "http://kf/katib/experiment/team/tuned",
    "Succeeded",
    "Experiment has succeeded because max trial count has reached",
    "accuracy",
    True,
    0.95,
    "random",
    "tuned-1",
    True,
    TRIALS,
)


def page(*tests: TestRecord) -> Element:
    verdict = Verdict(State.FIT, "People can tune models.")
    record = SessionRecord("session", "http://kf", 1.0, 9.0, verdict, tests=tests)
    return parsed(render(record))


def asked(outcome: Outcome = Outcome.PASSED, *experiments: ExperimentRecord) -> TestRecord:
    name = f"suites/katib/test_search.py::test_{outcome.value.replace(' ', '_')}"
    return TestRecord(name, "katib", outcome, experiments=experiments or (TUNED,))


def test_the_table_has_all_trials_and_their_values() -> None:
    found = page(asked()).one("details", id="experiment-1")
    assert found.one("summary").words == "tunedsucceeded · random · 4 trials · best accuracy 0.9"
    head, *rows = [
        [cell.words for cell in row.children if cell.tag in {"th", "td"}]
        for row in found.one("table").all("tr")
    ]
    assert head == ["Trial", "State", "accuracy", "Train-accuracy", "lr", "optimizer", "Took"]
    assert rows[1] == ["tuned-1 best", "succeeded", "0.9", "0.99", "0.02", "adam", "7.0 s"]
    assert rows[3][:3] == ["tuned-3", "failedout of memory", ""]
    assert "max trial count has reached" in found.words
    assert [one.words for one in found.all("a")] == ["test_search.py::test_passed"]


def test_the_curve_is_that_of_the_numbers() -> None:
    found = page(asked()).one("svg", class_="curve")
    assert (found.attributes["aria-label"] or "").startswith(
        "accuracy of 3 trials, in the order of their beginning: from 0.7 to 0.8, best 0.9; "
    )
    dots = found.all("circle")
    heights = [float(dot.attributes["cy"] or "") for dot in dots]
    assert heights[1] < heights[2] < heights[0]
    assert [dot.attributes["r"] for dot in dots] == ["4", "6", "4"]
    assert "goal" in found.words


def test_red_ones_are_first_and_what_two_tests_share_is_shown_once() -> None:
    other = replace(TUNED, name="other", state="Failed")
    unfinished = replace(TUNED, is_over=False, trials=())
    tests = [
        asked(Outcome.PASSED, TUNED, unfinished),
        asked(Outcome.XFAILED, TUNED),
        asked(Outcome.FAILED, other),
    ]
    views = experiment_views(tests, {test.nodeid: f"test-{at}" for at, test in enumerate(tests)})
    assert [(one.name, len(one.tests)) for one in views] == [("other", 1), ("tuned", 2)]
    assert len(views[1].trials) == 4


def test_a_failure_that_its_test_wants() -> None:
    failed = replace(TUNED, state="Failed")
    (view,) = experiment_views([asked(Outcome.PASSED, failed)], {})
    assert (view.mark.kind, view.mark.word) == ("ok", "failed, as its test wants")
    (view,) = experiment_views([asked(Outcome.FAILED, failed)], {})
    assert view.mark.kind == "bad"


@pytest.mark.parametrize("trials", [(), TRIALS[:1], TRIALS[3:]])
def test_one_value_is_no_curve(trials: tuple[TrialEntry, ...]) -> None:
    assert curve(replace(TUNED, trials=trials)) is None


@given(
    some.lists(some.none() | some.floats(), min_size=2, max_size=250),
    some.none() | some.floats(allow_nan=False, allow_infinity=False),
    some.booleans(),
)
def test_any_values_are_inside_of_the_picture(
    values: list[float | None], goal: float | None, maximizes: bool
) -> None:
    trials = tuple(trial(at, value) for at, value in enumerate(values))
    found = curve(replace(TUNED, trials=trials, goal=goal, maximizes=maximizes))
    if found is None:
        return
    numbers = [one for dot in found.dots for one in (dot.x, dot.y)]
    numbers += [] if found.goal is None else [found.goal]
    assert all(map(math.isfinite, numbers))
    for dot in found.dots:
        assert 0 <= dot.x <= found.width
        assert 0 <= dot.y <= found.height
    assert found.goal is None or 0 <= found.goal <= found.height
