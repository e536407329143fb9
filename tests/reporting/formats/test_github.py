"""The summary for GitHub: what others wrote is shown letter by letter, and the limit holds."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import cmarkgfm
import pytest
from cmarkgfm.cmark import Options
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pytest_kubeflow.reporting.formats.github import LIMIT, render, summary_file
from pytest_kubeflow.reporting.formats.markdown import block, cell, code
from pytest_kubeflow.reporting.records.session import Cause, NotRun, SessionRecord
from pytest_kubeflow.reporting.records.tests import Section
from pytest_kubeflow.reporting.records.trend import Trend
from tests.reporting.formats import samples

HOSTILE = (
    "<script>alert(1)</script> <img src=x onerror=y> @octocat #1 kf#2 :tada: $x$ *b* [a](//b) "
    "http://evil.example www.evil.example a@b.example ```` | \\| `x` </code></pre></details>"
)
# What GitHub makes of text that is in none of these.
LITERAL = {"code", "pre"}


def page(markdown: str) -> ET.Element:
    """What GitHub's own renderer makes of it, raw HTML and all."""
    html = cmarkgfm.github_flavored_markdown_to_html(markdown, options=Options.CMARK_OPT_UNSAFE)
    text = re.sub(r"<(hr|br) ?/?>", "", html).replace("&quot;", '"')
    found = ET.fromstring(f"<page>{text}</page>")  # noqa: S314  made here
    assert not list(found.iter("a"))
    assert not list(found.iter("img"))
    assert not list(found.iter("script"))
    return found


def outside(element: ET.Element) -> Iterator[str]:
    """All text that is not literal."""
    if element.tag not in LITERAL:
        yield element.text or ""
        for one in element:
            yield from outside(one)
    yield element.tail or ""


def literals(element: ET.Element) -> list[str]:
    return ["".join(one.itertext()) for one in element.iter("code")]


@pytest.mark.parametrize("make", samples.SESSIONS.values(), ids=samples.SESSIONS)
def test_the_verdict_stands_first(make: Callable[[], SessionRecord]) -> None:
    record = make()
    found = page(render(record, samples.TREND))
    assert (found.findtext("h2") or "").endswith(f"Kubeflow: {record.verdict.state.value}")
    assert literals(found)[0] == record.verdict.sentence


def test_a_red_session_has_causes_with_their_fix() -> None:
    text = render(samples.degraded(), samples.TREND)
    shown = literals(page(text))
    for one in (
        samples.RED,
        "KF114",
        "kubectl x\n",
        "Warning  FailedMount\n",
        "no GPU here",
        "kf-x",
        "staging",
        samples.RUN.run_id,
    ):
        assert one in shown
    assert "Red since 2025-11-23 16:00 UTC." in text
    assert "Last sessions: 🟢🟠🔴🟠" in text
    assert "2.8 times its usual longest (1 to 2 s)" in text


def test_an_unfit_cluster_shows_its_checks() -> None:
    shown = literals(page(render(samples.unfit())))
    assert "the password is wrong" in shown
    assert "set KF_PASSWORD\n" in shown


def test_nothing_of_others_is_markup() -> None:
    record = replace(
        samples.degraded(),
        causes=(
            Cause(HOSTILE, HOSTILE, (HOSTILE,), (), HOSTILE, HOSTILE, (Section(HOSTILE, HOSTILE),)),
        ),
        facts={HOSTILE: HOSTILE},
        problems=(HOSTILE,),
        not_run=(NotRun(HOSTILE, 1, HOSTILE),),
        target=HOSTILE,
    )
    found = page(render(record))
    assert "evil" not in "".join(outside(found))
    assert "@" not in "".join(outside(found))
    flat = HOSTILE
    assert literals(found).count(flat) >= 7
    assert literals(found).count(f"{HOSTILE}\n") == 2


@settings(max_examples=60)
@given(samples.RECORDS, samples.TRENDS)
def test_any_session_is_a_page_without_links(record: SessionRecord, trend: Trend) -> None:
    message = "".join(outside(page(render(record, trend))))
    for character in "@#`<>$":
        assert character not in message


@given(samples.TEXT | st.text("`\\|<> \na", max_size=12))
@example("`")
@example("``")
@example("\x85x")
def test_code_is_literal(text: str) -> None:
    found = " ".join(text.encode(errors="replace").decode().split())
    found = re.sub(r"[\x00-\x1f\x7f]", "\N{REPLACEMENT CHARACTER}", found)
    shown = page(f"- {code(text)} -")
    assert literals(shown) == ([found] if found else [])
    for around in ("| a |\n| --- |\n| {} |\n", "### {}\n", "{}\n"):
        assert len(literals(page(around.format(cell(text))))) == bool(found)


@given(samples.TEXT | st.text("`~ \n>", max_size=12))
def test_blocks_are_literal(text: str) -> None:
    found = page(f"{block(text)}\n*end*\n")
    assert len(list(found.iter("pre"))) == 1
    assert [one.text for one in found.iter("em")] == ["end"]


def test_a_summary_that_is_too_long_is_cut_by_sections_and_says_so() -> None:
    cause = samples.degraded().causes[0]
    long = replace(cause, evidence=(Section("log", "<x>\n" * 100_000),), tests=("t",) * 5_000)
    record = replace(samples.degraded(), causes=(long,) * 400)
    text = render(record)
    assert LIMIT * 0.9 < len(text.encode()) <= LIMIT
    assert "more sections are left out" in text.splitlines()[-1]
    assert "and 4980 more" in text
    assert len(render(record, room=2_000).encode()) <= 2_000
    assert render(record, room=10) == ""


def test_where_it_goes(tmp_path: Path) -> None:
    there = {"GITHUB_STEP_SUMMARY": str(tmp_path / "summary")}
    assert summary_file("auto", there) == tmp_path / "summary"
    assert summary_file("auto", {}) is None
    assert summary_file("auto", {"GITHUB_STEP_SUMMARY": ""}) is None
    assert summary_file("never", there) is None
    assert summary_file(tmp_path / "other", there) == tmp_path / "other"
