"""What a session says of its cluster, in a state and a sentence."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.reporting.causes import causes_of
from pytest_kubeflow.reporting.components import component_of
from pytest_kubeflow.reporting.records.session import Check, State
from pytest_kubeflow.reporting.records.tests import Outcome, TestRecord
from pytest_kubeflow.reporting.verdict import RUNNING, components_of, not_run_of, verdict_of

P, F, E, S, X, N = (
    Outcome.PASSED,
    Outcome.FAILED,
    Outcome.ERROR,
    Outcome.SKIPPED,
    Outcome.XFAILED,
    Outcome.NOT_RUN,
)


def records_of(**components: list[Outcome]) -> list[TestRecord]:
    return [
        TestRecord(
            f"suites/{component}/test_x.py::test_{number}",
            component,
            outcome,
            sentence="" if outcome is P else f"{outcome} of {component}",
        )
        for component, outcomes in components.items()
        for number, outcome in enumerate(outcomes)
    ]


def told(tests: list[TestRecord], **others: Any) -> tuple[State, str]:
    verdict = verdict_of(tests, causes=causes_of(tests), **others)
    return verdict.state, verdict.sentence


@pytest.mark.parametrize(
    ("tests", "state", "sentence"),
    [
        (records_of(pipelines=[P, P]), State.FIT, "All 2 tests passed."),
        (records_of(pipelines=[P]), State.FIT, "The one test passed."),
        (
            records_of(pipelines=[P, P], gpu=[S]),
            State.FIT,
            "All 2 tests that ran passed; 1 did not run.",
        ),
        (records_of(access=[P, X]), State.FIT, "1 test passed; 1 failed as expected."),
        (
            records_of(access=[P, P, X], gpu=[S]),
            State.FIT,
            "2 tests passed; 1 failed as expected; 1 did not run.",
        ),
        (
            records_of(pipelines=[P, P], serving=[F, E]),
            State.DEGRADED,
            "People cannot serve models. Fine: pipelines. 2 causes explain all 2 failures.",
        ),
        (
            records_of(pipelines=[P], volumes=[P, F], serving=[F], mine=[P]),
            State.DEGRADED,
            "People cannot serve models; volumes: 1 of 2 tests failed. Fine: mine, pipelines.",
        ),
        (
            records_of(mine=[F], pipelines=[P]),
            State.DEGRADED,
            "Nothing of mine works. Fine: pipelines. failed of mine",
        ),
        (
            records_of(pipelines=[F], serving=[E, S]),
            State.UNFIT,
            "People cannot run pipelines nor serve models.",
        ),
        (records_of(gpu=[S, S]), State.UNTESTED, "No test ran: skipped of gpu (2)."),
        ([], State.UNTESTED, "No test ran: none was selected."),
        (records_of(access=[X, X]), State.UNTESTED, "No test passed: 2 failed as expected."),
        (
            records_of(access=[X], gpu=[S]),
            State.UNTESTED,
            "No test passed: 1 failed as expected; did not run: skipped of gpu (1).",
        ),
        (
            records_of(access=[X], pipelines=[F, P]),
            State.DEGRADED,
            "Pipelines: 1 of 2 tests failed. failed of pipelines",
        ),
        (
            records_of(access=[X], pipelines=[F, X]),
            State.UNFIT,
            "People cannot run pipelines. failed of pipelines",
        ),
    ],
)
def test_verdicts(tests: list[TestRecord], state: State, sentence: str) -> None:
    found, words = told(tests)
    assert found is state
    assert words.startswith(sentence.partition(" 2 causes")[0])


def test_a_failed_preflight_is_unfit() -> None:
    checks = [Check("DNS", "ok"), Check("TCP", "failed", "port 80 is closed")]
    assert told(records_of(pipelines=[N]), checks=checks) == (
        State.UNFIT,
        "This Kubeflow is not fit to be tested: TCP: port 80 is closed",
    )


def test_an_interrupted_session_tells_what_had_failed() -> None:
    tests = records_of(pipelines=[P, N], serving=[F, N])
    assert told(tests, interrupted=True, ended_by="SIGTERM") == (
        State.INTERRUPTED,
        "The session was ended by SIGTERM after 2 of 4 tests. 1 had failed by then (serving).",
    )


def test_modules_that_cannot_be_imported_are_no_tests() -> None:
    module = TestRecord("a/test_x.py", "a", E, sentence="SyntaxError: invalid", phase="collect")
    tests = [module, *records_of(pipelines=[N, N])]
    assert told(tests, interrupted=True, ended_by="1 error during collection") == (
        State.INTERRUPTED,
        "The session was ended by 1 error during collection after 0 of 2 tests. "
        "1 module cannot be imported: a/test_x.py: SyntaxError: invalid",
    )


def test_the_test_that_was_running_is_named() -> None:
    tests = records_of(pipelines=[P, N])
    tests[1] = replace(tests[1], sentence=RUNNING)
    state, sentence = told(tests, interrupted=True, ended_by="SIGTERM")
    assert sentence == (
        "The session was ended by SIGTERM while suites/pipelines/test_x.py::test_1 ran, "
        "after 1 of 2 tests. Nothing had failed by then."
    )
    assert state is State.INTERRUPTED


def test_problems_are_not_fit() -> None:
    assert told(records_of(pipelines=[P]), problems=["only 1 test ran"]) == (
        State.DEGRADED,
        "only 1 test ran",
    )


@given(
    st.dictionaries(
        st.sampled_from(["pipelines", "serving", "mine"]),
        st.lists(st.sampled_from(list(Outcome)), min_size=1, max_size=5),
    ),
    st.booleans(),
)
def test_no_red_test_is_ever_fit(outcomes: dict[str, list[Outcome]], interrupted: bool) -> None:
    tests = records_of(**outcomes)
    verdict = verdict_of(tests, causes=causes_of(tests), interrupted=interrupted)
    if interrupted or any(test.outcome.is_red for test in tests):
        assert verdict.state is not State.FIT
    if all(test.outcome in {S, N, X} for test in tests):
        assert verdict.state is not State.FIT
    counted = [one.passed + one.failed + one.not_run + one.xfailed for one in components_of(tests)]
    assert sum(counted) == len(tests)
    left = sum(test.outcome in {S, N} for test in tests)
    assert sum(one.count for one in not_run_of(tests)) == left


@pytest.mark.parametrize(
    ("nodeid", "component"),
    [
        ("suites/serving/test_deploy.py::test_it[a/b]", "serving"),
        ("/usr/lib/site-packages/pytest_kubeflow/suites/volumes/test_sort.py::test", "volumes"),
        ("mine/test_model.py::TestIt::test_it", "mine"),
        ("test_model.py::test_it", "model"),
        ("tests/test_model.py::test_it", "model"),
        ("suites/test_top.py::test_it", "top"),
        ("suites/serving/test_deploy.py", "serving"),
        ("", "tests"),
    ],
)
def test_components(nodeid: str, component: str) -> None:
    assert component_of(nodeid) == component
