"""The record of a whole session, as its JSON has it: collected in one process and over workers."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_kubeflow.reporting.records.document import load
from pytest_kubeflow.reporting.records.session import SessionRecord, State
from pytest_kubeflow.reporting.records.tests import Outcome

from .sessions import Session, run_session
from .test_plugin import CONFTEST

TESTS = '''
import os
import pytest
import warnings
from pytest_kubeflow import skip_for
from pytest_kubeflow.errors import NotFound, Evidence
from tests.reporting.runs import Fake, task

def test_passes(ended):
    """Says what it does.

    And more."""
    print("printed correct-horse-battery")

def test_wrong(ended):
    assert ended.task("square").output == 10.0

def test_bare(ended):
    assert len(ended.name) == 0

@pytest.mark.parametrize("number", [1, 2])
def test_one_cause(number):
    raise NotFound(f"no such thing as thing-{number}45604e8", evidence=Evidence("thing", (
        ("events", "correct-horse-battery " * number),
    )))

def test_error_in_setup(broken):
    pass

@pytest.fixture
def broken():
    raise ValueError("broken\\nin two lines")

@pytest.fixture
def broken_at_the_end():
    yield
    pytest.fail("cannot tidy up")

def test_error_in_teardown(broken_at_the_end):
    pass

@pytest.mark.parametrize("number", [1, 2])
def test_skips(number):
    skip_for("gpu", f"no GPU on node {number}")

def test_skips_without_cause():
    pytest.skip("not today")

@pytest.mark.xfail(reason="a known weakness")
def test_known():
    assert False

@pytest.mark.xfail(reason="an old weakness")
def test_no_longer_known():
    pass

def test_records(record_property):
    record_property("speed", "42 correct-horse-battery")
'''


def record_of(folder: Path) -> SessionRecord:
    return load(folder / "session.json")


@pytest.fixture(scope="module", params=[(), ("-n", "2")], ids=["one process", "two workers"])
def told(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Session, SessionRecord, Path]:
    folder = tmp_path_factory.mktemp("session")
    files = {"conftest.py": CONFTEST, "test_session.py": TESTS, "test_odd.py": "import nothing\n"}
    files["test_typo.py"] = "def test_typo(:\n    pass\n"
    arguments = (f"--kf-json={folder / 'session.json'}", "--continue-on-collection-errors")
    session = run_session(folder, files, *arguments, *request.param, reports=False)
    return session, record_of(folder), folder


Told = tuple[Session, SessionRecord, Path]


def test_every_test_has_its_outcome(told: Told) -> None:
    _, record, _ = told
    outcomes = {test.nodeid.rpartition("::")[2]: test.outcome for test in record.tests}
    assert outcomes == {
        "test_odd.py": Outcome.ERROR,
        "test_typo.py": Outcome.ERROR,
        "test_passes": Outcome.PASSED,
        "test_wrong": Outcome.FAILED,
        "test_bare": Outcome.FAILED,
        "test_one_cause[1]": Outcome.FAILED,
        "test_one_cause[2]": Outcome.FAILED,
        "test_error_in_setup": Outcome.ERROR,
        "test_error_in_teardown": Outcome.ERROR,
        "test_skips[1]": Outcome.SKIPPED,
        "test_skips[2]": Outcome.SKIPPED,
        "test_skips_without_cause": Outcome.SKIPPED,
        "test_known": Outcome.XFAILED,
        "test_no_longer_known": Outcome.XPASSED,
        "test_records": Outcome.PASSED,
    }
    assert record.exit_code == 1


def test_every_red_one_has_a_sentence(told: Told) -> None:
    _, record, _ = told
    red = {test.nodeid.rpartition("::")[2]: test for test in record.tests if test.outcome.is_red}
    assert {name: (test.sentence, test.phase) for name, test in red.items()} == {
        "test_odd.py": ("ModuleNotFoundError: No module named 'nothing'", "collect"),
        "test_typo.py": ("SyntaxError: invalid syntax", "collect"),
        "test_bare": ("assert len(ended.name) == 0: 20 == 0 (run pythagorean-145604e8)", "call"),
        "test_wrong": (
            "task square of run pythagorean-145604e8 gave 9.0, 10.0 expected",
            "call",
        ),
        "test_one_cause[1]": ("no such thing as thing-145604e8", "call"),
        "test_one_cause[2]": ("no such thing as thing-245604e8", "call"),
        "test_error_in_setup": ("ValueError: broken", "setup"),
        "test_error_in_teardown": ("cannot tidy up", "teardown"),
    }
    assert "in two lines" in red["test_error_in_setup"].details
    assert all(test.cause for test in red.values())


def test_one_cause_is_told_once(told: Told) -> None:
    _, record, _ = told
    first = record.causes[0]
    assert [test.rpartition("::")[2] for test in first.tests] == [
        "test_one_cause[1]",
        "test_one_cause[2]",
    ]
    assert first.sentence == "no such thing as thing-245604e8"
    assert [one.heading for one in first.evidence] == ["events"]
    assert len(record.causes) == 7


def test_a_run_is_told_with_its_graph(told: Told) -> None:
    _, record, _ = told
    passed = next(test for test in record.tests if test.nodeid.endswith("test_passes"))
    (run,) = passed.runs
    assert [task.name for task in run.tasks] == ["square", "tell"]
    assert run.tasks[0].outputs == {"Output": 9.0}
    assert passed.doc == "Says what it does."


def test_what_did_not_run_is_told_once_a_reason(told: Told) -> None:
    _, record, _ = told
    assert [(one.reason, one.count, one.cause) for one in record.not_run] == [
        ("no GPU on node 1", 2, "gpu"),
        ("not today", 1, ""),
    ]
    known = next(test for test in record.tests if test.nodeid.endswith("test_known"))
    assert known.sentence == "a known weakness"


def test_the_verdict_stands_in_the_terminal_too(told: Told) -> None:
    session, record, folder = told
    assert record.verdict.state is State.DEGRADED
    assert "7 causes explain all 8 failures." in record.verdict.sentence
    assert f"Kubeflow: {record.verdict.state}" in session.stdout
    assert record.verdict.sentence in session.stdout
    assert "  2 x no such thing as thing-" in session.stdout
    assert f"JSON: {folder / 'session.json'}" in session.stdout


def test_no_secret_is_in_it(told: Told) -> None:
    session, record, folder = told
    for text in (session.stdout, (folder / "session.json").read_text()):
        assert "correct-horse" not in text
    passed = next(test for test in record.tests if test.nodeid.endswith("test_passes"))
    assert [one.text for one in passed.captured] == ["printed ***\n"]
    speed = next(test for test in record.tests if test.nodeid.endswith("test_records"))
    assert speed.properties == {"speed": "42 ***"}


def test_the_cluster_is_told(told: Told) -> None:
    session, record, _ = told
    if "gw0" in session.stdout:
        return  # here the workers alone have entered it
    assert record.gateway == "https://kf.example"
    assert record.user == "user@example.com"
    assert record.versions["Kubernetes"] == "v1.33.0"
    assert record.facts["login"] == "Dex login (<b>***</b>)"
    assert record.seconds > 0
    assert len(record.session) == 10


def ended(tmp_path: Path, test: str, *arguments: str) -> tuple[Session, SessionRecord]:
    files = {"test_ends.py": test}
    where = f"--kf-json={tmp_path / 'session.json'}"
    session = run_session(tmp_path, files, where, *arguments, reports=False)
    return session, record_of(tmp_path)


@pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["one process", "a worker"])
def test_what_was_not_reached_is_told(tmp_path: Path, workers: tuple[str, ...]) -> None:
    test = "import pytest\n@pytest.mark.parametrize('n', range(20))\ndef test_it(n): assert n\n"
    _, record = ended(tmp_path, test, "-x", *workers)
    assert record.tests[0].outcome is Outcome.FAILED
    assert record.tests[-1].outcome is Outcome.NOT_RUN
    assert record.ended_by == "stopping after 1 failures"
    # A worker may go on to another test meanwhile.
    assert record.verdict.state in ({State.UNFIT, State.DEGRADED} if workers else {State.UNFIT})
    assert record.not_run[0].reason == "the session ended before it"


def test_an_interrupted_session_is_not_green(tmp_path: Path) -> None:
    test = """
