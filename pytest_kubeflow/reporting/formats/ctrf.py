"""Common Test Report Format: one JSON document for dashboards and bots that know no other tool.

Source: the specification, version 0.0.0, and its schema (github.com/ctrf-io/ctrf). All times are
whole milliseconds there, and what it has no field for goes below `extra`, under a name of ours.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from pytest_kubeflow.reporting.formats.cases import Case, cases
from pytest_kubeflow.reporting.records.runs import RunRecord
from pytest_kubeflow.reporting.records.session import SessionRecord, State
from pytest_kubeflow.reporting.records.tests import Outcome, Section, TestRecord
from pytest_kubeflow.reporting.records.trend import NO_TREND, Trend

SPECIFICATION = "0.0.0"
"""The version of the format."""

EXTRA = "pytest-kubeflow"
"""Under this name stands below `extra` what the format has no field for."""

_STATUSES = {
    Outcome.PASSED: "passed",
    Outcome.FAILED: "failed",
    Outcome.ERROR: "failed",
    Outcome.SKIPPED: "skipped",
    Outcome.XFAILED: "other",
    Outcome.XPASSED: "other",
    Outcome.NOT_RUN: "pending",
}
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://ctrf.io/pytest-kubeflow")


def render(record: SessionRecord, trend: Trend = NO_TREND) -> str:
    """The document. The session's own cases stand behind its tests.

    It is ASCII: what UTF-8 cannot have, half a surrogate pair, is spelled as JSON spells it.
    """
    tests = [_test(test, trend) for test in record.tests]
    tests += [_case(case) for case in cases(record)]
    document = {
        "reportFormat": "CTRF",
        "specVersion": SPECIFICATION,
        "reportId": str(uuid.uuid5(_NAMESPACE, json.dumps([record.session, record.ended]))),
        "timestamp": datetime.fromtimestamp(record.ended, UTC).isoformat(timespec="milliseconds"),
        "generatedBy": "pytest-kubeflow",
        "results": {
            "tool": _tool(record),
            "summary": _summary(record, tests),
            "tests": tests,
            "environment": _environment(record),
        },
    }
    if record.session:
        document["runId"] = record.session
    if trend.nights:
        document["insights"] = {"runsAnalyzed": len(trend.nights)}
    return json.dumps(document, indent=1, allow_nan=False) + "\n"


def _tool(record: SessionRecord) -> dict[str, Any]:
    return {
        "name": "pytest",
        "version": record.versions.get("pytest", ""),
        "extra": {EXTRA: {"versions": record.versions}},
    }


def _summary(record: SessionRecord, tests: Iterable[dict[str, Any]]) -> dict[str, Any]:
    tests = list(tests)
    counts = Counter(test["status"] for test in tests)
    return {
        "tests": len(tests),
        **{status: counts[status] for status in ("passed", "failed", "skipped", "pending")},
        "other": counts["other"],
        "flaky": sum(test.get("flaky", False) for test in tests),
        "suites": len({tuple(test["suite"]) for test in tests}),
        "start": _milliseconds(record.started),
        "stop": _milliseconds(record.started) + _milliseconds(record.seconds),
        "duration": _milliseconds(record.seconds),
    }


def _environment(record: SessionRecord) -> dict[str, Any]:
    verdict = record.verdict
    return {
        "reportName": verdict.sentence,
        "appName": record.gateway,
        "testEnvironment": record.target or record.gateway,
        "healthy": verdict.state is State.FIT,
        "extra": {
            EXTRA: {
                "verdict": verdict.state.value,
                "sentence": verdict.sentence,
                "components": {one.name: one.state.value for one in verdict.components},
                "user": record.user,
                "facts": record.facts,
                "causes": [
                    {
                        "code": cause.code,
                        "sentence": cause.sentence,
                        "fix": cause.fix,
                        "tests": list(cause.tests),
                    }
                    for cause in record.causes
                ],
                "notRun": [
                    {"reason": one.reason, "count": one.count, "cause": one.cause}
                    for one in record.not_run
                ],
                "left": [
                    {"kind": one.kind, "name": one.name, "reason": one.reason, "kept": one.kept}
                    for one in record.left
                ],
                "made": record.made,
                "lost": record.lost,
                "endedBy": record.ended_by,
                "exitCode": record.exit_code,
            }
        },
    }


def _test(test: TestRecord, trend: Trend) -> dict[str, Any]:
    path, *names = test.nodeid.split("::")
    found: dict[str, Any] = {
        "name": test.nodeid or "(no name)",
        "status": _STATUSES[test.outcome],
        "rawStatus": test.outcome.value,
        "duration": _milliseconds(test.seconds),
        "suite": [path, *_classes(names)],
        "filePath": path,
        "tags": [test.component] if test.component else [],
        "retries": test.reruns,
        "flaky": test.outcome is Outcome.PASSED and test.reruns > 0,
        "extra": {EXTRA: _extra(test)},
    }
    if test.nodeid:
        found["testId"] = test.nodeid
    if test.started is not None:
        found["start"] = _milliseconds(test.started)
        found["stop"] = found["start"] + found["duration"]
    if test.sentence:
        found["message"] = test.sentence
    if test.details:
        found["trace"] = test.details
    if test.worker:
        found["threadId"] = test.worker
    if labels := {"component": test.component, "cause": test.cause}:
        found["labels"] = {name: value for name, value in labels.items() if value}
    for stream in ("stdout", "stderr"):
        if lines := _captured(test.captured, stream):
            found[stream] = lines
    if (share := trend.flaky.get(test.nodeid)) is not None:
        found["insights"] = {"failRate": {"current": share}}
    return found


def _extra(test: TestRecord) -> dict[str, Any]:
    found = {
        "doc": test.doc,
        "phase": test.phase,
        "evidence": [{"heading": one.heading, "text": one.text} for one in test.evidence],
        "runs": [_run(run) for run in test.runs],
        "properties": test.properties,
    }
    return {name: value for name, value in found.items() if value}


def _run(run: RunRecord) -> dict[str, Any]:
    states = Counter(task.state for task in run.tasks)
    return {"id": run.run_id, "name": run.name, "state": run.state, "url": run.url, "tasks": states}


def _case(case: Case) -> dict[str, Any]:
    found = {
        "name": case.name or "(no name)",
        "status": _STATUSES[case.outcome],
        "rawStatus": case.outcome.value,
        "duration": _milliseconds(case.seconds),
        "suite": [case.suite],
    }
    if case.message:
        found["message"] = case.message
    if case.text and case.outcome.is_red:
        found["trace"] = case.text
    return found


def _classes(names: list[str]) -> list[str]:
    """The classes around a test. Parameters may have colons in them, names have none."""
    found: list[str] = []
    for name in names[:-1]:
        if "[" in name:
            break
        found.append(name)
    return found


def _captured(sections: Iterable[Section], stream: str) -> list[str]:
    """The lines of "Captured stdout call" and so on."""
    texts = [one.text for one in sections if stream in one.heading.split()]
    return [line for text in texts for line in text.splitlines()]


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
