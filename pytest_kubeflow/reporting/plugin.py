"""The hooks that put a test's runs, and the evidence of its failure, on its report.

Everything is put together in the process that ran the test, and is plain data from then on: under
pytest-xdist reports travel to the controller as JSON.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import pytest

from pytest_kubeflow import options
from pytest_kubeflow.errors import Evidence, KubeflowError, show_evidence
from pytest_kubeflow.reporting.failure_text import add_text, shorten_summary
from pytest_kubeflow.reporting.wanted import is_reported

if TYPE_CHECKING:
    from pytest_kubeflow.k8s.client import KubernetesClient
    from pytest_kubeflow.k8s.sessions.ownership import Ownership
    from pytest_kubeflow.katib.experiment import KatibExperiment
    from pytest_kubeflow.lineage.lineage import Lineage
    from pytest_kubeflow.pipelines.runs.run import PipelineRun
    from pytest_kubeflow.reporting.bundle.bundler import Bundler
    from pytest_kubeflow.reporting.records.experiments import ExperimentRecord
    from pytest_kubeflow.reporting.records.lineage import LineageRecord
    from pytest_kubeflow.reporting.records.runs import RunRecord

PAYLOAD = "kf_test"
"""The attribute of a test's report with what our own reports tell of it: plain data."""

KNOWN_FAILURE = "kf_known"
"""The attribute of a report that skipping.knownplugin gives to a known failure."""

bundler_key: pytest.StashKey[Bundler] = pytest.StashKey()
"""What collects evidence in this process, with --kf-bundle."""

_runs_key = pytest.StashKey["list[Sequence[PipelineRun]]"]()
_experiments_key = pytest.StashKey["list[Sequence[KatibExperiment]]"]()
_shared_key = pytest.StashKey["list[Sequence[KatibExperiment]]"]()
_uses_key = pytest.StashKey["dict[tuple[str, str], int]"]()
_over_key = pytest.StashKey["dict[tuple[str, str], ExperimentRecord]"]()
_lineages_key = pytest.StashKey["list[Sequence[Lineage]]"]()
_evidence_key = pytest.StashKey["Evidence | None"]()


def add_runs(item: pytest.Item, runs: Sequence[PipelineRun]) -> None:
    """Have the test's reports tell of these runs: those that are in `runs` when it has ended."""
    item.stash.setdefault(_runs_key, []).append(runs)


def add_experiments(item: pytest.Item, experiments: Sequence[KatibExperiment]) -> None:
    """The same for experiments of Katib."""
    item.stash.setdefault(_experiments_key, []).append(experiments)


def share_experiments(config: pytest.Config, experiments: Sequence[KatibExperiment]) -> None:
    """Have the reports of those tests that look at one of these tell of it."""
    config.stash.setdefault(_shared_key, []).append(experiments)


def add_lineages(item: pytest.Item, lineages: Sequence[Lineage]) -> None:
    """The same for what made the models that services serve."""
    item.stash.setdefault(_lineages_key, []).append(lineages)


def add_evidence(item: pytest.Item, evidence: Evidence | None) -> None:
    """Have the test's reports tell of this, if it fails by an exception that does not carry it."""
    if evidence is not None:
        item.stash[_evidence_key] = evidence


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """How much evidence this session shows."""
    if options.is_listing(session.config):
        return
    settings = options.load(session.config).reporting
    # pytest 9 prints the whole text of a failure with --tb=line, too.
    line = session.config.getoption("tbstyle", "auto") == "line"
    show_evidence("none" if line else settings.evidence)


def work_in(
    config: pytest.Config, kubernetes: KubernetesClient, namespace: str, ownership: Ownership
) -> None:
    """From now on this is where the session's tests work."""
    if (bundler := config.stash.get(bundler_key, None)) is not None:
        from pytest_kubeflow.k8s.sessions.ownership import label_value
        from pytest_kubeflow.reporting.bundle.collecting import SessionScope

        bundler.place = SessionScope(kubernetes, namespace, label_value(ownership.run_id))


@contextlib.contextmanager
def bundle_of_interrupted(item: pytest.Item, phase: str) -> Iterator[None]:
    """A test that the session's end comes in has evidence, too, of which little time is spent."""
    try:
        yield
    except KeyboardInterrupt as error:
        if (bundler := item.config.stash.get(bundler_key, None)) is not None:
            from pytest_kubeflow.reporting.bundle.bundler import Failure

            message = f"it was running when the session was ended by {error or 'Ctrl-C'}"
            runs = [run for several in item.stash.get(_runs_key, ()) for run in several]
            bundler.collect(Failure(item.nodeid, phase, message, interrupted=True), runs)
        raise


# Not tryfirst: the hook of fixtures.config, which redacts, has to be around this one.
@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tell of the test's runs in the last report before its teardown removes them."""
    report = yield
    runs = [run for several in item.stash.get(_runs_key, ()) for run in several]
    if report.when == "teardown":
        # A rerun of the test has its own.
        item.stash[_runs_key] = []
        item.stash[_evidence_key] = None
        item.stash[_experiments_key] = []
        item.stash[_lineages_key] = []
        runs = []
    elif report.when != "call" and report.passed:
        return report
    records = _records(item, runs)
    if records:
        _add_properties(item, report, records)
        if item.config.getoption("htmlpath", None):
            from pytest_kubeflow.reporting.pytest_html import add_html

            add_html(report, records)
    evidence = list(_evidence(item, call, report, runs)) if report.failed else []
    if report.failed:
        shorten_summary(call, report)
    _add_payload(item, call, report, records, evidence, runs)
    return report


