"""LineageView: from data and code to what is served, as one picture, and as a table beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pytest_kubeflow.reporting.page.layered import arrange
from pytest_kubeflow.reporting.page.picture import fitting, path_of
from pytest_kubeflow.reporting.page.visible import short
from pytest_kubeflow.reporting.records.lineage import LineageRecord, LineageStep
from pytest_kubeflow.reporting.records.tests import TestRecord

_WIDTH, _HEIGHT = 150.0, 66.0
_BETWEEN, _BESIDE, _AROUND = 34.0, 20.0, 4.0
_LABEL, _NOTE = 18, 21
_MOST = 40
_SHOWN = 20
_WORDS = {
    "data": "data",
    "code": "pipeline",
    "task": "trained by",
    "model": "model",
    "version": "registered as",
    "service": "served by",
}


@dataclass(frozen=True, slots=True)
class StepBox:
    """One step, in pixels. `note` is the fact that fits; `message` has all of them."""

    x: float
    y: float
    width: float
    height: float
    kind: str
    word: str
    label: str
    note: str
    message: str


@dataclass(frozen=True, slots=True)
class StepRow:
    """One line of the table, which says the same as the picture."""

    word: str
    name: str
    facts: tuple[str, ...]
    after: str
    source: str


@dataclass(frozen=True, slots=True)
class LineageView:
    """A lineage; `tests` are the anchors and names of the tests that asked for it."""

    anchor: str
    service: str
    namespace: str
    width: int
    height: int
    boxes: tuple[StepBox, ...]
    edges: tuple[str, ...]
    described: str
    rows: tuple[StepRow, ...]
    left_out: int
    gaps: tuple[str, ...]
    tests: tuple[tuple[str, str], ...]


def lineage_views(
    tests: Sequence[TestRecord], anchors: Mapping[str, str]
) -> tuple[LineageView, ...]:
    """Those of these tests; one that several have is shown once."""
    found: dict[LineageRecord, list[TestRecord]] = {}
    for test in tests:
        for one in test.lineages:
            known = found.setdefault(one, [])
            if test not in known:
                known.append(test)
    return tuple(
        _view(
            record,
            f"lineage-{at}",
            tuple(
                (anchors[test.nodeid], short(test.nodeid.rpartition("/")[2], 120))
                for test in asked
                if test.nodeid in anchors
            ),
        )
        for at, (record, asked) in enumerate(list(found.items())[:_SHOWN], 1)
    )


def _view(record: LineageRecord, anchor: str, tests: tuple[tuple[str, str], ...]) -> LineageView:
    steps = record.steps[:_MOST]
    edges = sorted(
        {
            (before, at)
            for at, step in enumerate(steps)
            for before in step.after
            if 0 <= before < len(steps) and before != at
        }
    )
    drawn = arrange([(_WIDTH, _HEIGHT)] * len(steps), edges, between=_BETWEEN, beside=_BESIDE)
    names = [short(step.name, 80) for step in steps]
    gaps = tuple(short(gap, 600) for gap in record.gaps)
    return LineageView(
        anchor=anchor,
        service=short(record.service, 120),
        namespace=short(record.namespace, 80),
        width=round(drawn.size[0] + 2 * _AROUND),
        height=round(drawn.size[1] + 2 * _AROUND),
        boxes=tuple(
            _box(step, x + _AROUND, y + _AROUND)
            for step, (x, y) in zip(steps, drawn.places, strict=True)
        ),
        edges=tuple(
            path_of([(x + _AROUND, y + _AROUND) for x, y in route], down=False)
            for route in drawn.routes.values()
        ),
        described=short(f"Lineage of {record.service}: {_sentence(steps, gaps)}", 1_000),
        rows=tuple(
            StepRow(
                _word(step),
                name,
                tuple(short(fact, 400) for fact in step.facts),
                ", ".join(names[before] for before in step.after if 0 <= before < len(names)),
                short(step.source, 80),
            )
            for step, name in zip(steps, names, strict=True)
        ),
        left_out=len(record.steps) - len(steps),
        gaps=gaps,
        tests=tests,
    )


def _sentence(steps: Sequence[LineageStep], gaps: Sequence[str]) -> str:
    message = ", ".join(f"{_word(step)} {short(step.name, 80)}" for step in steps)
    return f"{message or 'nothing is known'}{'; not all is known' if gaps else ''}"


def _word(step: LineageStep) -> str:
    return _WORDS.get(step.kind) or short(step.kind, 20)


def _box(step: LineageStep, x: float, y: float) -> StepBox:
    facts = [short(fact, 200) for fact in step.facts]
    note = facts[0] if facts else ""
    return StepBox(
        x=round(x, 1),
        y=round(y, 1),
        width=_WIDTH,
        height=_HEIGHT,
        kind=step.kind if step.kind in _WORDS else "other",
        word=_word(step),
        label=fitting(short(step.name, 120), _LABEL),
        note=fitting(note, _NOTE),
        message="; ".join([f"{_word(step)} {short(step.name, 120)}", *facts]),
    )
