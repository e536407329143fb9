"""Nothing of a cluster runs in the reader's browser, whatever it wrote and wherever it stands."""

import base64
import hashlib
import json
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_kubeflow.load.figures import Figure
from pytest_kubeflow.load.summary import LoadSummary
from pytest_kubeflow.reporting.page import render
from pytest_kubeflow.reporting.page.document import LARGEST
from pytest_kubeflow.reporting.records.experiments import ExperimentRecord, TrialEntry
from pytest_kubeflow.reporting.records.lineage import LineageRecord, LineageStep
from pytest_kubeflow.reporting.records.runs import Phase, RunRecord, TaskEntry
from pytest_kubeflow.reporting.records.session import (
    Cause,
    Check,
    ComponentResult,
    Leftover,
    NotRun,
    SessionRecord,
    State,
    Verdict,
)
from pytest_kubeflow.reporting.records.tests import Outcome, Section, TestRecord
from pytest_kubeflow.reporting.records.trend import Night, Pace, Trend
from tests.reporting.page.markup import Element, parsed

ATTACKS = [
    "<script>alert(1)</script>",
    "</pre></details></script><img src=x onerror=alert(1)>",
    "\"><svg onload=alert(1)><a href='javascript:alert(1)'>",
    "' onmouseover='alert(1)' x='",
    "</title></style><iframe src=//evil>",
    "{{ 7 * 7 }}{% raw %}{# x #}",
    "<!-- --!> <![CDATA[ ]]> <?php",
    "&lt;script&gt; &#60; &amp;",
    "\x1b[31mred\x1b[0m \x00 \ud800 \u202egnp.exe",
    "</noscript></template><noscript>",
]


def everywhere(text: str) -> tuple[SessionRecord, Trend]:
    """A session that has `text` wherever a cluster, a test or a user may write."""
    section = Section(text, text)
    task = TaskEntry(
        text,
        text,
        error=text,
        started=1.0,
        ended=5.0,
        outputs={text: text, "list": [text, {text: text}]},
        artifacts={text: text},
        after=(text,),
        within=text,
        phases=(Phase(text, 1.0, 2.0), Phase("running", 2.0, 5.0)),
        log=text,
    )
    other = replace(task, name="other", after=(text,), within="", state="FAILED", is_cached=True)
    run = RunRecord(
        text, text, text, text, text, outputs={text: text}, tasks=(task, other), gaps=(text,)
    )
    trials = tuple(
        TrialEntry(name, text, {text: text}, {text: 0.5 + at}, 1.0, 5.0, text)
        for at, name in enumerate((text, f"{text}-2"))
    )
    experiment = ExperimentRecord(
        text, text, text, text, text, text, True, 0.9, text, text, True, trials, 3, (text,)
    )
    steps = (LineageStep(text, text, text, (text,)), LineageStep("data", text, after=(0, 7)))
    lineage = LineageRecord(text, text, steps, (text,))
    tests = tuple(
        TestRecord(
            f"{text}::{outcome.value}{text}",
            text,
            outcome,
            text,
            text,
            text,
            text,
            started=1.0,
            details=text,
            evidence=(section,),
            captured=(section,),
            runs=(run, replace(run, run_id=outcome.value, state="FAILED")),
            experiments=(experiment, replace(experiment, name=outcome.value)),
            lineages=(lineage, replace(lineage, service=outcome.value)),
            worker=text,
            properties={text: text},
        )
        for outcome in Outcome
    )
    ids = tuple(test.nodeid for test in tests)
    figure = Figure(text, 2, 1.0, 2.0, 2.0, 2.0)
    record = SessionRecord(
        text,
        text,
        1.0,
        9.0,
        Verdict(State.DEGRADED, text, (ComponentResult(text, State.UNTESTED, 0, 0, 1, text),)),
        target=text,
        user=text,
        versions={text: text},
        facts={text: text},
        checks=(Check(text, text, text, text, 1.0), Check(text, "failed", text, text)),
        tests=tests,
        causes=(Cause(text, text, ids, (text,), text, text, (section,)),),
        not_run=(NotRun(text, 2, text, ids),),
        loads=(LoadSummary(2, 2, 1, 9.0, 1.0, 9, 1, figures=(figure,), stopped=text),),
        left=(Leftover(text, text, text), Leftover(text, text, text, kept=True)),
        made={text: 3},
        lost=text,
        problems=(text,),
        ended_by=text,
    )
    trend = Trend(
        (Night(text, 1.0, 1.0, State.FIT, 1, 1, 1),), 1.0, {text: 0.5}, (Pace(text, 9, 1, 2),)
    )
    return record, trend


def harmless(page: str) -> Element:
    """The page's elements, none of which can act but its own script."""
    page.encode()
    root = parsed(page)
    elements = root.all()
    assert [one.tag for one in elements].count("script") == 1
    assert [one.tag for one in elements].count("style") == 1
    tags = {one.tag for one in elements}
    assert not tags & {
        "img",
        "iframe",
        "object",
        "embed",
        "base",
        "audio",
        "video",
        "image",
        "foreignobject",
    }
    for one in elements:
        for name, value in one.attributes.items():
            assert not name.startswith("on"), name
            assert name not in {"style", "src", "action", "formaction", "srcdoc", "xlink:href"}, (
                name
            )
            if name == "href":
                assert re.match(r"#|https?://", value or "") or one.tag == "link", value
    return root


