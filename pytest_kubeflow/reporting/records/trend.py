"""Trend: what earlier sessions on the same cluster say of this one."""

from __future__ import annotations

from dataclasses import dataclass, field

from pytest_kubeflow.load.summary import LoadSummary
from pytest_kubeflow.reporting.records.session import State


@dataclass(frozen=True, slots=True)
class Night:
    """One earlier session, or this one. Times are seconds, `started` since the epoch."""

    session: str
    started: float
    seconds: float
    state: State
    passed: int
    failed: int
    not_run: int


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a test took, against its usual range; all in seconds."""

    nodeid: str
    seconds: float
    low: float
    high: float

    @property
    def ratio(self) -> float:
        """How many times its usual longest."""
        return self.seconds / self.high if self.high else 1.0


@dataclass(frozen=True, slots=True)
class Trend:
    """The last sessions, oldest first, this one last.

    `red_since` is when the first of the unbroken line of red sessions that ends here began;
    `flaky` tells of tests that both passed and failed lately which share of them failed; `slow`
    lists tests that took longer than usual; `loads` has for each load of this session the last one
    of as many runs, by that number.
    """

    nights: tuple[Night, ...] = ()
    red_since: float | None = None
    flaky: dict[str, float] = field(default_factory=dict)
    slow: tuple[Pace, ...] = ()
    loads: dict[int, LoadSummary] = field(default_factory=dict)


NO_TREND = Trend()
"""Where no earlier session is known."""
