"""The text of a failure as pytest has it: evidence added to it, and left out of its summary."""

from __future__ import annotations

import pytest
from _pytest._code.code import ExceptionRepr

from pytest_kubeflow.errors import KubeflowError

_HEADING = "Kubeflow run"


def add_text(report: pytest.TestReport, text: str) -> None:
    """Add to the failure itself: of sections JUnit XML takes captured output alone."""
    if not text:
        return
    if isinstance(report.longrepr, ExceptionRepr):
        report.longrepr.addsection(_HEADING, text)
    elif isinstance(report.longrepr, str):
        report.longrepr = f"{report.longrepr}\n--- {_HEADING}\n{text}"
    else:
        report.sections.append((_HEADING, text))


def shorten_summary(call: pytest.CallInfo[None], report: pytest.TestReport) -> None:
    """Leave evidence out of the line of pytest's short summary.

    It has the first line of a message; in a CI system, or with -vv, all lines of it.
    """
    error = call.excinfo.value if call.excinfo is not None else None
    crash = getattr(report.longrepr, "reprcrash", None)
    if crash is not None and isinstance(error, KubeflowError) and error.evidence is not None:
        crash.message = crash.message.removesuffix(f"\n{error.evidence.shown()}")
