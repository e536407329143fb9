"""Red tests are grouped by what went wrong, and by nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.reporting.causes import by_test, causes_of, key_of
from pytest_kubeflow.reporting.records.tests import Outcome, Section, TestRecord

SAME = [
    (
        "run a-145604e8 ended FAILED, not SUCCEEDED: task train is FAILED (ImagePullBackOff)",
        "run b-245604ff ended FAILED, not SUCCEEDED: task sort is FAILED (ImagePullBackOff)",
    ),
    (
        "task square of run x-1234abcd gave 9.0, 10.0 expected",
        "task square of run x-99aabbcc gave 16.5, 25.0 expected",
    ),
    (
        "cannot create run hypotenuse-12ab34cd: https://kf.example/pipeline answers 503",
        "cannot create run hypotenuse-ab12cd34: https://kf.example/pipeline/x answers 503",
    ),
    ("pod kf-seed-0f3a2b1c9d was evicted", "pod kf-seed-aa3a2b1c9d was evicted"),
    (
        "POST /v1/models/iris-1a2b3c4d:predict at http://kf.example with host i.example.com "
        "answers 503: no healthy upstream; the InferenceService is Ready=True",
        "GET /serving/a/b/v2/models/iris at https://kf.example answers 503: no healthy upstream; "
        "the InferenceService is Ready=True",
    ),
]
OTHERS = [
    (
        "GET /v1/models/iris at http://kf.example answers 503: no healthy upstream",
        "GET /v1/models/iris at http://kf.example answers 404: no such model",
    ),
    ("task square of run x-1234abcd gave 9.0", "task add of run x-1234abcd gave 9.0"),
    ("nothing listens at the gateway", "nothing listens at the object store"),
    (
        "run a-145604e8 ended FAILED, not SUCCEEDED: task t is FAILED (OOMKilled)",
        "run a-145604e8 ended FAILED, not SUCCEEDED: task t is FAILED (Error (exit code 1))",
    ),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_same(one: str, other: str) -> None:
    assert key_of(one) == key_of(other)


@pytest.mark.parametrize(("one", "other"), OTHERS)
def test_others(one: str, other: str) -> None:
    assert key_of(one) != key_of(other)


def red(name: str, sentence: str, evidence: str = "") -> TestRecord:
    sections = (Section("events", evidence),) if evidence else ()
    return TestRecord(name, "serving", Outcome.FAILED, sentence=sentence, evidence=sections)


def test_tests_that_one_fault_is_behind_have_one_cause() -> None:
    why = "no persistent volumes available for this claim and no storage class is set"
    tests = [
        red("a", "cannot seed volume kf-volume-1a2b3c4d", f"FailedBinding {why}"),
        red("b", "task sort is PENDING", f"FailedBinding {why}"),
        red("c", "task sort gave 3, 4 expected"),
    ]
    first, second = causes_of(tests)
    assert (first.code, first.tests) == ("KF401", ("a", "b"))
    assert first.sentence == "No storage class is the default one"
    assert first.sign == why
    assert "kubectl patch storageclass" in first.fix
    assert (second.code, second.sentence, second.sign) == ("", "task sort gave 3, 4 expected", "")


def test_the_commonest_cause_is_first_with_the_best_evidence() -> None:
    tests = [
        red("a", "alone"),
        red("b", "pod x-1a2b3c4d failed"),
        red("c", "pod x-2a2b3c4d failed", "FailedMount"),
        TestRecord("d", "serving", Outcome.SKIPPED, sentence="pod x-1a2b3c4d failed"),
    ]
    first, second = causes_of(tests)
    assert (first.sentence, first.tests) == ("pod x-2a2b3c4d failed", ("b", "c"))
    assert first.evidence[0].text == "FailedMount"
    assert second.tests == ("a",)
    assert by_test((first, second)).keys() == {"a", "b", "c"}


@given(st.lists(st.text(max_size=80), max_size=12))
def test_every_red_test_has_one_cause(sentences: list[str]) -> None:
    tests = [red(f"t{number}", sentence) for number, sentence in enumerate(sentences)]
    found = [name for cause in causes_of(tests) for name in cause.tests]
    assert sorted(found) == sorted(test.nodeid for test in tests)
