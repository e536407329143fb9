"""docs/reference/reports.md has every property and metric, and no other."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from pytest_kubeflow.reporting import junit, lost
from pytest_kubeflow.reporting.formats import prometheus
from pytest_kubeflow.reporting.formats.junit import case_properties, session_properties
from pytest_kubeflow.reporting.records.tests import KNOWN, Outcome
from tests.reporting.formats import samples

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "reports.md").read_text()
# What a record of all kinds gives: names that have a name in them, by what the page calls that.
VARIABLE = {"component": "NAME", "version": "NAME", "fact": "NAME", "made": "KIND"}


def documented(after: str, before: str) -> set[str]:
    """The names in the first column of the tables between two texts."""
    section = PAGE.partition(after)[2].partition(before)[0]
    cells = re.findall(r"^\| (`[^|]+) \|", section, re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def test_properties_of_the_suite() -> None:
    record = samples.degraded()
    record = samples.session(
        *record.tests,
        replace(samples.passed(), outcome=Outcome.XFAILED, cause=KNOWN),
        **{
            name: getattr(record, name)
            for name in ("causes", "not_run", "left", "made", "target", "user", "versions")
        },
        facts={"nodes": "3"},
        problems=("p",),
        ended_by="SIGTERM",
    )
    found = {lost.PROPERTY}
    for name, _ in session_properties(record, samples.TREND):
        kind, _, rest = name.removeprefix("kubeflow.").partition(".")
        found.add(f"kubeflow.{kind}.{VARIABLE[kind]}" if rest and kind in VARIABLE else name)
    assert found == documented("Properties of the suite:", "Properties of a test case:")


def test_properties_of_a_case() -> None:
    record = samples.degraded()
    red = samples.red()
    (cause,) = record.causes
    found = {name for name, _ in case_properties(samples.passed(reruns=1), None)}
    found |= {name for name, _ in case_properties(red, cause)}
    told = documented("Properties of a test case:", "Test cases beside the tests")
    run = {name for name in told if name.startswith((".", "kubeflow.run"))}
    assert found == told - run
    names = {name for name, _ in junit.properties([samples.RUN])}
    assert names <= {name if name.startswith("kubeflow") else f"kubeflow.run{name}" for name in run}


def test_metrics() -> None:
    text = prometheus.render(samples.degraded(), samples.TREND)
    found = {family.name for family in text_string_to_metric_families(text)}
    assert found == documented("## Metrics", "Two rules for alerts")
