"""Mark: how a state looks. Never a colour alone: each has a sign and a word."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_kubeflow.reporting.records.session import State
from pytest_kubeflow.reporting.records.tests import Outcome


@dataclass(frozen=True, slots=True)
class Mark:
    """`kind` names the colours in the style sheet, `icon` the sign, `word` is for everybody."""

    kind: str
    icon: str
    word: str


VERDICTS = {
    State.FIT: Mark("ok", "check", "Fit"),
    State.DEGRADED: Mark("bad", "cross", "Degraded"),
    State.UNFIT: Mark("bad", "cross", "Unfit"),
    State.INTERRUPTED: Mark("warn", "stop", "Interrupted"),
    State.UNTESTED: Mark("off", "dash", "Untested"),
}

OUTCOMES = {
    Outcome.FAILED: Mark("bad", "cross", "failed"),
    Outcome.ERROR: Mark("bad", "alert", "error"),
    Outcome.XPASSED: Mark("warn", "alert", "passed unexpectedly"),
    Outcome.XFAILED: Mark("warn", "known", "known weakness"),
    Outcome.NOT_RUN: Mark("warn", "stop", "not run"),
    Outcome.SKIPPED: Mark("off", "dash", "skipped"),
    Outcome.PASSED: Mark("ok", "check", "passed"),
}
"""In the order in which they are worth reading."""

_CHECKS = {
    "ok": Mark("ok", "check", "ok"),
    "warning": Mark("warn", "alert", "warning"),
    "failed": Mark("bad", "cross", "failed"),
    "not checked": Mark("off", "dash", "not checked"),
}

_TASKS = {
    "SUCCEEDED": Mark("ok", "check", "succeeded"),
    "FAILED": Mark("bad", "cross", "failed"),
    "ERROR": Mark("bad", "cross", "error"),
    "RUNNING": Mark("busy", "play", "running"),
    "PENDING": Mark("busy", "wait", "pending"),
    "PAUSED": Mark("busy", "wait", "paused"),
    "CANCELING": Mark("warn", "stop", "canceling"),
    "CANCELED": Mark("warn", "stop", "canceled"),
    "SKIPPED": Mark("off", "dash", "skipped"),
    "CACHED": Mark("ok", "check", "cached"),
}


def check_mark(state: str) -> Mark:
    """That of a line of the preflight."""
    return _CHECKS.get(state) or Mark("off", "dash", state)


def run_mark(state: str, *, is_wanted: bool = False) -> Mark:
    """That of a run or a task in a state of KFP; `is_wanted` by the tests of it, which passed."""
    mark = _run_mark(state)
    if is_wanted and mark.kind in {"bad", "warn"}:
        return Mark("ok", "check", f"{mark.word}, as its test wants")
    return mark


def _run_mark(state: str) -> Mark:
    return _TASKS.get(state.upper()) or Mark("off", "dash", state.lower() or "unknown")
