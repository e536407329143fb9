"""Contents: everything that a page shows, in the order of its sections, ready for the templates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from pytest_kubeflow.reporting.page.budget import Budget
from pytest_kubeflow.reporting.page.causes import (
    CauseView,
    TestLink,
    cause_anchor,
    cause_views,
    test_links,
)
from pytest_kubeflow.reporting.page.links import Links, lasts
from pytest_kubeflow.reporting.page.marks import OUTCOMES, VERDICTS, Mark, check_mark
from pytest_kubeflow.reporting.page.night import Night, night
from pytest_kubeflow.reporting.page.nights import History, history
from pytest_kubeflow.reporting.page.runs import RunView, RunViews, key, runs_of
from pytest_kubeflow.reporting.page.tests import TestView, in_reading_order, split, test_views
from pytest_kubeflow.reporting.page.visible import all_visible, short
from pytest_kubeflow.reporting.page.wording import count, duration, listed, moment, stamp
from pytest_kubeflow.reporting.records.runs import RunRecord
from pytest_kubeflow.reporting.records.session import (
    Check,
    ComponentResult,
    SessionRecord,
    State,
)
from pytest_kubeflow.reporting.records.tests import Outcome, TestRecord
from pytest_kubeflow.reporting.records.trend import Trend

_FACTS = 80
_LISTED = 300
_OPEN = 3
"""Runs that are unfolded: the first of each of so many causes."""



@dataclass(frozen=True, slots=True)
class Count:
    """How many tests ended in one way, and where that part of the bar begins, in thousandths."""

    mark: Mark
    number: int
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class ComponentView:
    """One component: its state, how many of its tests passed, and why it was not tested."""

    name: str
    mark: Mark
    told: str
    note: str


@dataclass(frozen=True, slots=True)
class CheckView:
    """A line of the preflight."""

    name: str
    mark: Mark
    told: str
    fix: str
    took: str


@dataclass(frozen=True, slots=True)
class NotRunView:
    """Why some tests did not run, and what to do about it."""

    reason: str
    count: int
    remedy: str
    tests: tuple[TestLink, ...]


@dataclass(frozen=True, slots=True)
class LeftView:
    """One thing that is still there."""

    kind: str
    name: str
    reason: str
    kept: bool


@dataclass(frozen=True, slots=True)
class Contents:
    """The page."""

    title: str
    mark: Mark
    state: str
    sentence: str
    where: str
    gateway: str
    link: str
    target: str
    user: str
    when: str
    stamp: str
    took: str
    summary: str
    notes: tuple[str, ...]
    total: int
    counts: tuple[Count, ...]
    components: tuple[ComponentView, ...]
    failed_checks: tuple[CheckView, ...]
    checks: tuple[CheckView, ...]
    causes: tuple[CauseView, ...]
    runs: tuple[RunView, ...]
    night: Night | None
    not_run: tuple[NotRunView, ...]
    known: tuple[TestLink, ...]
    left: tuple[LeftView, ...]
    made: str
    history: History
    facts: tuple[tuple[str, str], ...]
    versions: tuple[tuple[str, str], ...]
    tests: tuple[TestView, ...]
    test_components: tuple[str, ...]
    test_outcomes: tuple[tuple[str, Mark, int], ...]
    cuts: tuple[str, ...]
    session: str
    exit_code: int


def contents(
    record: SessionRecord, trend: Trend, budget: Budget, *, rows: int, listed_tests: int
) -> Contents:
    """What the page of a session shows. `rows` is how many tasks there is room for."""
    record, trend = all_visible(record), all_visible(trend)
    tests = in_reading_order(record.tests)
    shown = tests[:listed_tests]
    anchors: dict[str, str] = {}
    for at, test in enumerate(shown):
        anchors.setdefault(test.nodeid, f"test-{at + 1}")
    causes = cause_views(record.causes, tests, anchors, budget)
    views, rows_left_out = _runs(record, shown, anchors, budget, rows)
    of_tests = {
        nodeid: (cause_anchor(at), cause)
        for at, cause in enumerate(record.causes)
        for nodeid in cause.tests
    }
    red = sum(test.outcome.is_red for test in tests) or 1
    fair = max(1_000, budget.left // (5 * red))
    test_list = test_views(shown, of_tests, views, budget, fair=fair)
    counts = record.counts()
    checks = tuple(_check(check) for check in record.checks[:_LISTED])
    return Contents(
        title=_title(record),
        mark=VERDICTS[record.verdict.state],
        state=record.verdict.state.value,
        sentence=short(record.verdict.sentence, 1_500),
        where=_host(record.gateway),
        gateway=short(record.gateway, 300),
        link=record.gateway if lasts(record.gateway) else "",
        target=short(record.target, 80),
        user=short(record.user, 120),
        when=moment(record.started),
        stamp=stamp(record.started),
        took=duration(record.seconds),
        summary=_summary(record, counts),
        notes=tuple(_notes(record)),
        total=len(tests),
        counts=tuple(_counts(counts, len(tests))),
        components=tuple(_component(one) for one in record.verdict.components[:_LISTED]),
        failed_checks=tuple(check for check in checks if check.mark.word == "failed"),
        checks=checks,
        causes=tuple(causes),
        runs=tuple(sorted(views.values(), key=lambda view: not view.is_red)),
        night=night(record, shown, views),
        not_run=tuple(_not_run(record, tests, anchors)),
        known=test_links(
            [t.nodeid for t in tests if t.outcome in {Outcome.XFAILED, Outcome.XPASSED}],
            {test.nodeid: test for test in tests},
            anchors,
        ),
        left=tuple(
            LeftView(short(one.kind, 60), short(one.name, 160), short(one.reason, 400), one.kept)
            for one in record.left[:_LISTED]
        ),
        made=_made(record),
        history=history(trend),
        facts=_pairs(record.facts),
        versions=_pairs(record.versions),
        tests=tuple(test_list),
        test_components=tuple(sorted({view.component for view in test_list})),
        test_outcomes=tuple(
            (outcome.value, mark, counts[outcome])
            for outcome, mark in OUTCOMES.items()
            if outcome in counts
        ),
        cuts=tuple(_cuts(record, shown, budget, rows_left_out)),
        session=short(record.session, 80),
        exit_code=record.exit_code,
    )


def _runs(
    record: SessionRecord,
    tests: Sequence[TestRecord],
    anchors: Mapping[str, str],
    budget: Budget,
    rows: int,
) -> tuple[dict[str, RunView], int]:
    """The views of all runs by key, those of red tests first; and how many tasks have no row."""
    found = runs_of(tests)
    asked: dict[str, list[TestRecord]] = {name: [] for name in found}
    for test in tests:
        for run in test.runs:
            if test not in asked[key(run)]:
                asked[key(run)].append(test)

    place = {
        nodeid: at for at, cause in reversed(list(enumerate(record.causes))) for nodeid in cause.tests
    }
    nowhere = len(place)

    def cause_of(name: str) -> int:
        """The place of the first cause of its red tests; behind all for a run without."""
        red = (test.nodeid for test in asked[name] if test.outcome.is_red)
        return min((place.get(nodeid, nowhere) for nodeid in red), default=nowhere + 1)

    def began(run: RunRecord) -> float:
        return run.started if run.started is not None else float("inf")

    make = RunViews(Links.of(record), budget, rows=rows)
    views: dict[str, RunView] = {}
    opened: set[int] = set()
    for name in sorted(found, key=lambda name: (cause_of(name), began(found[name]))):
        links = [(anchors[test.nodeid], "::".join(split(test.nodeid))) for test in asked[name]]
        cause = cause_of(name)
        views[name] = make.of(
            found[name],
            f"run-{len(views) + 1}",
            links,
            is_red=cause <= nowhere,
            is_open=cause <= nowhere and cause not in opened and len(opened) < _OPEN,
        )
        opened.add(cause)
    return views, make.left_out


def _title(record: SessionRecord) -> str:
    parts = [record.verdict.state.value.upper(), _host(record.gateway), moment(record.started)]
    return " · ".join(part for part in parts if part)


def _host(gateway: str) -> str:
    try:
        return short(urlsplit(gateway).netloc.rpartition("@")[2] or gateway, 120)
    except ValueError:
        return short(gateway, 120)


def _summary(record: SessionRecord, counts: Mapping[Outcome, int]) -> str:
    total = len(record.tests)
    if not total:
        return "No test ran."
    parts = [f"{counts.get(Outcome.PASSED, 0):,} of {count(total, 'test')} passed"]
    if failed := sum(number for outcome, number in counts.items() if outcome.is_red):
        parts.append(f"{failed:,} failed")
    if known := counts.get(Outcome.XFAILED, 0):
        parts.append(f"{known:,} failed as is known")
    if unexpected := counts.get(Outcome.XPASSED, 0):
        parts.append(f"{unexpected:,} passed unexpectedly")
    if left := counts.get(Outcome.SKIPPED, 0) + counts.get(Outcome.NOT_RUN, 0):
        why = f" ({count(len(record.not_run), 'reason')})" if record.not_run else ""
        parts.append(f"{left:,} did not run{why}")
    return f"{listed(parts)}."


def _notes(record: SessionRecord) -> list[str]:
    notes = [short(problem, 600) for problem in record.problems[:20]]
    if record.ended_by and record.ended_by not in record.verdict.sentence:
        notes.append(f"The session was ended early by {short(record.ended_by, 300)}.")
    if record.lost:
        notes.append(short(record.lost, 600))
    return notes


def _counts(counts: Mapping[Outcome, int], total: int) -> list[Count]:
    found, x = [], 0.0
    # Passed first, as bars are read.
    for outcome, mark in sorted(OUTCOMES.items(), key=lambda item: item[0] is not Outcome.PASSED):
        if number := counts.get(outcome, 0):
            width = 1000 * number / total
            found.append(Count(mark, number, round(x, 1), round(width, 1)))
            x += width
    return found


def _component(one: ComponentResult) -> ComponentView:
    mark = VERDICTS[one.state]
    words = {
        State.FIT: "works",
        State.DEGRADED: "fails in part",
        State.UNFIT: "fails",
        State.INTERRUPTED: "interrupted",
        State.UNTESTED: "not tested",
    }
    ran = one.passed + one.failed
    told = f"{one.passed} of {ran} passed" if ran else "no test ran"
    if ran and one.not_run:
        told += f", {one.not_run} did not run"
    elif one.not_run:
        told = f"{count(one.not_run, 'test')} did not run"
    note = short(one.note, 160) if one.not_run else ""
    return ComponentView(
        short(one.name, 60), Mark(mark.kind, mark.icon, words[one.state]), told, note
    )


def _check(check: Check) -> CheckView:
    return CheckView(
        name=short(check.name, 120),
        mark=check_mark(check.state),
        told=short(check.told, 1_000),
        fix=check.fix[:4_000].strip(),
        took=duration(check.seconds) if check.seconds else "",
    )


def _not_run(
    record: SessionRecord, tests: Sequence[TestRecord], anchors: Mapping[str, str]
) -> list[NotRunView]:
    by_id = {test.nodeid: test for test in tests}
    return [
        NotRunView(
            reason=short(one.reason, 600),
            count=one.count,
            remedy=_remedy(short(one.cause, 60)),
            tests=test_links(one.tests, by_id, anchors),
        )
        for one in record.not_run[:_LISTED]
    ]


def _remedy(cause: str) -> str:
    return f"Is it to be there? --kf-require={cause} makes this red." if cause else ""


def _made(record: SessionRecord) -> str:
    """"Nothing. 41 objects were made, 41 removed."."""
    made = sum(record.made.values())
    kept = sum(one.kept for one in record.left)
    stuck = len(record.left) - kept
    parts = []
    if stuck:
        parts.append(f"{count(stuck, 'object')} could not be removed.")
    if kept:
        parts.append(f"{count(kept, 'object is', 'objects are')} kept, as was asked for.")
    if not parts:
        parts.append("Nothing.")
    if made:
        was = "was" if made == 1 else "were"
        removed = max(0, made - len(record.left))
        parts.append(f"{count(made, 'object')} {was} made, {removed:,} removed.")
    return " ".join(parts)


def _pairs(values: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (short(name, 80), short(value, 600)) for name, value in list(values.items())[:_FACTS]
    )


def _cuts(
    record: SessionRecord, shown: Sequence[TestRecord], budget: Budget, rows: int
) -> list[str]:
    cuts = []
    if missing := len(record.tests) - len(shown):
        cuts.append(f"{count(missing, 'test')} of {len(record.tests):,} have no line here.")
    if rows:
        cuts.append(f"{count(rows, 'task')} have no row and no place in a picture.")
    if budget.left_out:
        told = count(budget.left_out, "character")
        cuts.append(f"{told} of long texts are left out, each where it says so.")
    return cuts
