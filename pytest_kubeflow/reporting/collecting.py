"""SessionCollector: takes up what a session's hooks tell, and makes the SessionRecord of it.

It is in one process: the workers of pytest-xdist send their reports there.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import pytest

from pytest_kubeflow import options
from pytest_kubeflow.cluster.versions import CONTROLLERS
from pytest_kubeflow.reporting.causes import by_test, cause_of_unfitness, causes_of
from pytest_kubeflow.reporting.components import component_of
from pytest_kubeflow.reporting.exit_codes import UNFIT_CODE
from pytest_kubeflow.reporting.records.session import Check, Fault, Leftover, SessionRecord
from pytest_kubeflow.reporting.records.tests import Outcome, TestRecord
from pytest_kubeflow.reporting.results import TestResult
from pytest_kubeflow.reporting.verdict import RUNNING, not_run_of, verdict_of

if TYPE_CHECKING:
    from pytest_kubeflow.cluster import Cluster
    from pytest_kubeflow.cluster.checklist import Finding
    from pytest_kubeflow.load.summary import LoadSummary
    from pytest_kubeflow.platform.finding import Finding as PlatformFinding

MISSED = "the session ended before it"
KILLED = "something that killed its process"
_VERSIONS = ("Kubeflow Pipelines", "Kubernetes", *CONTROLLERS)
_ENOUGH = "stopping after "
"""How pytest-xdist tells that it ends a session by -x or --maxfail, as an interruption."""

_USAGE = "an error in how it was called, which pytest has told"
_INTERRUPTED = frozenset({pytest.ExitCode.INTERRUPTED, pytest.ExitCode.INTERNAL_ERROR})


class SessionCollector:
    """Hooks that collect; `record` puts it together."""

    def __init__(self, config: pytest.Config, *, session_id: str) -> None:
        self._config = config
        self._session_id = session_id
        self._started, self._began = time.time(), time.monotonic()
        self._expected: list[str] = []
        self._results: dict[str, TestResult] = {}
        self._running: dict[str, float] = {}
        self._checks: Sequence[Finding] = ()
        self._facts: Mapping[str, str] = {}
        self._cluster: dict[str, str] = {}
        self._ended_by = ""
        self._has_failed_enough = False
        self.problems: list[str] = []
        """What is red without being a test."""

        self.findings: Sequence[PlatformFinding] = ()
        """What was found to be wrong with the platform."""

        self.loads: list[LoadSummary] = []
        """What load tests have measured."""

        self.left: list[Leftover] = []
        self.made: dict[str, int] = {}
        self.lost = ""

    @property
    def is_red(self) -> bool:
        """Whether any test is red so far, or the preflight."""
        if any(one.state.value == "failed" for one in self._checks):
            return True
        return any(result.record().outcome.is_red for result in self._results.values())

    # Before the cluster is asked for, which may be the session's end.
    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Which tests there are, in one process."""
        self._expect(item.nodeid for item in session.items)

    @pytest.hookimpl(optionalhook=True, tryfirst=True)
    def pytest_xdist_node_collection_finished(self, ids: Sequence[str]) -> None:
        """Which tests there are, as a worker of pytest-xdist tells it."""
        self._expect(ids)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A module that cannot be imported, or is skipped as a whole."""
        if report.failed or report.skipped:
            self._result(report.nodeid).add_collection(report)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """A test begins."""
        self._running[nodeid] = time.time()

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """It has ended, whatever became of it."""
        self._running.pop(nodeid, None)

    # After the hooks that redact and add.
    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """One phase of a test."""
        self._result(report.nodeid).add(report)

    def pytest_kubeflow_preflight_done(self, findings: Sequence[Finding]) -> None:
        """What the preflight has found."""
        self._checks = findings

    def pytest_kubeflow_cluster_ready(self, cluster: Cluster) -> None:
        """What the cluster is."""
        from pytest_kubeflow.reporting.facts import facts_of
        from pytest_kubeflow.reporting.wanted import is_reported

        self._cluster = {"gateway": cluster.gateway_url, "user": cluster.user or ""}
        if is_reported(self._config):
            self._facts = facts_of(self._config, cluster)

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """A signal, or pytest.exit."""
        message = str(excinfo.value)
        self._has_failed_enough = message.startswith(_ENOUGH) and bool(
            self._config.getvalue("maxfail")
        )
        self._ended_by = message or ("Ctrl-C" if excinfo.type is KeyboardInterrupt else "")

    def pytest_internalerror(self, excrepr: object) -> None:
        """An error in pytest or in a plugin."""
        last = str(excrepr).strip().splitlines()[-1:] or [""]
        self._ended_by = f"an internal error ({last[0][:300]})"

    def record(self, session: pytest.Session, *, draft: bool = False) -> SessionRecord:
        """The whole session, as it ends; with `draft`, as it would be if it were killed now."""
        config = self._config
        settings = options.load(config)
        redact = options.redactor(config).redact
        code = int(pytest.ExitCode.INTERRUPTED if draft else session.exitstatus)
        early = self._ended_by or str(session.shouldfail or session.shouldstop or "")
        if draft:
            early = self._ended_by or KILLED
        if not early and code == pytest.ExitCode.USAGE_ERROR:
            early = _USAGE
        ended_by = redact(early)
        tests = self._tests()
        findings = [_redacted(one, redact) for one in self.findings]
        causes = causes_of(tests, findings)
        of_test = by_test(causes)
        tests = [
            replace(test, cause=of_test[test.nodeid]) if test.nodeid in of_test else test
            for test in tests
        ]
        checks = tuple(
            Check(one.check, one.state.value, redact(one.message), redact(one.fix), one.seconds)
            for one in self._checks
        )
        failed = [one for one in checks if one.state == "failed"]
        if failed:
            causes += cause_of_unfitness(failed[0].message, findings)
        gateway = self._cluster.get("gateway") or str(settings.gateway.host or "")
        return SessionRecord(
            session=self._session_id,
            gateway=redact(gateway),
            user=redact(self._cluster.get("user", "")),
            target=_target(config),
            started=self._started,
            # The clock may have been set meanwhile.
            ended=self._started + time.monotonic() - self._began,
            exit_code=code,
            ended_by=ended_by,
            verdict=verdict_of(
                tests,
                checks=checks,
                causes=causes,
                problems=self.problems,
                ended_by=ended_by,
                interrupted=code in _INTERRUPTED and not self._has_failed_enough,
                is_unfit=code == UNFIT_CODE,
            ),
            versions=self._versions(),
            facts={name: found for name, found in self._facts.items() if name not in _VERSIONS},
            checks=checks,
            tests=tuple(tests),
            causes=causes,
            faults=tuple(map(_fault, findings)),
            loads=tuple(self.loads),
            not_run=not_run_of(tests),
            left=tuple(self.left),
            made=dict(self.made),
            lost=redact(self.lost),
            problems=tuple(map(redact, self.problems)),
        )

    def _expect(self, nodeids: Any) -> None:
        known = set(self._expected)
        self._expected += [nodeid for nodeid in nodeids if nodeid not in known]

    def _result(self, nodeid: str) -> TestResult:
        redact = options.redactor(self._config).redact
        return self._results.setdefault(nodeid, TestResult(nodeid, redact))

    def _tests(self) -> list[TestRecord]:
        """In the order in which they were collected; those that were not reached too."""
        found = [self._test(nodeid) for nodeid in self._expected]
        others = self._results.keys() - set(self._expected)
        return [
            *(self._results[nodeid].record() for nodeid in self._results if nodeid in others),
            *found,
        ]

    def _test(self, nodeid: str) -> TestRecord:
        result = self._results.get(nodeid)
        record = result.record() if result is not None else None
        if nodeid in self._running and not (record is not None and record.outcome.is_red):
            # Its set-up may have passed.
            record = record or TestRecord(nodeid, component_of(nodeid), Outcome.NOT_RUN)
            began = self._running[nodeid]
            return replace(record, outcome=Outcome.NOT_RUN, sentence=RUNNING, started=began)
        return record or TestRecord(nodeid, component_of(nodeid), Outcome.NOT_RUN, sentence=MISSED)

    def _versions(self) -> dict[str, str]:
        found = {name: self._facts[name] for name in _VERSIONS if name in self._facts}
        return {
            "pytest-kubeflow": version("pytest-kubeflow"),
            "pytest": pytest.__version__,
            "Python": platform.python_version(),
            **found,
        }


def _redacted(finding: PlatformFinding, redact: Callable[[str], str]) -> PlatformFinding:
    return replace(
        finding,
        sentence=redact(finding.sentence),
        fix=redact(finding.fix),
        evidence=tuple(map(redact, finding.evidence)),
    )


def _fault(finding: PlatformFinding) -> Fault:
    return Fault(
        code=finding.code,
        severity=finding.severity.value,
        component=finding.component,
        sentence=finding.sentence,
        fix=finding.fix,
        evidence=finding.evidence,
    )


def _target(config: pytest.Config) -> str:
    setting = options.load(config).settings.get("target")
    return str(setting.value) if setting is not None and setting.value else ""
