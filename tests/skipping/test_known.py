"""Lists of known failures: what a line means, and what a mistake in one is told as."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.errors import ConfigurationError
from pytest_kubeflow.skipping.known import KnownFailure, KnownFailures, read_known

DAY = date(2026, 12, 31)


def entry(test: str, until: date = DAY, line: int = 1) -> KnownFailure:
    return KnownFailure(f"known.txt:{line}", test, until, "it is slow")


def test_a_file(tmp_path: Path) -> None:
    file = tmp_path / "known.txt"
    file.write_text(
        "﻿# of staging\n\n"
        "  suites/a/test_a.py::test_a[x until y] until 2026-12-31: no GPU: issue 7  \n"
        "*katib*   until 2027-01-15 : é\r\n",
        encoding="utf-8",
    )
    assert read_known(file) == (
        KnownFailure(
            "known.txt:3", "suites/a/test_a.py::test_a[x until y]", DAY, "no GPU: issue 7"
        ),
        KnownFailure("known.txt:4", "*katib*", date(2027, 1, 15), "é"),
    )


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("a.py::b", "'a.py::b' has no date"),
        ("a.py::b until 2026-12-31", "'a.py::b until 2026-12-31' has no reason"),
        ("a.py::b until 2026-12-31:", "the entry for a.py::b has no reason"),
        ("a.py::b until 31.12.2026: x", "'31.12.2026' is no day such as 2027-01-31"),
        ("a.py::b until 2026-02-30: x", "'2026-02-30' is no day such as 2027-01-31"),
        ("a.py::b until 20261231: x", "'20261231' is no day"),
        ("katib until 2026-12-31: x", "'katib' is no test: the id of one has :: in it"),
        ("a::b until 2026-12-31: x", "a::b has an entry already, in known.txt:2"),
        ("\udcff::b until 2026-12-31: x", "it is no UTF-8"),
    ],
)
def test_a_mistake_in_one_line(tmp_path: Path, line: str, words: str) -> None:
    file = tmp_path / "known.txt"
    content = f"# first\na::b until 2026-12-31: x\n{line}\nnonsense\n"
    file.write_text(content, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(ConfigurationError) as raised:
        read_known(file)
    message = raised.value.message
    assert message.startswith(f"--kf-known: {file}:3: {words}")
    assert message.endswith("; a line is TEST until YYYY-MM-DD: REASON")
    assert "\n" not in message


@pytest.mark.parametrize(
    "test",
    [
        "suites/a/test_a.py::test_a[1-x]",
        "a/test_a.py::test_a",
        "test_a.py::test_a",
        "a/test_a.py::test_a[1-x]",
        "*test_a*",
        "suites/a/*",
        "a/*::test_a",
        "suites/a/test_a.py::*[*x]",
    ],
)
def test_means(test: str) -> None:
    assert entry(test).means("suites/a/test_a.py::test_a[1-x]")


@pytest.mark.parametrize(
    "test", ["est_a.py::test_a", "a/test_a.py::test", "a/*::test_b", "*[12-x]", "a/test_a.py::"]
)
def test_means_nothing_else(test: str) -> None:
    assert not entry(test).means("suites/a/test_a.py::test_a[1-x]")


@given(st.text(min_size=1), st.text())
def test_an_id_means_itself_whatever_is_in_it(name: str, before: str) -> None:
    assert entry(f"t.py::{name}").means(f"t.py::{name}")
    assert entry(f"t.py::{name}").means(f"{before}/t.py::{name}")


@given(st.integers(-400, 400))
def test_an_entry_holds_until_the_end_of_its_day(days: int) -> None:
    known = KnownFailures([entry("t.py::a")], today=DAY + timedelta(days=days))
    known.add("x/t.py::a")
    assert (known.of("x/t.py::a") is None) == bool(list(known.problems())) == (days > 0)


def test_what_is_told_of_entries() -> None:
    entries = [entry("t.py::a"), entry("*old*", line=4), entry("t.py::c", line=5)]
    known = KnownFailures(entries, today=DAY + timedelta(days=1))
    for nodeid in ("t.py::old_1", "t.py::old_2", "t.py::other"):
        known.add(nodeid)
    (problem,) = known.problems()
    assert problem.startswith("known.txt:4: the entry for *old* (of 2 tests) ended on 2026-12-31: ")
    assert known.unused() == "known.txt: 2 entries in lines 1, 5 are about no test of this session"
    known.add("t.py::a")
    assert known.unused() == "known.txt: the entry in line 5 is about no test of this session"
    assert KnownFailures().unused() == ""