def _records(item: pytest.Item, runs: Sequence[PipelineRun]) -> list[RunRecord]:
    if not runs or not is_reported(item.config):
        return []
    from pytest_kubeflow.reporting.records.runs import RunRecord

    redact = options.redactor(item.config).redact
    phases = options.load(item.config).reporting.wants_records
    return [RunRecord.of(run, redact, phases=phases) for run in runs]


def _experiment_records(item: pytest.Item, when: str) -> list[ExperimentRecord]:
    """Those of its own, and of the shared ones that it asks for; each that is over is read once."""
    if when == "teardown" or not options.load(item.config).reporting.wants_records:
        return []
    found = [one for several in item.stash.get(_experiments_key, ()) for one in several]
    uses = item.config.stash.setdefault(_uses_key, {})
    shared = [one for several in item.config.stash.get(_shared_key, ()) for one in several]
    found += [one for one in shared if one.uses != uses.get((one.namespace, one.name), 0)]
    if not found:
        return []
    from pytest_kubeflow.reporting.records.experiments import ExperimentRecord

    redact = options.redactor(item.config).redact
    over = item.config.stash.setdefault(_over_key, {})
    records = []
    for one in found:
        key = (one.namespace, one.name)
        record = over.get(key) or ExperimentRecord.of(one, redact)
        if record.is_over:
            over[key] = record
        uses[key] = one.uses
        records.append(record)
    return records


def _lineage_records(item: pytest.Item, when: str) -> list[LineageRecord]:
    if when == "teardown" or not options.load(item.config).reporting.wants_records:
        return []
    from pytest_kubeflow.reporting.records.lineage import LineageRecord

    redact = options.redactor(item.config).redact
    found = [one for several in item.stash.get(_lineages_key, ()) for one in several]
    return [LineageRecord.of(one, redact) for one in found]


def _evidence(
    item: pytest.Item,
    call: pytest.CallInfo[None],
    report: pytest.TestReport,
    runs: Sequence[PipelineRun],
) -> Generator[Evidence]:
    """What is known of a failure beside its own message, which it is added to where that lacks it.

    Errors of ours bring it along.
    """
    redact = options.redactor(item.config).redact
    error = call.excinfo.value if call.excinfo is not None else None
    brought = error.evidence if isinstance(error, KubeflowError) else None
    brought = brought or item.stash.get(_evidence_key, None)
    if brought is not None:
        if brought.title not in report.longreprtext:
            add_text(report, redact(brought.shown()))
        yield brought
    for run in runs:
        # By its title.
        if f"run {run.name} ({run.run_id})" not in report.longreprtext:
            from pytest_kubeflow.reporting.diagnosis import diagnosis

            found = diagnosis(run, redact)
            add_text(report, found.shown())
            yield found


def _add_payload(
    item: pytest.Item,
    call: pytest.CallInfo[None],
    report: pytest.TestReport,
    records: Sequence[RunRecord],
    evidence: Sequence[Evidence],
    runs: Sequence[PipelineRun],
) -> None:
    """For the reports of our own."""
    from pytest_kubeflow.reporting.assertions import compared
    from pytest_kubeflow.reporting.sentences import sentence_in, sentence_of

    sentence = ""
    if call.excinfo is not None and (report.outcome == "failed" or hasattr(report, KNOWN_FAILURE)):
        if report.failed and isinstance(
            report.longrepr, str
        ):  # made a failure of by a hook, in its own words
            sentence = sentence_in(report.longrepr)
        else:
            sentence = sentence_of(
                call.excinfo.value,
                compared(item.config),
                statement=_statement(call.excinfo),
                runs=[run.name for run in runs],
            )
    redact = options.redactor(item.config).redact
    payload = {
        "sentence": sentence,
        "doc": _first_line_of_doc(item),
        "evidence": [
            [redact(heading), redact(text)] for one in evidence for heading, text in one.sections
        ],
        "runs": [asdict(record) for record in records],
        "experiments": [asdict(one) for one in _experiment_records(item, str(report.when))],
        "lineages": [asdict(one) for one in _lineage_records(item, str(report.when))],
    }
    bundler = item.config.stash.get(bundler_key, None)
    if bundler is not None and report.failed:
        from pytest_kubeflow.reporting.bundle.bundler import Failure

        parts = [("what pytest tells", report.longreprtext), *report.sections]
        failure = Failure(item.nodeid, str(report.when), sentence, parts)
        again = int(getattr(item, "execution_count", 0))  # of pytest-rerunfailures
        payload["bundle"] = bundler.collect(failure, runs, attempt=again)
    setattr(report, PAYLOAD, payload)


def _statement(excinfo: pytest.ExceptionInfo[BaseException]) -> str:
    """The source of what raised it, where that is to be had."""
    frames = excinfo.traceback.filter(excinfo)
    return str(frames[-1].statement).strip() if frames else ""


def _first_line_of_doc(item: pytest.Item) -> str:
    doc = getattr(getattr(item, "obj", None), "__doc__", None)
    return next((line.strip() for line in str(doc or "").splitlines() if line.strip()), "")


def _add_properties(
    item: pytest.Item, report: pytest.TestReport, records: Sequence[RunRecord]
) -> None:
    """For JUnit XML, which takes them from the report of the teardown: so the item has them too."""
    from pytest_kubeflow.reporting.junit import PREFIX, properties

    ours = list(properties(records))
    for there in (item.user_properties, report.user_properties):
        # Those that are there already come from an earlier rerun.
        there[:] = [*(one for one in there if not one[0].startswith(PREFIX)), *ours]
