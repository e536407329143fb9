"""The night: runs and tests of a session on one axis of time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pytest_kubeflow.reporting.page.marks import OUTCOMES, Mark
from pytest_kubeflow.reporting.page.runs import RunView, runs_of
from pytest_kubeflow.reporting.page.timeline import Axis, Bar, run_bars
from pytest_kubeflow.reporting.page.visible import short
from pytest_kubeflow.reporting.page.wording import duration
from pytest_kubeflow.reporting.records.session import SessionRecord
from pytest_kubeflow.reporting.records.tests import TestRecord

_TICKS = 6
_ROWS = 30
_WORKERS = 32


@dataclass(frozen=True, slots=True)
class Row:
    """A run, or the tests of one worker."""

    name: str
    anchor: str
    mark: Mark | None
    took: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Night:
    """The axis, the rows of tests, of runs, and of runs that are shown on request."""

    axis: Axis
    tests: tuple[Row, ...]
    runs: tuple[Row, ...]
    more: tuple[Row, ...]


def night(
    record: SessionRecord,
    tests: Sequence[TestRecord],
    views: Mapping[str, RunView],
) -> Night | None:
    """The timeline; none if nothing ran."""
    runs = runs_of(tests)
    times = [record.started, record.ended]
    times += [time for run in runs.values() for time in (run.started, run.ended) if time]
    axis = Axis.of(min(times), max(times), _TICKS)
    rows = []
    for name, view in views.items():
        bars = run_bars(axis, runs[name].tasks, view.mark.kind)
        if bars:
            rows.append(Row(view.name, view.anchor, view.mark, view.took, bars))
    # Red runs are first in `views`: they stay in sight.
    shown = sorted(rows[:_ROWS], key=lambda row: row.bars[0].x)
    lanes = tuple(_lanes(axis, tests))
    if not (rows or lanes):
        return None
    return Night(axis, lanes, tuple(shown), tuple(rows[_ROWS:]))


def _lanes(axis: Axis, tests: Sequence[TestRecord]) -> list[Row]:
    workers: dict[str, list[TestRecord]] = {}
    for test in tests:
        if test.started is not None:
            workers.setdefault(test.worker, []).append(test)
    return [
        Row(
            name=f"tests on {short(worker, 20)}" if worker else "tests",
            anchor="",
            mark=None,
            took=duration(sum(test.seconds for test in own)),
            bars=tuple(
                axis.bar(
                    test.started,
                    test.started + test.seconds,
                    OUTCOMES[test.outcome].kind,
                    f"{short(test.nodeid, 120)}: {OUTCOMES[test.outcome].word}",
                )
                for test in sorted(own, key=lambda test: test.started or 0.0)
                if test.started is not None
            ),
        )
        for worker, own in sorted(workers.items())[:_WORKERS]
    ]