@pytest.mark.parametrize("attack", ATTACKS)
def test_attacks_are_text(attack: str) -> None:
    shape = [one.tag for one in harmless(render(*everywhere("a b"))).all()]
    page = harmless(render(*everywhere(attack)))
    if "\x1b" not in attack:
        assert attack in page.text
    assert [one.tag for one in page.all()].count("details") == shape.count("details")


@settings(max_examples=25)
@given(st.text(st.characters(), min_size=1, max_size=40))
def test_any_text_is_text(text: str) -> None:
    harmless(render(*everywhere(text)))


def test_only_our_own_script_and_styles_may_run() -> None:
    page = parsed(render(*everywhere("x")))
    policy = page.one("meta", **{"http-equiv": "Content-Security-Policy"}).attributes["content"]
    assert policy is not None
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == _hash(page.one("script").text)
    assert rules["style-src"] == _hash(page.one("style").text)
    assert rules["base-uri"] == rules["form-action"] == "'none'"
    # Before anything that it is to hold for.
    head = page.one("head").children
    assert [one.tag for one in head[:2]] == ["meta", "meta"]


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_nothing_is_asked_of_a_network() -> None:
    page = render(*everywhere("x"))
    style = parsed(page).one("style").text
    assert "url(" not in style.replace("url(#tip)", "")
    assert "@import" not in style
    assert not re.findall(r"fetch\(|XMLHttpRequest|WebSocket|import\(|innerHTML|eval\(", page)


def test_the_order_of_letters_cannot_be_turned_around() -> None:
    page = render(*everywhere("user\u202egnp.exe"))
    assert "\u202e" not in page
    assert "user⟦U+202E⟧gnp.exe" in page


def test_huge_texts_everywhere_stay_within_the_limit() -> None:
    line = "<&\"'>" * 10_000
    page = render(*everywhere(line))
    assert len(page.encode()) < LARGEST
    assert "left out" in page


def test_500_red_tests_with_2000_tasks_and_endless_logs_stay_within_the_limit() -> None:
    log = "<b>&\n" * 800
    tasks = tuple(
        TaskEntry(f"t{at}", "FAILED", log, started=1.0, ended=2.0, log=log, outputs={"o": log})
        for at in range(4)
    )
    tests = tuple(
        TestRecord(
            f"a.py::t{at}",
            "a",
            Outcome.FAILED,
            log,
            details=log,
            evidence=(Section("e", log),) * 5,
            captured=(Section("c", log),) * 5,
            runs=(RunRecord(f"{at}", f"r{at}", "ns", "", "FAILED", tasks=tasks),),
        )
        for at in range(500)
    )
    record = SessionRecord("s", "https://a.b", 1.0, 9.0, Verdict(State.UNFIT, ""), tests=tests)
    page = render(record)
    assert len(page.encode()) < LARGEST
    assert "of long texts are left out" in page
    # Each red test has some of its evidence.
    items = page.partition('<ul id="list">')[2].split("<li data-o=")[1:]
    assert len(items) == 500
    assert all("<pre>" in item for item in items)


def test_6000_tests_and_tasks_stay_within_the_limit_and_it_says_so() -> None:
    tests = tuple(
        TestRecord(
            f"suites/a/test_{at}.py::test_{'x' * 300}",
            f"component-{at}",
            Outcome.PASSED,
            started=float(at),
            runs=(
                RunRecord(
                    f"{at}",
                    "r" * 300,
                    "ns",
                    "",
                    "SUCCEEDED",
                    tasks=(TaskEntry("t", "SUCCEEDED", started=1.0, ended=2.0),),
                ),
            ),
        )
        for at in range(6_000)
    )
    record = SessionRecord("s", "https://a.b", 1.0, 9.0, Verdict(State.FIT, ""), tests=tests)
    page = render(record)
    assert len(page.encode()) < LARGEST
    assert "3,000 tests of 6,000 have no line here." in page


def test_values_of_every_kind_are_shown() -> None:
    values = {"n": None, "f": 1.5, "b": True, "d": {"a": [1, "<x>"]}, "nan": float("nan")}
    task = TaskEntry("t", "SUCCEEDED", outputs=values)
    run = RunRecord("1", "r", "ns", "", "SUCCEEDED", tasks=(task,))
    test = TestRecord("a.py::t", "a", Outcome.PASSED, runs=(run,))
    record = SessionRecord("s", "", 1.0, 9.0, Verdict(State.FIT, ""), tests=(test,))
    text = parsed(render(record)).one("table").words
    for value in ("null", "1.5", "true", json.dumps({"a": [1, "<x>"]}), "NaN"):
        assert value in text
