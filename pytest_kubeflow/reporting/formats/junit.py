"""What JUnit XML says of a session, beside what pytest writes into it: properties by name.

pytest makes the file (`--junit-xml`). docs/reference/reports.md lists the names.
"""

from __future__ import annotations

from collections.abc import Iterator

from pytest_kubeflow.reporting.records.session import Cause, SessionRecord
from pytest_kubeflow.reporting.records.tests import KNOWN, TestRecord
from pytest_kubeflow.reporting.records.trend import NO_TREND, Trend

_ROWS = 100


def session_properties(record: SessionRecord, trend: Trend = NO_TREND) -> Iterator[tuple[str, str]]:
    """Names and values for the suite. What is empty is left out; a name may come more than once."""
    verdict = record.verdict
    found = {
        "kubeflow.session": record.session,
        "kubeflow.gateway": record.gateway,
        "kubeflow.target": record.target,
        "kubeflow.user": record.user,
        "kubeflow.verdict": verdict.state.value,
        "kubeflow.verdict.sentence": verdict.sentence,
        "kubeflow.ended_by": record.ended_by,
    }
    yield from ((name, value) for name, value in found.items() if value)
    for component in verdict.components[:_ROWS]:
        yield f"kubeflow.component.{component.name}", component.state.value
    for name, version in record.versions.items():
        yield f"kubeflow.version.{name}", version
    for name, fact in record.facts.items():
        yield f"kubeflow.fact.{name}", fact
    for problem in record.problems:
        yield "kubeflow.problem", problem
    for cause in record.causes[:_ROWS]:
        yield "kubeflow.cause", _sentence(cause)
    for reason in record.not_run[:_ROWS]:
        yield "kubeflow.not_run", f"{reason.count}: {reason.reason}"
    known = [test for test in record.tests if test.cause == KNOWN]
    for test in known[:_ROWS]:
        yield "kubeflow.known", f"{test.nodeid}: {test.sentence}"
    for one in record.left[:_ROWS]:
        yield "kubeflow.left", f"{one.kind} {one.name}{' (kept)' if one.kept else ''}"
    for kind, count in record.made.items():
        yield f"kubeflow.made.{kind}", str(count)
    if trend.red_since is not None:
        yield "kubeflow.red_since", f"{trend.red_since:.0f}"
    for pace in trend.slow[:_ROWS]:
        yield "kubeflow.slow", f"{pace.nodeid}: {pace.ratio:.1f} times its usual longest"


def case_properties(test: TestRecord, cause: Cause | None) -> Iterator[tuple[str, str]]:
    """Names and values for the case of a test; `cause` is that of a red one."""
    found = {
        "kubeflow.component": test.component,
        "kubeflow.sentence": test.sentence if test.outcome.is_red else "",
        "kubeflow.cause": _sentence(cause) if cause else "",
        "kubeflow.fix": cause.fix if cause else "",
        "kubeflow.reruns": str(test.reruns) if test.reruns else "",
    }
    yield from ((name, value) for name, value in found.items() if value)


def _sentence(cause: Cause) -> str:
    return f"{cause.code}: {cause.sentence}" if cause.code else cause.sentence
