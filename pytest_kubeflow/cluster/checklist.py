"""Checklist: what was checked of a cluster, one Finding a check, in the order of the checks."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum

from pytest_kubeflow.errors import KubeflowError


class State(Enum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    """Tests can begin, but some of them will not find what they need."""

    FAILED = "failed"
    NOT_CHECKED = "not checked"
    """What it builds on has failed, or it was not asked for."""


@dataclass(slots=True)
class Finding:
    """One check and its outcome."""

    check: str
    state: State = State.NOT_CHECKED
    message: str = ""
    """What was found, on one line."""

    fix: str = ""
    """What to apply or to run to mend it, of several lines perhaps; empty where `message` does."""

    seconds: float = 0.0

    def warn(self, message: str, *, fix: str = "") -> None:
        """It is not as it should be, and yet no reason to end here."""
        self.state, self.message, self.fix = State.WARNING, message, fix


class Checklist:
    """The findings of named checks. Safe for several threads, each with checks of its own."""

    def __init__(self) -> None:
        self._findings: dict[str, Finding] = {}

    def expect(self, *checks: str) -> None:
        """Name checks that are to come, in the order in which they are shown."""
        for check in checks:
            self._findings.setdefault(check, Finding(check))

    def skip(self, check: str, why: str) -> None:
        """Leave one out, and say why."""
        self._findings[check] = Finding(check, message=why)

    @property
    def findings(self) -> list[Finding]:
        """All of them."""
        return list(self._findings.values())

    @property
    def failed(self) -> Finding | None:
        """The first that failed."""
        return next((one for one in self.findings if one.state is State.FAILED), None)

    @contextmanager
    def check(self, name: str) -> Iterator[Finding]:
        """Do one check inside. A KubeflowError makes it a failed one, and passes through."""
        finding = self._findings.setdefault(name, Finding(name))
        finding.state = State.OK
        began = time.monotonic()
        try:
            yield finding
        except KubeflowError as error:
            finding.state, finding.message = State.FAILED, error.message
            raise
        finally:
            finding.seconds = time.monotonic() - began
