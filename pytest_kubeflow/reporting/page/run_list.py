"""The runs of a session in the order in which they are worth reading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pytest_kubeflow.reporting.page.budget import Budget
from pytest_kubeflow.reporting.page.links import Links
from pytest_kubeflow.reporting.page.runs import RunView, RunViews, key, runs_of
from pytest_kubeflow.reporting.page.tests import split
from pytest_kubeflow.reporting.records.runs import RunRecord
from pytest_kubeflow.reporting.records.session import SessionRecord
from pytest_kubeflow.reporting.records.tests import Outcome, TestRecord

_EAGER = 25
"""Runs that are made when the page opens; more would make it slow."""

_OPEN = 3
"""Runs that are unfolded: the first of each of so many causes."""


def run_list(
    record: SessionRecord,
    tests: Sequence[TestRecord],
    anchors: Mapping[str, str],
    budget: Budget,
    rows: int,
) -> tuple[dict[str, RunView], int]:
    """The views of all runs by key, those of red tests first; and how many tasks have no row.

    They are in the order of the causes of these tests.
    """
    found = runs_of(tests)
    asked: dict[str, list[TestRecord]] = {name: [] for name in found}
    for test in tests:
        for run in test.runs:
            if test not in asked[key(run)]:
                asked[key(run)].append(test)

    place = {
        nodeid: at
        for at, cause in reversed(list(enumerate(record.causes)))
        for nodeid in cause.tests
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
            is_lazy=len(views) >= _EAGER,
            is_wanted=all(test.outcome is Outcome.PASSED for test in asked[name]),
            is_open=cause <= nowhere and cause not in opened and len(opened) < _OPEN,
        )
        opened.add(cause)
    return views, make.left_out
