"""A wrong value is told with its source, wherever pytest tells of the comparison."""

from __future__ import annotations

import pytest

from pytest_kubeflow.provenance import READ, Provenance
from pytest_kubeflow.reporting.assertions import sentence

from .sessions import Session, run_session
from .test_plugin import CONFTEST

TESTS = """
import pytest
from tests.reporting.runs import Fake, task

LONG = "told " * 40

@pytest.fixture
def ended(started):
    tasks = [task("square", 9.5), task("tell", LONG, start=1)]
    return started(Fake(tasks=tasks, logs={"pod-of-tell": "one\\ntwo"}))

def test_number(ended):
    assert ended.task("square").output == pytest.approx(10.0)

def test_text(ended):
    assert ended.task("tell").output == LONG.upper()

def test_output_of_the_pipeline(ended):
    assert ended.outputs == {"Output": 10.0}

def test_log(ended):
    assert "three" in ended.task("tell").log()

def test_own_words(ended):
    assert ended.task("square").output == 10.0, "nothing like it"

def test_other_values(ended):
    ended.task("square")
    assert 9.5 + len(ended.name) == 0

def test_of_another_test():
    from pytest_kubeflow.provenance import READ
    assert READ.source(LONG) == ""

def test_falsehood_is_no_value(ended):
    ended.task("square")
    assert None == 1
"""

RUN = "run pythagorean-145604e8"
TOLD = {
    "test_number": f"assert 9.5 == 10.0 ± 1.0e-05: task square of {RUN} gave 9.5, "
    "10.0 ± 1.0e-05 expected",
    "test_text": f"task tell of {RUN} gave 'told told",
    "test_output_of_the_pipeline": f"{RUN} gave {{'Output': 9.5}}, {{'Output': 10.0}} expected",
    "test_log": "the log of task tell does not have 'three'",
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Session:
    files = {"conftest.py": CONFTEST, "test_values.py": TESTS}
    return run_session(tmp_path_factory.mktemp("told"), files, reports=True)


@pytest.mark.parametrize("test", TOLD)
def test_the_source_is_in_every_report(told: Session, test: str) -> None:
    first = next(line for line in told.section(test).splitlines() if line.startswith("E "))
    message = told.case(test)[-1].get("message", "")
    for text in (first, message):
        assert TOLD[test] in text


def test_what_has_no_source_is_told_as_pytest_does(told: Session) -> None:
    assert "AssertionError: nothing like it" in told.section("test_own_words")
    assert "of run" not in told.section("test_other_values").partition("---")[0]
    assert "assert None == 1\n" in told.section("test_falsehood_is_no_value")
    assert told.outcomes["passed"] == 1


def test_a_value_is_known_by_identity() -> None:
    read = Provenance()
    text = "".join(["a", "b", "c"])
    assert read.note(text, "a file") is text
    assert read.source(text) == "a file"
    assert read.source("".join(["a", "b", "c"])) == ""
    read.note(text, "the same file, read later")
    assert read.source(text) == "the same file, read later"
    for number in range(100):
        read.note(f"value {number}", "noise")
    assert read.source(text) == ""


@pytest.mark.parametrize("value", [None, True, False, "", b"", [], ()])
def test_constants_have_no_source(value: object) -> None:
    read = Provenance()
    read.note(value, "somewhere")
    assert read.source(value) == ""


@pytest.mark.parametrize(
    ("op", "left", "right", "expected"),
    [
        ("==", 14.11, 13.0, "task x gave 14.11, 13.0 expected"),
        ("<", 14.11, 13.0, "task x gave 14.11"),
        ("==", 13.0, 14.11, "task x gave 14.11"),
        ("in", "a", 14.11, "task x does not have 'a'"),
        ("not in", "a", 14.11, "task x has 'a'"),
        ("==", 1.5, 2.5, ""),
    ],
)
def test_sentences(op: str, left: object, right: object, expected: str) -> None:
    READ.clear()
    for value in (left, right):
        if value == 14.11:
            READ.note(value, "task x")
    assert sentence(op, left, right) == expected
    READ.clear()
