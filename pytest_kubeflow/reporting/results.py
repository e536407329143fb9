"""TestResult: the reports of one test's phases, and the TestRecord that they come to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import pytest

from pytest_kubeflow.reporting.components import component_of
from pytest_kubeflow.reporting.plugin import KNOWN_FAILURE, PAYLOAD
from pytest_kubeflow.reporting.records.tests import KNOWN, Outcome, Section, TestRecord
from pytest_kubeflow.reporting.sentences import one_line, sentence_in

Report: TypeAlias = pytest.TestReport | pytest.CollectReport

_PHASES = ("setup", "call", "teardown")
_DETAILS = 30_000
_CAPTURED = 10_000
_MARGIN = 10_000
"""No secret that begins in what is shown is longer."""

_CUT = "the session ended while it ran"
_SKIP_CAUSE = "kf_skip_cause"  # of skipping.plugin
_RERUN = "rerun"  # of pytest-rerunfailures


class TestResult:
    """What became of one test so far. Of several failures the first one counts."""

    __test__ = False  # its name looks like a test class to pytest

    def __init__(self, nodeid: str, redact: Callable[[str], str]) -> None:
        self._nodeid = nodeid
        self._redact = redact
        self._reruns = 0
        self._bundle = ""
        self._begin()

    def _begin(self) -> None:
        self._outcome = Outcome.NOT_RUN
        self._sentence = _CUT
        self._cause = self._phase = self._details = self._doc = self._worker = ""
        self._started: float | None = None
        self._seconds = 0.0
        self._evidence: list[Section] = []
        self._captured: dict[str, str] = {}
        self._runs: list[Mapping[str, Any]] = []
        self._experiments: list[Mapping[str, Any]] = []
        self._lineages: list[Mapping[str, Any]] = []
        self._properties: dict[str, str] = {}

    def add_collection(self, report: pytest.CollectReport) -> None:
        """Its module could not be collected, or skipped itself."""
        if report.skipped:
            self._skip(report)
            return
        self._fail(Outcome.ERROR, "collect", sentence_in(report.longreprtext), report)

    def add(self, report: pytest.TestReport) -> None:
        """One phase: set-up, call or teardown."""
        payload: Mapping[str, Any] = getattr(report, PAYLOAD, {})
        self._bundle = payload.get("bundle") or self._bundle  # that of an attempt before, too
        if report.outcome == _RERUN:
            reruns = self._reruns + 1
            self._begin()
            self._reruns = reruns
            return
        self._seconds += report.duration
        if self._started is None:
            self._started = getattr(report, "start", None)
        self._worker = str(getattr(report, "worker_id", self._worker))
        self._captured.update(
            (heading, self._bounded(text, _CAPTURED))
            for heading, text in report.sections
            if heading.startswith("Captured") and text.strip()
        )
        self._properties.update((str(name), str(value)) for name, value in report.user_properties)
        self._doc = payload.get("doc") or self._doc
        self._runs += payload.get("runs", ())
        self._experiments += payload.get("experiments", ())
        self._lineages += payload.get("lineages", ())
        if report.failed:
            outcome = Outcome.FAILED if report.when == "call" else Outcome.ERROR
            message = payload.get("sentence") or sentence_in(report.longreprtext)
            context = getattr(report, "context", None)  # of a subtest
            if context is not None and getattr(context, "msg", None):
                message = f"{context.msg}: {message}"
            # A worker of pytest-xdist that dies does not say in what.
            phase = str(report.when) if report.when in _PHASES else ""
            self._fail(outcome, phase, message, report)
            self._evidence += [Section(*section) for section in payload.get("evidence", ())]
        elif report.skipped:
            self._skip(report)
        elif report.when == "call" and not self._outcome.is_red:
            message = str(getattr(report, "wasxfail", ""))
            self._outcome = Outcome.XPASSED if hasattr(report, "wasxfail") else Outcome.PASSED
            self._sentence = one_line(message.removeprefix("reason: "))

    def record(self) -> TestRecord:
        """As it is now."""
        from pytest_kubeflow.reporting.junit import PREFIX
        from pytest_kubeflow.reporting.records.document import (
            experiments_from_plain,
            lineages_from_plain,
            runs_from_plain,
        )

        return TestRecord(
            nodeid=self._nodeid,
            component=component_of(self._nodeid),
            outcome=self._outcome,
            sentence=self._redact(self._sentence),
            cause=self._cause,
            phase=self._phase,
            doc=self._redact(self._doc),
            started=self._started,
            seconds=self._seconds,
            details=self._details,
            evidence=tuple(self._evidence),
            captured=tuple(Section(*one) for one in self._captured.items()),
            runs=runs_from_plain(self._runs),
            experiments=experiments_from_plain(self._experiments),
            lineages=lineages_from_plain(self._lineages),
            reruns=self._reruns,
            worker=self._worker,
            bundle=self._bundle,
            # What we put there ourselves is in `runs`.
            properties={
                name: value
                for name, value in self._properties.items()
                if not name.startswith(PREFIX)
            },
        )

    def _fail(self, outcome: Outcome, phase: str, sentence: str, report: Report) -> None:
        text = self._bounded(report.longreprtext, _DETAILS)
        if self._outcome.is_red:
            self._details += f"\n\n--- {phase}\n{text}"
            return
        self._outcome, self._phase, self._sentence = outcome, phase, sentence
        self._details = text

    def _skip(self, report: Report) -> None:
        if self._outcome.is_red:
            return
        expected = getattr(report, "wasxfail", None)
        if expected is not None and not str(expected).startswith("reason: [NOTRUN]"):
            self._outcome = Outcome.XFAILED
            self._sentence = one_line(str(expected).removeprefix("reason: "))
            if hasattr(report, KNOWN_FAILURE):
                self._cause = KNOWN
                payload: Mapping[str, Any] = getattr(report, PAYLOAD, {})
                if message := payload.get("sentence"):
                    self._sentence += f"; it failed: {message}"
            return
        self._outcome = Outcome.SKIPPED
        self._cause = getattr(report, _SKIP_CAUSE, "")
        found = report.longrepr
        text = str(found[2]) if isinstance(found, tuple) else report.longreprtext
        self._sentence = one_line(str(expected or text).removeprefix("Skipped: "))

    def _bounded(self, text: str, longest: int) -> str:
        """Its beginning and its end: a traceback has its error last.

        Redacted again, for secrets that were learned since: what is shown, and its margins.
        """
        half = longest // 2
        shown = half + _MARGIN
        if len(text) <= 2 * shown:
            clean = self._redact(text)
            if len(clean) <= longest:
                return clean
            first, last = clean[:half], clean[-half:]
        else:
            first = self._redact(text[:shown])[:half]
            last = self._redact(text[-shown:])[-half:]
        return f"{first}\n… {len(text) - longest} characters left out …\n{last}"
