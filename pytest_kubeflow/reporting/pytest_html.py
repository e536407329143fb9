"""The hooks of pytest-html and pytest-metadata: runs below tests, cluster and checks above them."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import pytest

from pytest_kubeflow import options
from pytest_kubeflow.reporting.wanted import is_reported

if TYPE_CHECKING:
    from pytest_kubeflow.cluster import Cluster
    from pytest_kubeflow.cluster.checklist import Finding
    from pytest_kubeflow.reporting.records.runs import RunRecord

_environment_key = pytest.StashKey[dict[str, Any]]()


def add_html(report: pytest.TestReport, records: Sequence[RunRecord]) -> None:
    """Add a link and a table for each run to the test's row."""
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
    if environment is not None and is_reported(config):
        redact = options.redactor(config).redact
        environment["Kubeflow preflight"] = {
            one.check: escape(redact(f"{one.state.value}: {one.message}")) for one in findings
        }


def pytest_kubeflow_cluster_ready(config: pytest.Config, cluster: Cluster) -> None:
    """Put facts about the cluster into the environment table (under pytest-xdist once)."""
    environment = config.stash.get(_environment_key, None)
    if environment is None or hasattr(config, "workerinput") or not is_reported(config):
        return
    from pytest_kubeflow.reporting.facts import facts_of

    # pytest-html takes values of this table as HTML.
    environment["Kubeflow"] = {
        name: escape(fact) for name, fact in facts_of(config, cluster).items()
    }
