"""The hooks, in sessions whose runs no cluster has."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from .runs import NAME, RUN_ID
from .sessions import Session, run_session

TITLE = f"run {NAME} ({RUN_ID})"

# How a test comes to its runs here: what fixtures.pipelines does, without a cluster.
CONFTEST = """
import pytest
from pytest_kubeflow import options
from pytest_kubeflow.reporting.plugin import add_runs
from tests.reporting.clusters import Answering, cluster
from tests.reporting.runs import Fake, dead, task

def pytest_collection_finish(session):
    options.redactor(session.config).add("correct-horse-battery")
    session.config.hook.pytest_kubeflow_cluster_ready(
        config=session.config,
        cluster=cluster(Answering(200, b"{}"), login_reason="<b>correct-horse-battery</b>"),
    )

@pytest.fixture
def started(request):
    runs = []
    add_runs(request.node, runs)
    yield lambda fake: runs.append(fake.run()) or runs[-1]
    runs.clear()

@pytest.fixture
def ended(started):
    return started(Fake(logs={"pod-of-tell": "told correct-horse-battery"}))

@pytest.fixture
def failed(started):
    run = started(Fake(state="FAILED", tasks=[task("tell", state="FAILED")]))
    return run.wait()
"""

TESTS = """
import pytest
from pytest_kubeflow.errors import NotFound
from tests.reporting.runs import Fake, dead, task

def test_without_runs():
    pass

def test_passes(ended):
    pass

def test_two_runs(started):
    started(Fake())
    started(Fake(state="RUNNING", tasks=[task("square", state="RUNNING")]))

def test_wrong(ended):
    assert ended.outputs["Output"] == 10.0

def test_says_so(ended):
    pytest.fail("that was wrong", pytrace=False)

def test_fails_before_it_begins(failed):
    pass

def test_other_error(ended):
    raise NotFound("nothing of the kind")

def test_skips(ended):
    pytest.skip("not today")

@pytest.mark.xfail(strict=True)
def test_is_known_to_fail(ended):
    assert ended.outputs["Output"] == 10.0

def test_dead_cluster(started):
    started(dead())
    assert 1 == 2

def test_passes_on_a_dead_cluster(started):
    started(dead())

def test_secret(started):
    text = "correct-horse-battery"
    run = started(Fake(
        tasks=[task("tell", text)], logs={"pod-of-tell": text}, url=f"https://kf.example/{text}"
    ))
    assert run.task("tell").output == text[::-1]

def test_secret_where_texts_are_cut(started):
    started(Fake(tasks=[task("tell", "x" * 1990 + "correct-horse-battery")]))

def test_secret_where_none_is_expected(started):
    started(Fake(state="correct-horse-battery"))

def test_hostile(started):
    text = "<script>alert('1')</script>"
    started(Fake(tasks=[task("tell", text)], url=f'https://kf.example/">{text}'))
