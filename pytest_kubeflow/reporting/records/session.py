"""SessionRecord: what all reports of one session are made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from pytest_kubeflow.load.summary import LoadSummary
from pytest_kubeflow.reporting.records.tests import Outcome, Section, TestRecord

SCHEMA = 1
"""The version of the document. Fields may be added without a new one, never removed or changed."""


class State(StrEnum):
    """What a session says of a cluster, or of one component of it."""

    FIT = "fit"
    DEGRADED = "degraded"
    """Something is broken, other things work."""

    UNFIT = "unfit"
    """Nothing works, or the preflight has found that tests cannot begin."""

    INTERRUPTED = "interrupted"
    """The session ended before its tests had."""

    UNTESTED = "untested"
    """No test ran: nothing is known."""


@dataclass(frozen=True, slots=True)
class ComponentResult:
    """What is known of one component ("serving"): how many of its tests ended how."""

    name: str
    state: State
    passed: int = 0
    failed: int = 0
    not_run: int = 0
    note: str = ""
    """Why it was not tested, if it was not."""

    xfailed: int = 0
    """Failed as their authors expect, which says nothing of the component."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to "can people work there?": a state, and a sentence that says why."""

    state: State
    sentence: str
    components: tuple[ComponentResult, ...] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the preflight: `state` is "ok", "warning", "failed" or "not checked"."""

    name: str
    state: str
    message: str = ""
    fix: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Cause:
    """One reason for all red tests that it explains, in one sentence.

    Where a fault of the catalogue is likely to be behind them, `code` is its code ("KF401"), `fix`
    is a command or a manifest to paste, and `sign` is what of the failures says so; else these are
    empty. `evidence` is that of the test which says most, most telling first.
    """

    key: str
    sentence: str
    tests: tuple[str, ...]
    components: tuple[str, ...] = ()
    code: str = ""
    fix: str = ""
    evidence: tuple[Section, ...] = ()
    sign: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault that was seen on the platform, by its code in the catalogue of faults.

    `severity` is "broken", "degraded" or "notice"; `evidence` has what was seen, a line each.
    """

    code: str
    severity: str
    component: str
    sentence: str
    fix: str = ""
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NotRun:
    """Why `count` tests did not run: a sentence, and the cause of the skip ("gpu"), if named."""

    reason: str
    count: int
    cause: str = ""
    tests: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Leftover:
    """One thing that this session made and that is still there; `kept` if that was asked for."""

    kind: str
    name: str
    reason: str = ""
    kept: bool = False


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """A whole session. Times are seconds since the epoch; all texts are redacted.

    `exit_code` is the process's, `ended_by` what ended it early ("SIGTERM", "-x", a sentence),
    `problems` are red without being a test (fewer tests than --kf-min-tests), `made` counts what
    was made on the cluster by kind, `lost` what was lost on the way (a sentence).
    """

    session: str
    gateway: str
    started: float
    ended: float
    verdict: Verdict
    exit_code: int = 0
    target: str = ""
    user: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    """Of this plugin, of pytest, Python, Kubeflow Pipelines, Kubernetes and controllers."""

    facts: dict[str, str] = field(default_factory=dict)
    """What the cluster is, by name, for people: nodes, storage classes, way in."""

    checks: tuple[Check, ...] = ()
    tests: tuple[TestRecord, ...] = ()
    causes: tuple[Cause, ...] = ()
    faults: tuple[Fault, ...] = ()
    """What was seen to be wrong with the platform: looked for where tests are red."""

    loads: tuple[LoadSummary, ...] = ()
    """What many runs at once took."""

    not_run: tuple[NotRun, ...] = ()
    left: tuple[Leftover, ...] = ()
    made: dict[str, int] = field(default_factory=dict)
    lost: str = ""
    problems: tuple[str, ...] = ()
    ended_by: str = ""
    schema: int = SCHEMA

    @property
    def seconds(self) -> float:
        """How long it took."""
        return max(0.0, self.ended - self.started)

    def counts(self) -> dict[Outcome, int]:
        """How many tests ended how; outcomes that none has are left out."""
        found = dict.fromkeys(Outcome, 0)
        for test in self.tests:
            found[test.outcome] += 1
        return {outcome: count for outcome, count in found.items() if count}
