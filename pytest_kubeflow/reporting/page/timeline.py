"""Bars on a common axis of time. Lengths are thousandths of the axis."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from pytest_kubeflow.reporting.records.runs import TaskEntry

_STEPS = (
    *(base * ten for ten in (0.1, 1) for base in (1, 2, 5)),
    *(10, 15, 20, 30, 60, 120, 180, 300, 600, 900, 1_200, 1_800),
    *(3_600 * hours for hours in (1, 2, 3, 4, 6, 12, 24, 48, 96, 168, 720, 8_760)),
)
_UNITS = ((3_600, "h"), (60, "min"))

PHASES = {"waiting for a node": "waiting", "starting": "starting", "running": "running"}
"""How phases of pods are called in the style sheet."""

Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Bar:
    """From `x`, `width` long; `kind` names its colour."""

    x: float
    width: float
    kind: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Axis:
    """Begins at `start` and is a few whole steps long, each of which is labelled."""

    start: float
    length: float
    labels: tuple[str, ...]

    @classmethod
    def of(cls, start: float, end: float, ticks: int) -> Axis:
        """The one that holds everything from `start` to `end`, in at most so many steps."""
        span = end - start
        if not (math.isfinite(span) and span > 0):
            return cls(start if math.isfinite(start) else 0.0, 1.0, ("0 s",))
        step = next((step for step in _STEPS if step * ticks >= span), span)
        ticks = max(1, math.ceil(span / step - 1e-9))
        unit, name = next(((u, n) for u, n in _UNITS if step >= u), (1, "s"))
        labels = (f"{step * tick / unit:.10g} {name}" for tick in range(ticks))
        return cls(start, step * ticks, tuple(labels))

    def bar(self, start: float, end: float, kind: str, title: str = "") -> Bar:
        """What lasted from `start` to `end`; it can be seen however short it was."""
        left, right = self._at(start), self._at(end)
        width = max(right - left, 4.0)
        return Bar(round(min(left, 1000 - width), 1), round(width, 1), kind, title)

    def _at(self, time: float) -> float:
        at = (time - self.start) / self.length * 1000
        return min(1000.0, max(0.0, at)) if math.isfinite(at) else 0.0


def task_bars(axis: Axis, task: TaskEntry, kind: str) -> tuple[Bar, ...]:
    """The phases of a task's pod, or its whole time where they are not known."""
    if task.phases and not task.is_dag:
        return tuple(
            axis.bar(phase.started, phase.ended, _colour(phase.name, kind), phase.name)
            for phase in task.phases
            if phase.ended > phase.started or phase.name == "running"
        )
    if task.started is None or task.ended is None:
        return ()
    return (axis.bar(task.started, task.ended, "around" if task.is_dag else kind),)


def run_bars(axis: Axis, tasks: Iterable[TaskEntry], kind: str) -> tuple[Bar, ...]:
    """A run on the session's axis: when any of its tasks waited, pulled, ran."""
    spans: dict[str, list[Span]] = {}
    whole: list[Span] = []
    for task in tasks:
        if task.started is not None and task.ended is not None:
            whole.append((task.started, task.ended))
        if not task.is_dag:
            for phase in task.phases:
                spans.setdefault(phase.name, []).append((phase.started, phase.ended))
    if not whole:
        return ()
    bars = [
        axis.bar(min(start for start, _ in whole), max(end for _, end in whole), f"{kind} pale")
        if spans
        else axis.bar(min(start for start, _ in whole), max(end for _, end in whole), kind)
    ]
    for name in PHASES:
        bars += (
            axis.bar(start, end, _colour(name, kind)) for start, end in union(spans.get(name, []))
        )
    return tuple(bars)


def union(spans: Iterable[Span]) -> list[Span]:
    """The time that any of the spans covers, in pieces that do not touch."""
    pieces: list[Span] = []
    for start, end in sorted(spans):
        if pieces and start <= pieces[-1][1]:
            pieces[-1] = (pieces[-1][0], max(end, pieces[-1][1]))
        else:
            pieces.append((start, end))
    return pieces


def _colour(phase: str, kind: str) -> str:
    named = PHASES.get(phase, "other")
    return kind if named == "running" else named
