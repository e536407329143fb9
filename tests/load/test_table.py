"""Percentiles, against the time before."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.load.figures import figure
from pytest_kubeflow.load.table import lines_of
from pytest_kubeflow.reporting.history.history import History
from pytest_kubeflow.reporting.page.document import render
from pytest_kubeflow.reporting.records.document import dump, parse
from pytest_kubeflow.reporting.records.trend import Trend
from tests.load.samples import summary
from tests.reporting.formats import samples


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=300))
def test_percentiles_are_in_order_and_within(seconds: list[float]) -> None:
    found = figure("x", seconds)
    assert found is not None
    known = [min(seconds), found.p50, found.p95, found.p99, found.longest]
    assert all(one <= other * (1 + 1e-9) for one, other in pairwise(known))
    assert (found.count, found.longest) == (len(seconds), max(seconds))


def test_percentiles_are_those_of_the_population() -> None:
    found = figure("x", range(101))
    assert found is not None
    assert (found.p50, found.p95, found.p99) == (50, 95, 99)
    assert figure("x", []) is None
    alone = figure("x", [3.0])
    assert alone is not None
    assert (alone.p50, alone.p99, alone.count) == (3.0, 3.0, 1)


def test_the_time_before_is_told_with_a_ratio() -> None:
    now, before = summary(20, [0.2, 0.2], [3.0]), summary(20, [0.1, 0.1])
    lines = list(lines_of(now, before))
    assert lines[0].startswith("20 of 20 runs submitted in 2.0 s, 20 succeeded, 0 did not; 60.0 s")
    assert re.search(r"^figure 0 .* 0\.200  0\.100 \(2\.00x\)$", "\n".join(lines), re.MULTILINE)
    assert lines[3].split() == ["figure", "1", "1", *["3.00"] * 4]


def test_without_an_earlier_one_that_is_said() -> None:
    lines = list(lines_of(summary(20, [1.0], stopped="node worker-1 says DiskPressure"), None))
    assert "p95 before" not in lines[2]
    assert lines[1] == "ended early: node worker-1 says DiskPressure"
    assert lines[-1] == "no earlier load of 20 runs on this cluster is known"


def test_the_history_has_the_last_whole_load_of_as_many_runs(tmp_path: Path) -> None:
    history = History(tmp_path)
    for number, load in enumerate(
        (
            summary(20, [1.0]),
            summary(20, [2.0]),
            summary(20, [9.0], stopped="too much"),
            summary(50, [5.0]),
        )
    ):
        record = replace(samples.green(), loads=(load,))
        history.add(replace(record, session=f"s{number}", started=record.started - 100 + number))
    now = replace(samples.green(), session="now", loads=(summary(20, [3.0]),))
    assert history.trend(now).loads == {20: summary(20, [2.0])}
    assert history.trend(samples.green()).loads == {}
    assert history.trend(replace(now, loads=(summary(7, [1.0]),))).loads == {}


@pytest.mark.parametrize("stopped", ["", "node <worker> says PIDPressure"])
def test_reports_have_it(stopped: str) -> None:
    record = replace(samples.green(), loads=(summary(20, [1.5], stopped=stopped),))
    assert parse(dump(record), "it").loads == record.loads
    page = render(record, Trend(loads={20: summary(20, [1.0])}))
    assert '<h2 id="loads">Load</h2>' in page
    assert "1.00 (1.50x)" in page
    assert ("Ended early: node &lt;worker&gt; says" in page) is bool(stopped)
    assert 'id="loads"' not in render(samples.green(), Trend())
