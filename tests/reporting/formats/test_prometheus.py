"""Metrics are what a parser of the text format reads back, each series once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from hypothesis import given, settings
from prometheus_client.parser import text_string_to_metric_families

from pytest_kubeflow.reporting.formats.prometheus import render
from pytest_kubeflow.reporting.records.session import SessionRecord, State
from pytest_kubeflow.reporting.records.tests import Outcome, TestRecord
from pytest_kubeflow.reporting.records.trend import Trend
from tests.reporting.formats import samples

Series = tuple[str, frozenset[tuple[str, str]]]


def series(text: str) -> dict[Series, float]:
    """All samples; none is there twice."""
    found: dict[Series, float] = {}
    for family in text_string_to_metric_families(text):
        assert family.documentation
        assert family.type == "gauge"
        for sample in family.samples:
            key = sample.name, frozenset(sample.labels.items())
            assert key not in found
            found[key] = sample.value
    return found


def value(
    found: Mapping[Series, float], metric: str, target: str = "staging", **labels: str
) -> float:
    cluster = {"gateway": "https://kf.example", "target": target}
    return found[f"kubeflow_acceptance_{metric}", frozenset({**cluster, **labels}.items())]


def test_a_red_session() -> None:
    found = series(render(samples.degraded(), samples.TREND))
    assert value(found, "verdict", state="degraded") == 1
    assert sum(value(found, "verdict", state=state.value) for state in State) == 1
    assert value(found, "component_state", component="pipelines", state="degraded") == 1
    assert value(found, "component_state", component="access", state="fit") == 1
    assert value(found, "tests", outcome="failed") == 1
    assert value(found, "tests", outcome="not_run") == 0
    assert value(found, "preflight_checks", state="not_checked") == 1
    nodeid = samples.red().nodeid
    assert value(found, "test_duration_seconds", test=nodeid, component="pipelines") == 5.5
    assert value(found, "leftovers", kind="Profile", kept="false") == 1
    assert value(found, "duration_seconds") == 61.5
    assert value(found, "exit_code") == 1
    assert value(found, "last_run_timestamp_seconds") == samples.STARTED + 61.5
    assert value(found, "red_since_timestamp_seconds") == samples.STARTED - 86_400
    assert value(found, "tests_slower_than_usual") == 1
    assert value(found, "version_info", name="Kubernetes", version="1.34.4") == 1


def test_what_did_not_run_has_no_duration() -> None:
    names = [dict(labels).get("test") for _, labels in series(render(samples.interrupted()))]
    assert [name for name in names if name] == ["suites/access/test_ways.py::test_owner"]
    assert "red_since" not in {name for name, _ in series(render(samples.green()))}


def test_two_of_one_name_are_one_series_and_long_names_stay_apart() -> None:
    start = "suites/x/test_x.py::test_x[" + "y" * 5_000
    tests = [
        TestRecord(nodeid, "x", Outcome.PASSED, seconds=seconds)
        for nodeid, seconds in [("a", 1.0), ("a", 2.0), (f"{start}1]", 3.0), (f"{start}2]", 4.0)]
    ]
    found = series(render(samples.session(*tests)))
    durations = {
        dict(labels)["test"]: seconds
        for (name, labels), seconds in found.items()
        if name.endswith("test_duration_seconds")
    }
    assert sorted(durations.values()) == [2.0, 3.0, 4.0]
    assert durations["a"] == 2.0
    assert max(map(len, durations)) < 250


@settings(max_examples=60)
@given(samples.RECORDS, samples.TRENDS)
def test_any_session_is_read_back(record: SessionRecord, trend: Trend) -> None:
    text = render(record, trend)
    assert text.endswith("\n")
    found = series(text)
    gateways = Counter(dict(labels)["gateway"] for _, labels in found)
    assert list(gateways) == [record.gateway.encode(errors="replace").decode()]
    ran = {
        test.nodeid.encode(errors="replace").decode()
        for test in record.tests
        if test.outcome not in {Outcome.SKIPPED, Outcome.NOT_RUN}
    }
    told = {dict(labels)["test"] for _, labels in found if "test" in dict(labels)}
    assert told == ran
