"""What earlier sessions say of one: which tests are flaky, and how long each usually takes."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise

from pytest_kubeflow.reporting.history.rows import TestRow
from pytest_kubeflow.reporting.records.tests import Outcome, TestRecord
from pytest_kubeflow.reporting.records.trend import Pace

LEAST_TIMES = 5
"""Of fewer passes one cannot say how long a test usually takes."""

MARGIN = 1.5
"""How many times its usual longest a test may take before it is told as slow."""

LEAST_SECONDS = 2.0
"""What is not even this much longer is noise, however short the test."""

_BROAD = 0.5  # a session in which more than this share failed tells of the cluster, not of a test


def flaky(rows: Iterable[TestRow]) -> dict[str, float]:
    """The share of attempts that failed, of tests that pass and fail by turns.

    A test that has failed since a certain session, or passed, is not flaky: its outcome has to
    change at least twice, or a rerun has to have made it green. `rows` are in sessions' order.
    """
    by_session: dict[str, list[TestRow]] = defaultdict(list)
    for row in rows:
        if row.outcome is Outcome.PASSED or row.outcome.is_red:
            by_session[row.session].append(row)
    by_test: dict[str, list[TestRow]] = defaultdict(list)
    for several in by_session.values():
        red = sum(row.outcome.is_red for row in several)
        if red <= max(1, _BROAD * len(several)):
            for row in several:
                by_test[row.nodeid].append(row)
    return {nodeid: _failed(several) for nodeid, several in by_test.items() if _is_flaky(several)}


def _is_flaky(rows: Sequence[TestRow]) -> bool:
    reds = [row.outcome.is_red for row in rows]
    changes = sum(one != other for one, other in pairwise(reds))
    return changes > 1 or any(row.reruns and not row.outcome.is_red for row in rows)


def _failed(rows: Sequence[TestRow]) -> float:
    attempts = sum(1 + row.reruns for row in rows)
    return sum(row.outcome.is_red + row.reruns for row in rows) / attempts


def paces(tests: Iterable[TestRecord], rows: Iterable[TestRow]) -> tuple[Pace, ...]:
    """Each test that has passed now, against its earlier passes; those without enough are left out.

    The usual range is that of all earlier times but the outliers, which lie farther from the
    middle half of them than one and a half times its width (Tukey's whiskers): one bad night does
    not make the next one look usual.
    """
    times: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        if row.outcome is Outcome.PASSED:
            times[row.nodeid].append(row.seconds)
    found = []
    for test in tests:
        earlier = times.get(test.nodeid, [])
        if test.outcome is Outcome.PASSED and len(earlier) >= LEAST_TIMES:
            low, high = usual(earlier)
            found.append(Pace(test.nodeid, test.seconds, low, high))
    return tuple(found)


def usual(times: Sequence[float]) -> tuple[float, float]:
    """The shortest and the longest of at least two times that are no outliers."""
    lower, _, upper = statistics.quantiles(times, n=4, method="inclusive")
    reach = 1.5 * (upper - lower)
    inside = [one for one in times if lower - reach <= one <= upper + reach]
    return min(inside), max(inside)


def slow(found: Iterable[Pace], margin: float = MARGIN) -> tuple[Pace, ...]:
    """Those that took longer than usual, by far; the slowest first."""
    slow = [
        pace
        for pace in found
        if pace.seconds > margin * pace.high and pace.seconds - pace.high >= LEAST_SECONDS
    ]
    return tuple(sorted(slow, key=lambda pace: -(pace.seconds - pace.high)))