import os, signal
def test_one(): pass
def test_two(): os.kill(os.getpid(), signal.SIGINT)
def test_three(): pass
"""
    session, record = ended(tmp_path, test)
    assert session.code == record.exit_code == pytest.ExitCode.INTERRUPTED
    assert record.verdict.state is State.INTERRUPTED
    assert "after 1 of 3 tests" in record.verdict.sentence
    assert [one.outcome for one in record.tests].count(Outcome.NOT_RUN) == 2


def test_nothing_ran_is_not_fit(tmp_path: Path) -> None:
    _, record = ended(tmp_path, "import pytest\ndef test_one(): pytest.skip('no cluster')\n")
    assert record.verdict.state is State.UNTESTED
    assert record.verdict.sentence == "No test ran: no cluster (1)."


def test_too_few_tests_are_no_fit_cluster(tmp_path: Path) -> None:
    session, record = ended(tmp_path, "def test_one(): pass\n", "--kf-min-tests=2")
    assert session.code == 1
    assert record.verdict.state is State.DEGRADED
    assert record.problems[0] == "only 1 tests ran: --kf-min-tests=2 (from command line)"


def test_an_unreachable_cluster_is_unfit(tmp_path: Path) -> None:
    test = "def test_one(kf_cluster): pass\n"
    session, record = ended(tmp_path, test, "--kf-host=http://127.0.0.1:9", "--kf-timeout=1s")
    assert session.code == record.exit_code == 78
    assert record.verdict.state is State.UNFIT
    assert record.verdict.sentence.startswith("This Kubeflow is not fit to be tested: TCP: ")
    assert next(one for one in record.checks if one.state == "failed").name == "TCP"
    assert [one.outcome for one in record.tests] == [Outcome.NOT_RUN]


def test_all_tests_passed(tmp_path: Path) -> None:
    session, record = ended(tmp_path, "def test_one(): pass\ndef test_two(): pass\n")
    assert session.code == 0
    assert record.verdict.state is State.FIT
    assert record.verdict.sentence == "All 2 tests passed."
