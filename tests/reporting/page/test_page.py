"""The page says what the session found: every part of it, in words."""

from dataclasses import replace
from itertools import pairwise

import pytest

from pytest_kubeflow.reporting.page import render
from pytest_kubeflow.reporting.records.runs import RunRecord
from pytest_kubeflow.reporting.records.session import (
    Cause,
    Fault,
    Leftover,
    SessionRecord,
    State,
    Verdict,
)
from pytest_kubeflow.reporting.records.tests import Outcome, Section, TestRecord
from pytest_kubeflow.reporting.records.trend import Trend
from tests.reporting.page.markup import Element, parsed
from tests.reporting.page.runs import BEGAN
from tests.reporting.page.sessions import SESSIONS, green, red, session, trend


def page_of(record: SessionRecord, earlier: Trend | None = None) -> Element:
    return parsed(render(record, earlier))


def section(page: Element, name: str) -> Element:
    return page.one("section", **{"aria-labelledby": name})


@pytest.fixture(scope="module")
def pages() -> dict[str, Element]:
    made = {name: make() for name, make in SESSIONS.items()}
    return {name: page_of(record, trend(record)) for name, record in made.items()}


def test_faults_of_the_platform_that_are_no_cause_have_a_section() -> None:
    soon = Fault(
        "KF222",
        "degraded",
        "katib",
        "the certificate in Secret kubeflow/katib-webhook-cert ends in 3 days",
        fix="kubectl -n kubeflow delete secret katib-webhook-cert",
        evidence=("notAfter 2026-12-02",),
    )
    behind = Fault("KF401", "broken", "storage", "no storage class is the default one")
    cause = Cause("k", behind.sentence, ("a.py::test",), code=behind.code)
    page = page_of(replace(green(), faults=(behind, soon), causes=(cause,)))
    words = section(page, "platform").words
    for found in (soon.code, soon.sentence, "degraded", "katib", soon.fix, soon.evidence[0]):
        assert found in words
    assert behind.sentence not in words
    assert "Platform" not in page_of(green()).one("main").words.split()


@pytest.mark.parametrize("name", SESSIONS)
def test_headings_are_in_order_and_ids_are_unique(name: str, pages: dict[str, Element]) -> None:
    levels = [int(one.tag[1]) for one in pages[name].all() if one.tag in {"h1", "h2", "h3", "h4"}]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    ids = [one.attributes["id"] for one in pages[name].all() if "id" in one.attributes]
    assert len(set(ids)) == len(ids)
    links = {one.attributes["href"] for one in pages[name].all("a")}
    assert {link[1:] for link in links if link and link.startswith("#")} <= set(ids)


@pytest.mark.parametrize(
    ("name", "state", "in_title"),
    [
        ("green", "Fit:", "FIT"),
        ("red", "Degraded:", "DEGRADED"),
        ("unfit", "Unfit:", "UNFIT"),
        (
            "interrupted",
            "Interrupted:",
            "INTERRUPTED",
        ),
    ],
)
def test_the_verdict_comes_first(
    name: str, state: str, in_title: str, pages: dict[str, Element]
) -> None:
    top = pages[name].one("header")
    assert top.one("h1").words.startswith(state)
    assert SESSIONS[name]().verdict.sentence in top.words
    assert (
        pages[name].one("head").one("title").words
        == f"{in_title} · kubeflow.example.com · 29 Nov 2026, 02:14 UTC"
    )
    for found in ("production", "29 Nov 2026, 02:14 UTC", "as user@example.com"):
        assert found in top.words


def test_a_green_night(pages: dict[str, Element]) -> None:
    page = pages["green"]
    assert "53 of 60 tests passed, 1 known weakness and 6 did not run (1 reason)." in page.words
    assert "Nothing. 41 objects were made, 41 removed." in section(page, "left").words
    assert "Empty strings come back as None" in section(page, "known").words
    assert not page.all("section", **{"aria-labelledby": "causes"})
    reasons = section(page, "not-run")
    assert reasons.words.count("no GPU: no node that takes pods") == 1
    assert "--kf-require=gpu" in reasons.words
    assert len(page.one(id="list").children) == 60


