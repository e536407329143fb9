"""The hooks: skips that are red become failures, the rest is counted and told at the end."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pytest

from pytest_kubeflow import options
from pytest_kubeflow.config.markers import REQUIRES
from pytest_kubeflow.skipping.knownplugin import KNOWN, known_failures

if TYPE_CHECKING:
    from pytest_kubeflow.config.model import KubeflowConfig
    from pytest_kubeflow.skipping.policy import Skip

_CAUSE = "kf_skip_cause"
"""The attribute of a report with the cause of its skip; plain, for pytest-xdist."""

_RED_SKIP = "kf_red_skip"
"""The attribute of a report of a skip that is not allowed."""

_COUNTER = "kubeflow-not-run"

_NOT_RUN = "[NOTRUN]"
"""How pytest's own reason begins for xfail(run=False)."""


# Inside the hooks that add evidence to failures and redact, which are registered later.
@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Make a failure of a skip that is not allowed."""
    report = yield
    if not report.skipped or _expected_failure(report):
        return report
    from pytest_kubeflow.skipping.policy import SkipPolicy

    skip = _skip(item, call, report)
    failure = SkipPolicy(options.load(item.config)).failure(skip)
    if failure is None:
        setattr(report, _CAUSE, skip.cause)
        return report
    report.outcome = "failed"
    report.longrepr = failure
    vars(report).pop("wasxfail", None)
    setattr(report, _RED_SKIP, True)
    return report


# Only here: plugins that look at reports as they are made count on the phases in their order.
@pytest.hookimpl(tryfirst=True)
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """A skip that is red is a failure of the test; an error of its set-up would read otherwise."""
    if getattr(report, _RED_SKIP, False):
        report.when = "call"


def _skip(item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport) -> Skip:
    from pytest_kubeflow.skipping.components import components_of
    from pytest_kubeflow.skipping.policy import Skip

    raised = call.excinfo.value if call.excinfo else None
    marks = list(item.iter_markers())
    required = [name for mark in marks if mark.name == REQUIRES for name in mark.args]
    return Skip(
        test=item.nodeid,
        reason=_reason(report),
        cause=getattr(raised, "cause", ""),
        components=components_of(
            required=required,
            fixtures=getattr(item, "fixturenames", ()),
            markers={mark.name for mark in marks},
        ),
    )


def _expected_failure(report: Any) -> bool:
    """Whether it is an xfail that was run."""
    found = getattr(report, "wasxfail", None)
    return found is not None and not str(found).removeprefix("reason: ").startswith(_NOT_RUN)


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    """The sentence of a skip: pytest keeps it as (file, line, "Skipped: ...")."""
    if told := getattr(report, "wasxfail", ""):
        return str(told)
    found = report.longrepr
    text = str(found[2]) if isinstance(found, tuple) else report.longreprtext
    return text.removeprefix("Skipped: ")


class NotRun:
    """Counts what did not run, in the process that shows the results; the session's last line."""

    def __init__(self, config: pytest.Config) -> None:
        from pytest_kubeflow.skipping.tally import Tally

        self._config = config
        self._tally = Tally()
        self._modules: list[str] = []
        self.problems: list[str] = []
        """What is red at the end without being a test."""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count a test, when its outcome is known."""
        if hasattr(report, KNOWN):
            self._tally.add_known(report.nodeid)
        elif report.skipped and not _expected_failure(report):
            cause = getattr(report, _CAUSE, "")
            self._tally.add_skip(report.nodeid, cause=cause, reason=_reason(report))
        elif report.when == "call" or report.failed:
            self._tally.add(report.nodeid)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Count a module that is skipped as a whole, and judge it like a test."""
        if not report.skipped:
            return
        from pytest_kubeflow.skipping.policy import Skip, SkipPolicy

        reason = _reason(report)
        self._tally.add_skip(report.nodeid, cause="", reason=reason)
        policy = SkipPolicy(options.load(self._config))
        if failure := policy.failure(Skip(report.nodeid, reason)):
            self._modules.append(f"{report.nodeid} was skipped: {failure}")

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Which tests there are that may be known to fail, in one process."""
        self._expect(item.nodeid for item in session.items)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Sequence[str]) -> None:
        """The same, as a worker of pytest-xdist tells it."""
        self._expect(ids)

    def _expect(self, ids: Iterable[str]) -> None:
        if options.is_listing(self._config):
            return
        known = known_failures(self._config)
        for nodeid in ids:
            known.add(nodeid)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None]:
        """Have the exit code say what is red, and tell in the last lines what did not run."""
        if options.runs_no_test(self._config) or options.acts_alone(self._config):
            return (yield)
        self._tally.expect(session.testscollected)
        known = known_failures(self._config).problems()
        self.problems = [*dict.fromkeys(self._modules), *known, *self._too_few()]
        if self.problems and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        result = yield
        self._tell(self.problems)
        return result

    def _too_few(self) -> Iterator[str]:
        settings = options.load(self._config)
        least = settings.session.min_tests
        if least is not None and self._tally.ran < least:
            yield f"only {self._tally.ran} tests ran: {settings.described('min_tests')}"

    def _tell(self, problems: Sequence[str]) -> None:
        reporter: Any = self._config.pluginmanager.get_plugin("terminalreporter")
        if reporter is None or not _names_cluster(options.load(self._config)):
            return
        redact = options.redactor(self._config).redact
        for problem in problems:
            reporter.write_line(redact(f"ERROR: {problem}"), red=True)
        if unused := known_failures(self._config).unused():
            reporter.write_line(redact(unused), yellow=True)
        if sentence := self._tally.sentence():
            reporter.write_line(redact(sentence), yellow=True)


def _names_cluster(settings: KubeflowConfig) -> bool:
    """Whether this session is about a Kubeflow at all: the plugin is loaded in others too."""
    session = settings.session
    return bool(settings.names_cluster or session.strict or session.min_tests or session.known)


def problems(config: pytest.Config) -> list[str]:
    """What of skips makes the session fail, as its end has found."""
    counter = config.pluginmanager.get_plugin(_COUNTER)
    return list(counter.problems) if isinstance(counter, NotRun) else []


def pytest_configure(config: pytest.Config) -> None:
    """Count in one process: workers of pytest-xdist report to it."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(NotRun(config), _COUNTER)