"""

OUTCOMES = {"failed": 5, "passed": 7, "skipped": 1, "xfailed": 1, "errors": 1}
FAILED = ("test_wrong", "test_says_so", "test_other_error")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Session:
    files = {"conftest.py": CONFTEST, "test_runs.py": TESTS}
    return run_session(tmp_path_factory.mktemp("told"), files, reports=True)


def test_outcomes_are_what_they_would_be_without_us(told: Session) -> None:
    assert told.outcomes == OUTCOMES
    assert told.code == pytest.ExitCode.TESTS_FAILED


@pytest.mark.parametrize("test", ["test_passes", "test_wrong", "test_skips"])
def test_the_page_has_the_run(told: Session, test: str) -> None:
    (table,) = told.extras(test, "html")
    for expected in (RUN_ID, NAME, "square", "tell", "SUCCEEDED", "2.0", "= </span>", "9.0"):
        assert expected.replace("= </span>", "Output =") in table
    assert told.extras(test, "url") == [
        f"https://kubeflow.example/_/pipeline/?ns=team&amp;x=1#/runs/details/{RUN_ID}"
    ]
    assert told.html.count("<style>\n.kf-run") == 1


def test_a_test_without_runs_has_nothing_of_ours(told: Session) -> None:
    assert told.row("test_without_runs")["extras"] == []
    assert told.properties("test_without_runs") == []


def test_all_runs_of_a_test_are_told(told: Session) -> None:
    first, second = told.extras("test_two_runs", "html")
    assert "SUCCEEDED" in first
    assert "RUNNING" in second
    names = Counter(name for name, _ in told.properties("test_two_runs"))
    assert names["kubeflow.run.state"] == names["kubeflow.run-2.state"] == 1


def test_junit_has_the_run(told: Session) -> None:
    found = dict(told.properties("test_passes"))
    assert found["kubeflow.run.id"] == RUN_ID
    assert found["kubeflow.run.name"] == NAME
    assert found["kubeflow.run.state"] == "SUCCEEDED"
    assert found["kubeflow.run.url"].endswith(f"?ns=team&x=1#/runs/details/{RUN_ID}")
    assert json.loads(found["kubeflow.run.outputs"]) == {"Output": 9.0}


@pytest.mark.parametrize("test", FAILED)
def test_a_failure_brings_the_evidence_once_everywhere(told: Session, test: str) -> None:
    for text in (told.section(test), told.failure(test), told.row(test)["log"]):
        assert text.count(TITLE) == 1
        assert text.count("--- log of tell") == 1


def test_evidence_that_the_error_brings_is_not_repeated(told: Session) -> None:
    test = "test_fails_before_it_begins"
    for text in (told.section(test), told.failure(test), told.row(test)["log"]):
        assert text.count(TITLE) == 1
    (table,) = told.extras(test, "html")
    assert "FAILED" in table


def test_expected_failures_bring_no_evidence(told: Session) -> None:
    assert TITLE not in told.row("test_is_known_to_fail")["log"]


def test_a_dead_cluster_is_told_and_nothing_more(told: Session) -> None:
    assert "assert 1 == 2" in told.failure("test_dead_cluster")
    for test in ("test_dead_cluster", "test_passes_on_a_dead_cluster"):
        (table,) = told.extras(test, "html")
        assert "neither state nor tasks can be read: nothing listens" in table
        assert dict(told.properties(test))["kubeflow.run.state"] == "UNKNOWN"


def test_facts_about_the_cluster_are_text_without_secrets(told: Session) -> None:
    facts = told.page["environment"]["Kubeflow"]
    assert facts["gateway"] == "https://kf.example"
    assert facts["login"] == "Dex login (&lt;b&gt;***&lt;/b&gt;)"


def test_no_secret_is_in_any_report(told: Session) -> None:
    (table,) = told.extras("test_secret", "html")
    assert "Output =</span> <code>***" in table
    assert told.extras("test_secret", "url") == ["https://kf.example/***"]
    assert "--- log of tell\n***" in told.failure("test_secret")
    assert dict(told.properties("test_secret"))["kubeflow.run.url"] == "https://kf.example/***"
    assert (
        dict(told.properties("test_secret_where_none_is_expected"))["kubeflow.run.state"] == "***"
    )
    assert "x***" in told.extras("test_secret_where_texts_are_cut", "html")[0]
    for text in (told.stdout, told.html, told.xml):
        assert "correct-h" not in text


def test_markup_in_outputs_and_links_stays_text(told: Session) -> None:
    row = told.row("test_hostile")
    assert "<script>" not in json.dumps(row)
    assert "&lt;script&gt;alert" in told.extras("test_hostile", "html")[0]
    assert '">&lt;script' not in row["resultsTableRow"][-1].replace("&quot;", "'")


def test_without_report_plugins_failures_still_bring_the_evidence(tmp_path: Path) -> None:
    files = {"conftest.py": CONFTEST, "test_runs.py": TESTS}
    plain = run_session(
        tmp_path, files, "-p", "no:html", "-p", "no:metadata", "-p", "no:junitxml", reports=False
    )
    assert plain.outcomes == OUTCOMES
    for test in FAILED:
        assert plain.section(test).count(TITLE) == 1


def test_without_a_report_passing_tests_ask_the_cluster_nothing(tmp_path: Path) -> None:
    test = """
from tests.reporting.runs import Fake
fake = Fake(state="RUNNING")

def test_one(started):
    started(fake)

def test_nothing_was_asked():
    assert fake.asked == []
"""
    files = {"conftest.py": CONFTEST, "test_asking.py": test}
    assert run_session(tmp_path, files, reports=False).outcomes == {"passed": 2}
    # and to see that this can fail:
    assert run_session(tmp_path, files, reports=True).outcomes == {"failed": 1, "passed": 1}


def test_a_rerun_tells_of_its_own_runs_alone(tmp_path: Path) -> None:
    again = """
from _pytest.runner import runtestprotocol

def pytest_runtest_protocol(item, nextitem):
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    runtestprotocol(item, nextitem=nextitem, log=False)
    item._initrequest()
    runtestprotocol(item, nextitem=nextitem)
    return True
"""
    test = """
from tests.reporting.runs import Fake
states = ["FAILED", "SUCCEEDED"]

def test_flaky(started):
    started(Fake(state=states.pop(0)))
"""
    files = {"conftest.py": CONFTEST + again, "test_flaky.py": test}
    found = run_session(tmp_path, files, reports=True).properties("test_flaky")
    assert [value for name, value in found if name == "kubeflow.run.state"] == ["SUCCEEDED"]
