"""Texts of a cluster: what acts is gone, what hides is shown, what reads stays."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.reporting.page.visible import all_visible, short, visible
from pytest_kubeflow.reporting.records.runs import RunRecord, TaskEntry
from pytest_kubeflow.reporting.records.tests import Outcome, Section, TestRecord


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("a\x00b\x07", "ab"),
        ("user\u202egnp.exe", "user⟦U+202E⟧gnp.exe"),
        ("\u2066isolated\u2069", "⟦U+2066⟧isolated⟦U+2069⟧"),
        ("zero\u200bwidth\ufeff", "zero⟦U+200B⟧width⟦U+FEFF⟧"),
        ("soft\u00adhyphen", "soft⟦U+00AD⟧hyphen"),
        ("lone \ud800 surrogate", "lone ⟦U+D800⟧ surrogate"),
        ("tag \U000e0041", "tag ⟦U+E0041⟧"),
        ("a\u2028b", "a⟦U+2028⟧b"),
    ],
)
def test_what_hides_is_shown(text: str, seen: str) -> None:
    assert visible(text) == seen


@pytest.mark.parametrize("text", ["שלום", "می‌خواهم", "日本語", "👩‍🔬 é", "tab\tline\n"])
def test_what_reads_stays(text: str) -> None:
    assert visible(text) == text


@given(st.text(st.characters(), max_size=200))
def test_nothing_invisible_is_left(text: str) -> None:
    seen = visible(text)
    seen.encode()
    categories = {unicodedata.category(each) for each in seen if each not in "\n\t"}
    assert not categories & {"Cc", "Cs"}
    assert not {unicodedata.bidirectional(each) for each in seen} & DIRECTIONS


DIRECTIONS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


def test_one_line_of_50_mib_costs_little_and_is_cut() -> None:
    seen = visible("x" * 50 * 1024 * 1024)
    assert len(seen) < 100_000
    assert "52,398,800 characters" in seen


def test_one_line_is_one_line_and_short() -> None:
    assert short("a\n  b\tc") == "a b c"
    assert short("x" * 400, 10) == "xxxxxxxxx…"


def test_every_text_of_a_record_is_seen_to() -> None:
    bad = "a\u202eb"
    entry = TaskEntry(bad, bad, error=bad, outputs={bad: [bad, {"k": bad}]}, after=(bad,))
    record = TestRecord(
        bad,
        bad,
        Outcome.FAILED,
        evidence=(Section(bad, bad),),
        properties={bad: bad},
        runs=(RunRecord(bad, bad, bad, bad, tasks=(entry,), gaps=(bad,)),),
    )
    seen = all_visible(record)
    assert "\u202e" not in repr(seen).encode("unicode_escape").decode()
    assert "\\u202e" not in ascii(seen)
    assert seen.outcome is Outcome.FAILED
    assert seen.runs[0].tasks[0].outputs == {"a⟦U+202E⟧b": ["a⟦U+202E⟧b", {"k": "a⟦U+202E⟧b"}]}
