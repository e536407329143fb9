"""The hooks of pytest, pytest-html and our own that put runs and cluster into reports.

Everything is put together in the process that ran the test, and is plain data from then on: under
pytest-xdist reports travel to the controller as JSON.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import pytest
from _pytest._code.code import ExceptionRepr

from pytest_kubeflow import options

if TYPE_CHECKING:
    from pytest_kubeflow.cluster import Cluster
    from pytest_kubeflow.cluster.checklist import Finding
    from pytest_kubeflow.pipelines.run import PipelineRun
    from pytest_kubeflow.reporting.records.runs import RunRecord

_runs_key = pytest.StashKey["list[Sequence[PipelineRun]]"]()

_environment_key = pytest.StashKey[dict[str, Any]]()
_HEADING = "Kubeflow run"


def add_runs(item: pytest.Item, runs: Sequence[PipelineRun]) -> None:
    """Have the test's reports tell of these runs: those that are in `runs` when it has ended."""
    item.stash.setdefault(_runs_key, []).append(runs)


# Not tryfirst: the hook of fixtures.config, which redacts, has to be around this one.
@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tell of the test's runs in the last report before its teardown removes them."""
    report = yield
    if report.when == "teardown":
        if _runs_key in item.stash:
            del item.stash[_runs_key]  # a rerun of the test has runs of its own
        return report
    runs = [run for several in item.stash.get(_runs_key, ()) for run in several]
    if runs and (report.when == "call" or not report.passed):
        _tell_runs(item, report, runs)
    return report


@pytest.hookimpl(optionalhook=True)
def pytest_metadata(metadata: dict[str, Any], config: pytest.Config) -> None:
    """Remember what pytest-html shows as the environment table, unless -p no:metadata."""
    config.stash[_environment_key] = metadata


@pytest.hookimpl(optionalhook=True)
def pytest_html_results_summary(prefix: list[str]) -> None:
    """Give the page the style of our tables."""
    from pytest_kubeflow.reporting.html import STYLE

    prefix.append(STYLE)


def pytest_kubeflow_preflight_done(config: pytest.Config, findings: Sequence[Finding]) -> None:
    """Put what was checked into the environment table."""
    environment = config.stash.get(_environment_key, None)
    if environment is not None and _is_reported(config):
        redact = options.redactor(config).redact
        environment["Kubeflow preflight"] = {
            one.check: escape(redact(f"{one.state.value}: {one.told}")) for one in findings
        }


def pytest_kubeflow_cluster_ready(config: pytest.Config, cluster: Cluster) -> None:
    """Put facts about the cluster into the environment table (under pytest-xdist once)."""
    environment = config.stash.get(_environment_key, None)
    if environment is None or hasattr(config, "workerinput") or not _is_reported(config):
        return
    from pytest_kubeflow.reporting.facts import cluster_facts

    redact = options.redactor(config).redact
    # pytest-html takes values of this table as HTML.
    environment["Kubeflow"] = {
        name: escape(redact(fact)) for name, fact in cluster_facts(cluster).items()
    }


def _tell_runs(item: pytest.Item, report: pytest.TestReport, runs: Sequence[PipelineRun]) -> None:
    redact = options.redactor(item.config).redact
    if _is_reported(item.config):
        from pytest_kubeflow.reporting.records.runs import RunRecord

        records = [RunRecord.of(run, redact) for run in runs]
        _add_properties(item, report, records)
        if item.config.getoption("htmlpath", None):
            _add_html(report, records)
    if report.failed:
        from pytest_kubeflow.reporting.diagnosis import diagnosis

        for run in runs:
            # Errors of ours bring the evidence along, under this title.
            if f"run {run.name} ({run.run_id})" not in report.longreprtext:
                _add_text(report, diagnosis(run, redact).render())


def _is_reported(config: pytest.Config) -> bool:
    """Whether a file is written that has room for records, so that they are worth the asking."""
    return bool(config.getoption("htmlpath", None) or config.getoption("xmlpath", None))


def _add_properties(
    item: pytest.Item, report: pytest.TestReport, records: Sequence[RunRecord]
) -> None:
    """For JUnit XML, which takes them from the report of the teardown: so the item has them too."""
    from pytest_kubeflow.reporting.junit import PREFIX, properties

    ours = list(properties(records))
    for there in (item.user_properties, report.user_properties):
        # Those that are there already come from an earlier rerun.
        there[:] = [*(one for one in there if not one[0].startswith(PREFIX)), *ours]


def _add_html(report: pytest.TestReport, records: Sequence[RunRecord]) -> None:
    from pytest_html import extras

    from pytest_kubeflow.reporting.html import is_web_page, render

    # pytest-html puts links into its page as they are.
    links = [
        extras.url(escape(record.url), name=escape(record.name))
        for record in records
        if is_web_page(record.url)
    ]
    ours = [*links, *(extras.html(render(record)) for record in records)]
    there = getattr(report, "extras", [])
    report.extras = [*there, *ours]  # type: ignore[attr-defined]  # pytest-html's


def _add_text(report: pytest.TestReport, text: str) -> None:
    """Add to the failure itself: of sections JUnit XML takes captured output alone."""
    if isinstance(report.longrepr, ExceptionRepr):
        report.longrepr.addsection(_HEADING, text)
    elif isinstance(report.longrepr, str):
        report.longrepr = f"{report.longrepr}\n--- {_HEADING}\n{text}"
    else:
        report.sections.append((_HEADING, text))
