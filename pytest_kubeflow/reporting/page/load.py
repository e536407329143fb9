"""LoadView: what many runs at once took, as a table, against the time before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pytest_kubeflow.load.table import HEADING, NO_EARLIER, RESOLUTION, rows_of, sentence_of
from pytest_kubeflow.reporting.page.visible import short
from pytest_kubeflow.reporting.records.session import SessionRecord
from pytest_kubeflow.reporting.records.trend import Trend

_MOST = 10
_ROWS = 20


@dataclass(frozen=True, slots=True)
class LoadView:
    """One load; the rows have as many cells as the heading."""

    anchor: str
    title: str
    sentence: str
    stopped: str
    heading: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]


def load_views(record: SessionRecord, trend: Trend) -> Iterator[LoadView]:
    """Those of a session."""
    for at, load in enumerate(record.loads[:_MOST], 1):
        before = trend.loads.get(load.runs)
        rows = list(rows_of(load, before))[:_ROWS]
        cells = len(HEADING) if before is not None else len(HEADING) - 1
        yield LoadView(
            anchor=f"load-{at}",
            title=f"{load.runs} runs at once",
            sentence=sentence_of(load),
            stopped=short(load.stopped, 600),
            heading=HEADING[:cells],
            rows=tuple((short(name, 80), *numbers)[:cells] for name, *numbers in rows),
            notes=(RESOLUTION, *(() if before else (NO_EARLIER.format(runs=load.runs),))),
        )