def test_a_cause_has_its_fix_its_evidence_and_its_tests(pages: dict[str, Element]) -> None:
    cause = pages["red"].one(id="cause-1")
    assert cause.one("h3").words.startswith("Likely cause: KF203 the webhook of PodDefaults")
    assert "9 tests · serving" in cause.words
    assert cause.one(class_="fix").one("pre").words.startswith("kubectl -n kubeflow rollout")
    events, conditions, tests = cause.all("details")
    assert "3 events of the namespace" in events.one("summary").words
    assert "context deadline exceeded" in events.one("pre").text
    assert "Conditions" in conditions.one("summary").words
    assert len(tests.all("a")) == 9


def test_red_tests_without_a_cause_are_not_lost() -> None:
    lost = TestRecord("a.py::test_lost", "a", Outcome.FAILED, "it broke")
    record = replace(session([lost], took=1.0), causes=())
    causes = section(page_of(record), "causes")
    assert "Red without a common cause" in causes.words
    assert "test_lost" in causes.words


def test_a_run_is_a_picture_and_a_table(pages: dict[str, Element]) -> None:
    runs = section(pages["red"], "runs").all("details", class_="run")
    assert [run.one("h3").words.rpartition("-")[0] for run in runs] == [
        "iris-serving",
        "iris-serving",
        "sort-csv",
        "sort-csv",
        "sort-csv",
    ]
    # The first of each cause is unfolded.
    assert ["open" in run.attributes for run in runs] == [True, False, True, False, False]
    nodes = [node.words for node in runs[2].all("g", class_="node")]
    assert "write-out: failed · 4.1 s" in nodes[2]
    row = runs[2].one("tbody").all("tr")[2]
    assert "waiting 0.8 s · starting 1.2 s · running 2.1 s" in row.words
    assert "Input/output error" in row.one(class_="error").words
    assert "Traceback" in row.one("details").one("pre").text
    assert len(row.all("rect")) == 3
    table = runs[2].one("table")
    assert next(one.words for one in table.all("th", scope="col")) == "Task"


def test_links_to_runs_are_alive_only_where_they_were_kept(pages: dict[str, Element]) -> None:
    kept, gone, _ = section(pages["red"], "runs").all("details", class_="run")[2:]
    assert kept.one("a", rel="noopener noreferrer").words == "open it in Kubeflow"
    assert not gone.all("a", rel="noopener noreferrer")
    assert "it was at https://kubeflow.example.com/_/pipeline/" in gone.words
    assert "until the session ended" in gone.words


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "//evil", "https:", "HTTPS", "http://[", ""]
)
def test_only_pages_of_the_web_are_links(url: str) -> None:
    run = RunRecord("id", "name", "ns", url, state="FAILED")
    test = TestRecord("a.py::t", "a", Outcome.FAILED, runs=(run,))
    record = replace(
        session([test], took=1.0), left=(Leftover("run", "id", kept=True),), gateway=url
    )
    hrefs = [one.attributes["href"] or "" for one in page_of(record).all("a")]
    assert all(href.startswith("#") for href in hrefs)


def test_the_gateway_of_a_forwarded_port_is_no_link() -> None:
    record = replace(green(), gateway="http://127.0.0.1:31380")
    cluster = section(page_of(record), "cluster")
    assert not cluster.all("a")
    assert "http://127.0.0.1:31380" in cluster.words


def test_an_unfit_session_says_why_and_what_to_do(pages: dict[str, Element]) -> None:
    page = pages["unfit"]
    why = section(page, "unfit")
    assert "object store" in why.one("h3").words
    assert "answers 503 to every write" in why.words
    assert "WEED_VOLUME_MAX=32" in why.one(class_="fix").words
    assert "No test ran." in section(page, "tests").words
    assert page.one("header").attributes["class"] == "verdict v-unfit"
    assert len(section(page, "cluster").one("table").all("tr")) == 7


def test_an_interrupted_session_lists_what_did_not_run(pages: dict[str, Element]) -> None:
    page = pages["interrupted"]
    assert "SIGTERM" in page.one("h1").words
    assert "33 did not run (2 reasons)" in page.words
    not_run = page.one(id="list").all("li", **{"data-o": "not run"})
    assert len(not_run) == 33
    assert all("not run:" in one.words for one in not_run)


def test_how_it_was_before(pages: dict[str, Element]) -> None:
    found = section(pages["red"], "history")
    assert "Red since 27 Nov 2026, 02:14 UTC: 3 sessions in a row." in found.words
    assert "Red since 27 Nov" in pages["red"].one("header").words
    assert len(found.all("table")[0].one("tbody").all("tr")) == 14
    slow, flaky = (table.one("tbody").all("td") for table in found.all("table")[1:])
    assert [cell.words for cell in slow[1:]] == ["1 min 28 s", "18 s to 21 s", "4.2"]
    assert flaky[0].words.endswith("test_canary_gets_its_share[3-4]")
    assert flaky[1].words == "14%"


