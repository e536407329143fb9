"""Health as plain data, for a document of JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pytest_kubeflow.platform.finding import Finding
from pytest_kubeflow.platform.health import Health

SCHEMA = 1
"""The version of the document. Fields may be added without a new one, never removed or changed."""


def document_of(
    health: Health, *, cluster: str = "", redact: Callable[[str], str] = str
) -> dict[str, Any]:
    """The whole of it, as plain data without secrets.

    `cluster` says which one it is of.
    """
    snapshot = health.snapshot
    return {
        "schema": SCHEMA,
        "cluster": cluster,
        "kubernetes": snapshot.server_version,
        "taken": snapshot.taken.isoformat(),
        "requests": snapshot.requests + snapshot.observed.requests,
        "whole": health.whole,
        "verdict": health.verdict,
        "gateway": redact(health.lacking),
        "findings": [_finding(one, redact) for one in health.findings],
        "unseen": [{"what": one.what, "why": redact(one.why)} for one in health.unseen],
    }


def _finding(finding: Finding, redact: Callable[[str], str]) -> dict[str, Any]:
    return {
        "code": finding.code,
        "name": finding.fault.name,
        "severity": finding.severity.value,
        "component": finding.component,
        "sentence": redact(finding.sentence),
        "fix": redact(finding.fix),
        "evidence": [redact(line) for line in finding.evidence],
        "objects": list(finding.objects),
        "source": finding.fault.source,
    }
