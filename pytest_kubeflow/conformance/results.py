"""Results: how each test of a list ended in a session."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pytest_kubeflow.conformance.requirements import Requirements, below_suites
from pytest_kubeflow.reporting.records.session import SessionRecord
from pytest_kubeflow.reporting.records.tests import KNOWN, Outcome, TestRecord

PASSED = "passed"
MISSING = "not run"
_TOLD = {
    Outcome.PASSED: PASSED,
    Outcome.FAILED: "failed",
    Outcome.ERROR: "error",
    Outcome.SKIPPED: "skipped",
    Outcome.XFAILED: "failed as expected",
    Outcome.XPASSED: "passed unexpectedly",
    Outcome.NOT_RUN: MISSING,
}


@dataclass(frozen=True, slots=True)
class Result:
    """One test, by its id below the suites; `outcome` is "passed" or what became of it instead."""

    test: str
    outcome: str
    seconds: float = 0.0
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class Results:
    """A session on the list of a release. Times are seconds since the epoch."""

    release: str
    digest: str
    """Of the list."""

    tests: tuple[Result, ...]
    versions: dict[str, str]
    """Of this plugin, pytest and Python."""

    exit_code: int
    started: float
    ended: float

    @property
    def is_conformant(self) -> bool:
        """Whether all have passed in a session that was green."""
        return self.exit_code == 0 and all(one.outcome == PASSED for one in self.tests)


def outcomes(requirements: Requirements, tests: Iterable[TestRecord]) -> Iterator[Result]:
    """How each test of the list ended, in the list's order."""
    found = {below_suites(one.nodeid): one for one in tests}
    for name in requirements.tests:
        test = found.get(name)
        if test is None:
            yield Result(name, MISSING, sentence="it was not selected")
            continue
        known = test.outcome is Outcome.XFAILED and test.cause == KNOWN
        outcome = "failed as known" if known else _TOLD[test.outcome]
        if test.outcome is Outcome.PASSED and test.reruns:
            outcome = "passed when run again"
        yield Result(name, outcome, round(test.seconds, 3), test.sentence)


def results_of(requirements: Requirements, record: SessionRecord) -> Results:
    """What a session came to."""
    return Results(
        release=requirements.release,
        digest=requirements.digest,
        tests=tuple(outcomes(requirements, record.tests)),
        versions={
            name: record.versions.get(name, "") for name in ("pytest-kubeflow", "pytest", "Python")
        },
        exit_code=record.exit_code,
        started=round(record.started, 3),
        ended=round(record.ended, 3),
    )
