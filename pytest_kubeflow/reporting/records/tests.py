"""TestRecord: what a report keeps of one test."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from pytest_kubeflow.reporting.records.experiments import ExperimentRecord
from pytest_kubeflow.reporting.records.lineage import LineageRecord
from pytest_kubeflow.reporting.records.runs import RunRecord

KNOWN = "known"
"""The cause of a test that failed as a list of known failures says (--kf-known)."""


class Outcome(StrEnum):
    """How a test ended."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    """Its set-up or its teardown failed, or its module cannot be imported."""

    SKIPPED = "skipped"
    XFAILED = "xfailed"
    """It failed as its author expects, or, with the cause "known", as --kf-known lists it."""

    XPASSED = "xpassed"
    """It passed against its author's expectation, which does not count as failed."""

    NOT_RUN = "not run"
    """The session ended before it."""

    @property
    def is_red(self) -> bool:
        """Whether it speaks against the cluster."""
        return self in {Outcome.FAILED, Outcome.ERROR}


@dataclass(frozen=True, slots=True)
class Section:
    """A text under a heading: events, the end of a log, what was captured."""

    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class TestRecord:
    """One test, as it ended last.

    `component` is what of the platform it is about ("pipelines", "serving"): the suite's folder.
    `sentence` says on one line why it is not green; `cause` is the key of the session's cause of a
    red one, the cause of a skip ("gpu"), or "known" of one that --kf-known lists. `phase` is where
    it failed: "collect", "setup", "call" or "teardown". Times are seconds, `started` since the
    epoch.
    """

    __test__ = False  # its name looks like a test class to pytest

    nodeid: str
    component: str
    outcome: Outcome
    sentence: str = ""
    cause: str = ""
    phase: str = ""
    doc: str = ""
    """The first line of its docstring."""

    started: float | None = None
    seconds: float = 0.0
    details: str = ""
    """What pytest tells of the failure: traceback and values."""

    evidence: tuple[Section, ...] = ()
    """Of the cluster, most telling first."""

    captured: tuple[Section, ...] = ()
    """What was printed and logged."""

    runs: tuple[RunRecord, ...] = ()
    experiments: tuple[ExperimentRecord, ...] = ()
    lineages: tuple[LineageRecord, ...] = ()
    reruns: int = 0
    """How many times it was run again by pytest-rerunfailures."""

    worker: str = ""
    """The worker of pytest-xdist that ran it."""

    properties: dict[str, str] = field(default_factory=dict)
    """What the test itself recorded (`record_property`)."""

    bundle: str = ""
    """The name of its folder in the bundle of evidence (--kf-bundle); empty if it has none."""