def test_no_history_no_section() -> None:
    assert not page_of(green()).all("section", **{"aria-labelledby": "history"})


def test_what_was_left_is_listed_with_the_reason(pages: dict[str, Element]) -> None:
    left = section(pages["red"], "left")
    assert "1 object could not be removed. 1 object is kept, as was asked for." in left.words
    assert "41 objects were made, 39 removed." in left.words
    rows = left.one("tbody").all("tr")
    assert "its finalizer has not run after 60 s" in rows[0].words
    assert "kept, as was asked for" in rows[1].words


def test_all_that_a_test_told() -> None:
    test = TestRecord(
        "suites/a/test_a.py::test_a",
        "a",
        Outcome.ERROR,
        "set-up failed",
        phase="setup",
        doc="What it is about.",
        started=BEGAN,
        seconds=3.0,
        details="E   Boom",
        evidence=(Section("Events", "FailedMount"),),
        captured=(Section("Captured stdout", "hello"),),
        reruns=2,
        worker="gw1",
        properties={"predictor": "kf-iris"},
    )
    record = session([test], took=5.0)
    item = page_of(record).one(id="test-1")
    for found in (
        "What it is about.",
        "failed in set-up",
        "run again 2 times",
        "worker gw1",
        "predictor kf-iris",
        "E Boom",
        "FailedMount",
        "hello",
    ):
        assert found in item.words
    assert item.one("a", href="#cause-1").words == "set-up failed"
    headings = [one.one("summary").words for one in item.all("details", class_="fold")]
    assert headings == ["Events 1 line", "What pytest says 1 line", "Captured stdout 1 line"]


def test_notes_are_under_the_verdict() -> None:
    record = replace(
        green(),
        problems=("42 tests ran, fewer than --kf-min-tests=60.",),
        lost="3 responses were lost on the way.",
        ended_by="-x",
    )
    top = page_of(record).one("header").words
    assert "fewer than --kf-min-tests=60" in top
    assert "3 responses were lost" in top
    assert "ended early by -x" in top


def test_one_run_of_many_tests_is_shown_once() -> None:
    run = red().tests[0].runs[0]
    tests = [
        TestRecord(f"a.py::t{at}", "a", Outcome.PASSED, started=BEGAN, runs=(run,))
        for at in range(12)
    ]
    page = page_of(session(tests, took=9.0))
    (shown,) = page.all("details", class_="run")
    assert len([a for a in shown.all("a") if (a.attributes["href"] or "").startswith("#test")]) == 8
    assert "and 4 more" in shown.words
    assert all(page.one(id=f"test-{at}").all("a", href="#run-1") for at in range(1, 13))


def test_two_tests_of_one_name() -> None:
    twice = [TestRecord("a.py::t", "a", Outcome.PASSED) for _ in range(2)]
    page = page_of(session(twice, took=1.0))
    assert page.one(id="test-1")
    assert page.one(id="test-2")


def test_next_to_nothing() -> None:
    bare = SessionRecord("", "", float("nan"), float("nan"), Verdict(State.UNTESTED, ""))
    assert "No test ran." in page_of(bare).words


def test_tests_of_causes_that_are_not_there_do_no_harm() -> None:
    cause = Cause("k", "a reason", ("gone.py::t",))
    record = replace(session([], took=1.0), causes=(cause,))
    assert "gone.py" in page_of(record).one(id="cause-1").words


@pytest.mark.parametrize("outcome", [Outcome.PASSED, Outcome.FAILED])
def test_a_run_that_failed_as_its_test_wants_is_not_red(outcome: Outcome) -> None:
    failed = RunRecord("1", "clean-up-1a2b3c4d", "team", "", state="FAILED")
    test = TestRecord("a/test_it.py::test_exit", "a", outcome, sentence="", runs=(failed,))
    page = page_of(session([test], took=1.0))
    run = next(one for one in page.all("details") if "run" in (one.attributes["class"] or ""))
    wanted = outcome is Outcome.PASSED
    assert ("failed, as its test wants" in run.words) is wanted
    assert (run.attributes["class"] or "").endswith("ok" if wanted else "bad")
