"""What is worse, better or only other between two sessions."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings

from pytest_kubeflow.reporting.comparison.difference import Change, Difference, difference
from pytest_kubeflow.reporting.comparison.text import lines
from pytest_kubeflow.reporting.records.session import Leftover, SessionRecord, State
from pytest_kubeflow.reporting.records.tests import Outcome, TestRecord
from tests.reporting.formats import samples


def of(name: str, outcome: Outcome = Outcome.PASSED, seconds: float = 1.0) -> TestRecord:
    """A test that ended so."""
    sentence = "" if outcome is Outcome.PASSED else f"why {name}"
    return TestRecord(name, "c", outcome, sentence=sentence, seconds=seconds)


def changes(heading: str, before: SessionRecord, after: SessionRecord) -> list[Change]:
    found = difference(before, after)
    assert {*found.changes} <= {
        "verdict",
        "components",
        "tests",
        "durations",
        "left behind",
        "versions",
        "cluster",
    }
    return list(found.changes.get(heading, ()))


def test_the_same_again_is_no_change() -> None:
    later = replace(samples.degraded(), session="s2", started=samples.STARTED + 1)
    assert difference(samples.degraded(), later) == Difference({})


# fmt: off
STATES = [
    (State.FIT, State.DEGRADED, True), (State.FIT, State.UNFIT, True),
    (State.FIT, State.INTERRUPTED, True), (State.DEGRADED, State.FIT, False),
    (State.UNFIT, State.INTERRUPTED, True), (State.INTERRUPTED, State.UNTESTED, None),
    (State.UNTESTED, State.FIT, False),
]
# fmt: on


@pytest.mark.parametrize(("before", "after", "is_worse"), STATES)
def test_verdicts_have_an_order(before: State, after: State, is_worse: bool | None) -> None:
    found = changes("verdict", samples.session(state=before), samples.session(state=after))
    assert [one.is_worse for one in found] == [is_worse]


P, F, E, S, X, N = (
    Outcome.PASSED,
    Outcome.FAILED,
    Outcome.ERROR,
    Outcome.SKIPPED,
    Outcome.XFAILED,
    Outcome.NOT_RUN,
)
# fmt: off
OUTCOMES = [
    (P, F, True), (P, E, True), (P, S, True), (P, N, True), (P, None, True), (P, X, None),
    (F, P, False), (F, E, None), (F, S, None), (F, None, None), (F, X, False),
    (S, P, False), (S, F, True), (S, N, None), (S, None, None), (N, P, False),
    (X, F, True), (None, P, None), (None, F, True), (None, S, None),
]
# fmt: on


@pytest.mark.parametrize(("before", "after", "is_worse"), OUTCOMES)
def test_outcomes_have_a_direction(
    before: Outcome | None, after: Outcome | None, is_worse: bool | None
) -> None:
    one, other = (
        samples.session(*([of("t", outcome)] if outcome else []), sentence="")
        for outcome in (before, after)
    )
    (found,) = changes("tests", one, other)
    assert found.is_worse is is_worse
    assert found.before == (before.value if before else "new")
    assert found.after == (after.value if after else "gone")
    if after and after.is_red:
        assert found.note == "why t"


def test_durations_have_to_differ_twice() -> None:
    before = [("a", 10.0), ("b", 10.0), ("c", 1.0), ("d", 30.0), ("e", 1.0)]
    after = [("a", 20.5), ("b", 19.0), ("c", 5.5), ("d", 10.0), ("e", 90.0)]
    one, other = (
        samples.session(*(of(name, seconds=seconds) for name, seconds in several))
        for several in (before, after)
    )
    found = changes("durations", one, other)
    assert [(one.what, one.before, one.after, one.is_worse) for one in found] == [
        ("e", "1.0 s", "90.0 s", True),
        ("a", "10.0 s", "20.5 s", True),
        ("d", "30.0 s", "10.0 s", False),
    ]


def test_components_leftovers_versions_and_facts() -> None:
    before = replace(
        samples.green(),
        versions={"Kubernetes": "1.33", "pytest": "9"},
        facts={"nodes": "3"},
        left=(Leftover("Pod", "a"), Leftover("PVC", "k", kept=True)),
    )
    after = replace(
        samples.degraded(),
        versions={"Kubernetes": "1.34", "pytest": "9"},
        facts={},
        problems=("p",),
    )
    found = [text for text, _ in lines(before, after, difference(before, after))]
    assert found[2:] == [
        "",
        "verdict:",
        "  fit -> degraded (People cannot run pipelines. Fine: access.)",
        "  p: new",
        "",
        "components:",
        "  volumes: fit -> gone",
        "  gpu: new -> fit",
        "  pipelines: new -> degraded",
        "",
        "tests:",
        "  suites/volumes/test_v.py::TestClaims::test_sorted[a::b-1]: passed -> gone",
        f"  suites/pipelines/test_py.py::test_hypotenuse: new -> failed ({samples.RED})",
        "  suites/gpu/test_g.py::test_smi: new -> skipped (no GPU here)",
        "",
        "left behind:",
        "  Pod: 1 -> 0",
        "  Profile: 0 -> 1 (kf-x)",
        "",
        "versions:",
        "  Kubernetes: 1.33 -> 1.34",
        "",
        "cluster:",
        "  nodes: 3 -> not known",
        "  target: not known -> staging",
        "  user: not known -> user@example.com",
        "",
        "7 worse, 1 better",
    ]


@settings(max_examples=20)
@given(samples.RECORDS, samples.RECORDS)
def test_any_two_can_be_compared(before: SessionRecord, after: SessionRecord) -> None:
    found = difference(before, after)
    for text, _ in lines(before, after, found):
        text.encode()
        assert "\n" not in text
        assert "\x1b" not in text
    assert not difference(after, after).changes
    assert found.is_worse == any(
        one.is_worse for several in found.changes.values() for one in several
    )
