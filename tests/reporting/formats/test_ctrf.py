"""CTRF documents are valid by the format's own schema, and red where the session is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings

from pytest_kubeflow.reporting.formats.ctrf import EXTRA, render
from pytest_kubeflow.reporting.records.session import SessionRecord
from pytest_kubeflow.reporting.records.trend import NO_TREND, Trend
from tests.reporting.formats import samples

# From the npm package ctrf 0.3.0 (MIT, data/ctrf-LICENSE).
SCHEMA = json.loads((Path(__file__).parent / "data" / "ctrf-schema-0.0.json").read_text())
VALIDATOR = jsonschema.Draft7Validator(
    SCHEMA, format_checker=jsonschema.Draft7Validator.FORMAT_CHECKER
)


def document(record: SessionRecord, trend: Trend = NO_TREND) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(render(record, trend))
    VALIDATOR.validate(found)
    return found


@pytest.mark.parametrize("make", samples.SESSIONS.values(), ids=samples.SESSIONS)
def test_each_kind_of_session_is_valid(make: Callable[[], SessionRecord]) -> None:
    summary = document(make(), samples.TREND)["results"]["summary"]
    outcomes = ("passed", "failed", "skipped", "pending", "other")
    assert summary["tests"] == sum(summary[one] for one in outcomes)
    assert summary["duration"] == summary["stop"] - summary["start"] == 61_500
    assert (summary["failed"] == 0) == (make is samples.green)


def test_a_red_test_has_its_sentence_and_its_evidence() -> None:
    found = document(samples.degraded(), samples.TREND)
    test = found["results"]["tests"][0]
    extra = test.pop("extra")[EXTRA]
    assert test == {
        "name": "suites/pipelines/test_py.py::test_hypotenuse",
        "testId": "suites/pipelines/test_py.py::test_hypotenuse",
        "status": "failed",
        "rawStatus": "failed",
        "duration": 5500,
        "start": 1_764_000_001_000,
        "stop": 1_764_000_006_500,
        "suite": ["suites/pipelines/test_py.py"],
        "filePath": "suites/pipelines/test_py.py",
        "message": samples.RED,
        "trace": ">       assert 14.11 == 13.0",
        "tags": ["pipelines"],
        "labels": {"component": "pipelines", "cause": "c1"},
        "retries": 0,
        "flaky": False,
        "threadId": "gw1",
        "stdout": ["one", "two"],
        "insights": {"failRate": {"current": 0.25}},
    }
    assert extra["evidence"][0] == {"heading": "events", "text": "Warning  FailedMount"}
    assert extra["runs"][0]["tasks"] == {"SUCCEEDED": 1, "FAILED": 1}
    session = found["results"]["environment"]["extra"][EXTRA]
    assert session["verdict"] == "degraded"
    assert session["causes"][0]["code"] == "KF114"
    assert session["left"][0]["name"] == "kf-x"


def test_a_test_in_a_class_with_parameters_has_its_suite() -> None:
    test = document(samples.green())["results"]["tests"][1]
    assert test["suite"] == ["suites/volumes/test_v.py", "TestClaims"]
    assert (test["retries"], test["flaky"]) == (1, True)


def test_an_unfit_cluster_has_a_failed_check() -> None:
    found = document(samples.unfit())["results"]
    assert found["environment"]["healthy"] is False
    failed = [test for test in found["tests"] if test["status"] == "failed"]
    assert [test["name"] for test in failed] == ["login"]
    assert failed[0]["suite"] == ["kubeflow.preflight"]
    assert "set KF_PASSWORD" in failed[0]["trace"]


def test_an_interrupted_session_is_red_and_says_what_is_pending() -> None:
    statuses = {
        test["name"]: test["status"] for test in document(samples.interrupted())["results"]["tests"]
    }
    assert statuses["suites/volumes/test_v.py::test_sorted"] == "pending"
    assert statuses["interrupted"] == "failed"


@settings(max_examples=60)
@given(samples.RECORDS, samples.TRENDS)
def test_any_session_is_valid(record: SessionRecord, trend: Trend) -> None:
    found = document(record, trend)
    names = [test["name"] for test in found["results"]["tests"]]
    assert names[: len(record.tests)] == [test.nodeid or "(no name)" for test in record.tests]
    render(record, trend).encode("ascii")
