"""Checks: functions of a snapshot that give findings, a module for each group of faults."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pytest_kubeflow.platform.checks.storage import check_storage
from pytest_kubeflow.platform.finding import Finding
from pytest_kubeflow.platform.snapshot import Snapshot

Check = Callable[[Snapshot], Iterable[Finding]]

CHECKS: dict[str, Check] = {
    "storage": check_storage,
}
"""By the name of the part of the platform that each looks at."""
