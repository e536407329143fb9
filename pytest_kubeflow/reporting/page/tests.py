"""TestView: one test in the list of all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pytest_kubeflow.reporting.page.budget import Budget, Excerpt
from pytest_kubeflow.reporting.page.marks import OUTCOMES, Mark
from pytest_kubeflow.reporting.page.runs import RunView, key
from pytest_kubeflow.reporting.page.visible import short
from pytest_kubeflow.reporting.page.wording import duration, moment
from pytest_kubeflow.reporting.records.session import Cause
from pytest_kubeflow.reporting.records.tests import Outcome, Section, TestRecord

_SECTIONS = 12
_RED = {"details": 24_000, "evidence": 12_000, "captured": 6_000}
_GREEN = {"details": 1_500, "evidence": 1_500, "captured": 800}


@dataclass(frozen=True, slots=True)
class SectionView:
    """A folded text."""

    heading: str
    text: Excerpt


@dataclass(frozen=True, slots=True)
class TestView:
    """One test. `cause` is the anchor and the sentence of the cause that explains it."""

    __test__ = False

    anchor: str
    path: str
    name: str
    component: str
    outcome: str
    mark: Mark
    sentence: str
    facts: tuple[tuple[str, str], ...]
    doc: str
    took: str
    cause: tuple[str, str] | None
    sections: tuple[SectionView, ...]
    runs: tuple[RunView, ...]

    @property
    def is_plain(self) -> bool:
        """Whether there is nothing more to say of it than its line."""
        return not (self.sections or self.runs or self.doc or self.facts or self.cause)


def in_reading_order(tests: Iterable[TestRecord]) -> list[TestRecord]:
    """Red ones first, passed ones last; as they ran otherwise."""
    rank = {outcome: at for at, outcome in enumerate(OUTCOMES)}
    return sorted(tests, key=lambda test: rank[test.outcome])


def test_views(
    tests: Iterable[TestRecord],
    causes: Mapping[str, tuple[str, Cause]],
    runs: Mapping[str, RunView],
    budget: Budget,
    *,
    fair: int,
) -> list[TestView]:
    """The views; `causes` by test with their anchors, `runs` by key.

    `fair` is how many bytes one text may have so that all red tests have some.
    """
    return [
        _view(test, f"test-{at + 1}", causes, runs, budget, fair) for at, test in enumerate(tests)
    ]


test_views.__test__ = False  # type: ignore[attr-defined]  # its name looks like a test to pytest


def _view(
    test: TestRecord,
    anchor: str,
    causes: Mapping[str, tuple[str, Cause]],
    runs: Mapping[str, RunView],
    budget: Budget,
    fair: int,
) -> TestView:
    path, name = split(test.nodeid)
    is_read = test.outcome not in {Outcome.PASSED, Outcome.SKIPPED, Outcome.NOT_RUN}
    limits = {name: min(limit, fair) for name, limit in (_RED if is_read else _GREEN).items()}
    cause = causes.get(test.nodeid)
    return TestView(
        anchor=anchor,
        path=path,
        name=name,
        component=short(test.component, 60),
        outcome=test.outcome.value,
        mark=OUTCOMES[test.outcome],
        sentence=short(test.sentence, 1_000),
        facts=tuple(_facts(test)),
        doc=short(test.doc, 300),
        took=duration(test.seconds) if test.started is not None else "",
        cause=(cause[0], short(cause[1].sentence, 300)) if cause else None,
        sections=tuple(_sections(test, limits, budget)),
        runs=tuple(runs[key(run)] for run in test.runs if key(run) in runs),
    )


def _facts(test: TestRecord) -> Iterable[tuple[str, str]]:
    if test.phase and test.phase != "call":
        yield "failed in", {"setup": "set-up", "collect": "collection"}.get(test.phase, test.phase)
    if test.started is not None:
        yield "began", moment(test.started)
    if test.reruns:
        yield "run again", f"{test.reruns} times" if test.reruns > 1 else "once"
    if test.worker:
        yield "worker", short(test.worker, 40)
    for name, value in list(test.properties.items())[:20]:
        yield short(name, 60), short(value, 400)


def _sections(test: TestRecord, limits: Mapping[str, int], budget: Budget) -> Iterable[SectionView]:
    evidence = [(section, limits["evidence"]) for section in test.evidence[:_SECTIONS]]
    details = [(Section("What pytest says", test.details), limits["details"])]
    captured = [(section, limits["captured"]) for section in test.captured[:_SECTIONS]]
    for section, limit in (*evidence, *details, *captured):
        if text := budget.take(section.text, limit):
            yield SectionView(short(section.heading, 120), text)


def split(nodeid: str) -> tuple[str, str]:
    """The file and the rest of a test's id, each on one line."""
    path, separator, name = short(nodeid, 400).partition("::")
    return (path, name) if separator else ("", path)
