"""Cases: what of a session is red or green without being a test, in the form of tests.

Formats that know tests alone are read by tools that call a report without a red test green. A
cluster that is not fit has no test that ran, and a session that was interrupted may have none that
failed: the preflight's checks and the session's end are cases beside the tests, so that both are
red.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pytest_kubeflow.reporting.records.session import Check, SessionRecord, State
from pytest_kubeflow.reporting.records.tests import Outcome

PREFLIGHT = "kubeflow.preflight"
"""The suite of the preflight's checks."""

SESSION = "kubeflow.session"
"""The suite of the session's own case, which is there only if it is red."""

_OUTCOMES = {"ok": Outcome.PASSED, "warning": Outcome.PASSED, "failed": Outcome.FAILED}


@dataclass(frozen=True, slots=True)
class Case:
    """One of them. `message` is one line, `text` the same with what to do about it."""

    suite: str
    name: str
    outcome: Outcome
    message: str = ""
    text: str = ""
    seconds: float = 0.0


def cases(record: SessionRecord) -> tuple[Case, ...]:
    """The cases of a session: its preflight, and itself if nothing else says that it is red."""
    return (*_preflight(record), *_session(record))


def _preflight(record: SessionRecord) -> Iterator[Case]:
    for check in record.checks:
        outcome = _OUTCOMES.get(check.state, Outcome.SKIPPED)
        yield Case(PREFLIGHT, check.name, outcome, check.message, _text(check), check.seconds)


def _text(check: Check) -> str:
    return "\n\n".join(part for part in (f"{check.state}: {check.message}", check.fix) if part)


def _session(record: SessionRecord) -> Iterator[Case]:
    if record.problems:
        text = "\n".join(record.problems)
        yield Case(SESSION, "problems", Outcome.FAILED, "; ".join(record.problems), text)
    if record.verdict.state is State.INTERRUPTED:
        yield Case(SESSION, "interrupted", Outcome.ERROR, record.verdict.sentence, _end(record))
    elif record.exit_code != 0 and not record.problems and not _is_red(record):
        yield Case(SESSION, "verdict", Outcome.ERROR, record.verdict.sentence, _end(record))


def _end(record: SessionRecord) -> str:
    by = f" Ended by {record.ended_by}." if record.ended_by else ""
    return f"{record.verdict.sentence}{by} Exit code {record.exit_code}."


def _is_red(record: SessionRecord) -> bool:
    return any(check.state == "failed" for check in record.checks) or any(
        test.outcome.is_red for test in record.tests
    )
