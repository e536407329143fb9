"""Contents: everything that a page shows, in the order of its sections, ready for the templates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pytest_kubeflow.reporting.page.budget import Budget
from pytest_kubeflow.reporting.page.causes import (
    CauseView,
    TestLink,
    cause_anchor,
    cause_views,
    test_links,
)
from pytest_kubeflow.reporting.page.cluster import ClusterView, cluster_view
from pytest_kubeflow.reporting.page.experiments import ExperimentView, experiment_views
from pytest_kubeflow.reporting.page.heading import Heading, heading
from pytest_kubeflow.reporting.page.lineage import LineageView, lineage_views
from pytest_kubeflow.reporting.page.load import LoadView, load_views
from pytest_kubeflow.reporting.page.marks import OUTCOMES, Mark
from pytest_kubeflow.reporting.page.night import Night, night
from pytest_kubeflow.reporting.page.nights import History, history
from pytest_kubeflow.reporting.page.platform import FaultView, fault_views
from pytest_kubeflow.reporting.page.remainder import (
    LeftView,
    NotRunView,
    left_views,
    made,
    not_run_views,
)
from pytest_kubeflow.reporting.page.run_list import run_list
from pytest_kubeflow.reporting.page.runs import RunView
from pytest_kubeflow.reporting.page.tests import TestView, in_reading_order, test_views
from pytest_kubeflow.reporting.page.visible import short
from pytest_kubeflow.reporting.page.wording import count
from pytest_kubeflow.reporting.records.session import SessionRecord
from pytest_kubeflow.reporting.records.tests import Outcome, TestRecord
from pytest_kubeflow.reporting.records.trend import Trend


@dataclass(frozen=True, slots=True)
class Contents:
    """The page. `cuts` says what there was no room for."""

    heading: Heading
    cluster: ClusterView
    causes: tuple[CauseView, ...]
    faults: tuple[FaultView, ...]
    red_runs: tuple[RunView, ...]
    other_runs: tuple[RunView, ...]
    experiments: tuple[ExperimentView, ...]
    lineages: tuple[LineageView, ...]
    loads: tuple[LoadView, ...]
    night: Night | None
    not_run: tuple[NotRunView, ...]
    known: tuple[TestLink, ...]
    left: tuple[LeftView, ...]
    made: str
    history: History
    tests: tuple[TestView, ...]
    components: tuple[str, ...]
    outcomes: tuple[tuple[str, Mark, int], ...]
    cuts: tuple[str, ...]
    session: str
    exit_code: int


def contents(
    record: SessionRecord, trend: Trend, budget: Budget, *, rows: int, listed_tests: int
) -> Contents:
    """What the page of a session shows, of texts that are all visible.

    `rows` is how many tasks there is room for.
    """
    tests = in_reading_order(record.tests)
    shown = tests[:listed_tests]
    by_id = {test.nodeid: test for test in tests}
    anchors: dict[str, str] = {}
    for at, test in enumerate(shown):
        anchors.setdefault(test.nodeid, f"test-{at + 1}")
    # Who comes first gets what room there is for texts.
    causes = cause_views(record.causes, tests, anchors, budget)
    faults = list(fault_views(record, budget))
    runs, without_row = run_list(record, shown, anchors, budget, rows)
    explained = {
        nodeid: (cause_anchor(at), cause)
        for at, cause in enumerate(record.causes)
        for nodeid in cause.tests
    }
    red = sum(test.outcome.is_red for test in tests)
    fair = max(1_000, budget.left // (5 * (red or 1)))
    test_list = test_views(shown, explained, runs, budget, fair=fair)
    known = [test.nodeid for test in tests if test.outcome in {Outcome.XFAILED, Outcome.XPASSED}]
    counts = record.counts()
    return Contents(
        heading=heading(record),
        cluster=cluster_view(record),
        causes=tuple(causes),
        faults=tuple(faults),
        red_runs=tuple(run for run in runs.values() if run.is_red),
        other_runs=tuple(run for run in runs.values() if not run.is_red),
        experiments=experiment_views(shown, anchors),
        lineages=lineage_views(shown, anchors),
        loads=tuple(load_views(record, trend)),
        night=night(record, shown, runs),
        not_run=tuple(not_run_views(record, tests, anchors)),
        known=test_links(known, by_id, anchors),
        left=tuple(left_views(record)),
        made=made(record),
        history=history(trend),
        tests=tuple(test_list),
        components=tuple(sorted({view.component for view in test_list})),
        outcomes=tuple(
            (outcome.value, mark, counts[outcome])
            for outcome, mark in OUTCOMES.items()
            if outcome in counts
        ),
        cuts=tuple(_cuts(record, shown, budget, without_row)),
        session=short(record.session, 80),
        exit_code=record.exit_code,
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
        message = count(budget.left_out, "character")
        cuts.append(f"{message} of long texts are left out, each where it says so.")
    return cuts
