"""ExperimentView: an experiment with the curve of its trials and a table of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pytest_kubeflow.reporting.page.marks import Mark
from pytest_kubeflow.reporting.page.visible import short
from pytest_kubeflow.reporting.page.wording import count, duration
from pytest_kubeflow.reporting.records.experiments import ExperimentRecord, TrialEntry
from pytest_kubeflow.reporting.records.tests import Outcome, TestRecord

_WIDTH, _HEIGHT = 640.0, 170.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 64.0, 14.0, 14.0, 26.0
_ROWS = 60
_MOST = 200
_SHOWN = 20
_MARKS = {
    "Succeeded": Mark("ok", "check", "succeeded"),
    "Failed": Mark("bad", "cross", "failed"),
    "MetricsUnavailable": Mark("bad", "alert", "metrics unavailable"),
    "EarlyStopped": Mark("warn", "stop", "stopped early"),
    "Killed": Mark("warn", "stop", "killed"),
    "Running": Mark("busy", "play", "running"),
    "Pending": Mark("busy", "wait", "pending"),
}


@dataclass(frozen=True, slots=True)
class Dot:
    """The value of one trial, in pixels of the curve."""

    x: float
    y: float
    mark: Mark
    is_best: bool
    message: str


@dataclass(frozen=True, slots=True)
class Curve:
    """Values of the objective by trial, in the order of their beginning.

    `best` is the path of the best value so far, `goal` the height of the goal if it is on the
    picture, `ticks` heights with their numbers.
    """

    width: int
    height: int
    dots: tuple[Dot, ...]
    best: str
    goal: float | None
    ticks: tuple[tuple[float, str], ...]
    left: float
    right: float
    described: str


@dataclass(frozen=True, slots=True)
class TrialRow:
    """One line of the table."""

    name: str
    mark: Mark
    is_best: bool
    values: tuple[str, ...]
    metrics: tuple[str, ...]
    took: str
    reason: str


@dataclass(frozen=True, slots=True)
class ExperimentView:
    """An experiment. `tests` are the anchors and names of the tests that asked for it."""

    anchor: str
    name: str
    namespace: str
    mark: Mark
    is_open: bool
    summary: str
    reason: str
    curve: Curve | None
    parameters: tuple[str, ...]
    metrics: tuple[str, ...]
    trials: tuple[TrialRow, ...]
    left_out: int
    gaps: tuple[str, ...]
    tests: tuple[tuple[str, str], ...]


def experiment_views(
    tests: Sequence[TestRecord], anchors: Mapping[str, str]
) -> tuple[ExperimentView, ...]:
    """Those of these tests, each once, the ones of red tests first."""
    found: dict[str, ExperimentRecord] = {}
    asked: dict[str, list[TestRecord]] = {}
    for test in tests:
        for one in test.experiments:
            key = f"{one.namespace}/{one.name}"
            known = found.get(key)
            if known is None or (one.is_over and not known.is_over):
                found[key] = one
            if test not in asked.setdefault(key, []):
                asked[key].append(test)

    def is_red(key: str) -> bool:
        return any(test.outcome.is_red for test in asked[key])

    views: list[ExperimentView] = []
    for key in sorted(found, key=lambda key: not is_red(key))[:_SHOWN]:
        links = [
            (anchors[test.nodeid], short(test.nodeid.rpartition("/")[2], 120))
            for test in asked[key]
            if test.nodeid in anchors
        ]
        wanted = all(test.outcome is Outcome.PASSED for test in asked[key])
        anchor = f"experiment-{len(views) + 1}"
        views.append(_view(found[key], anchor, links, is_red=is_red(key), is_wanted=wanted))
    return tuple(views)


def _view(
    record: ExperimentRecord,
    anchor: str,
    links: Iterable[tuple[str, str]],
    *,
    is_red: bool,
    is_wanted: bool,
) -> ExperimentView:
    mark = _MARKS.get(record.state) or Mark("off", "dash", record.state.lower() or "unknown")
    if is_wanted and mark.kind == "bad":
        mark = Mark("ok", "check", f"{mark.word}, as its test wants")
    shown = record.trials[:_ROWS]
    parameters = tuple(dict.fromkeys(name for one in shown for name in one.values))
    metrics = tuple(dict.fromkeys(name for one in shown for name in one.metrics))
    # The objective's first.
    metrics = tuple(sorted(metrics, key=lambda name: name != record.metric))
    total = len(record.trials) + record.left_out
    parts = [record.algorithm, count(total, "trial"), _best_told(record)]
    return ExperimentView(
        anchor=anchor,
        name=short(record.name, 120),
        namespace=short(record.namespace, 80),
        mark=mark,
        is_open=is_red or len(record.trials) > 1,
        summary=" · ".join(part for part in parts if part),
        reason=short(record.reason, 300),
        curve=curve(record),
        parameters=tuple(short(name, 40) for name in parameters),
        metrics=tuple(short(name, 40) for name in metrics),
        trials=tuple(_row(one, record.best, parameters, metrics) for one in shown),
        left_out=total - len(shown),
        gaps=tuple(short(gap, 600) for gap in record.gaps),
        tests=tuple(links),
    )


def _best_told(record: ExperimentRecord) -> str:
    best = next((one for one in record.trials if one.name == record.best), None)
    value = best.metrics.get(record.metric) if best is not None else None
    return f"best {short(record.metric, 40)} {_number(value)}" if value is not None else ""


def _row(
    trial: TrialEntry, best: str, parameters: Sequence[str], metrics: Sequence[str]
) -> TrialRow:
    took = None
    if trial.started is not None and trial.ended is not None:
        took = trial.ended - trial.started
    return TrialRow(
        name=short(trial.name, 80),
        mark=_mark(trial),
        is_best=trial.name == best,
        values=tuple(short(trial.values.get(name, ""), 60) for name in parameters),
        metrics=tuple(_number(trial.metrics.get(name)) for name in metrics),
        took=duration(took),
        reason=short(trial.reason, 300),
    )


def _mark(trial: TrialEntry) -> Mark:
    return _MARKS.get(trial.state) or Mark("off", "dash", trial.state.lower() or "unknown")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"


def curve(record: ExperimentRecord) -> Curve | None:
    """The values of the objective, the best so far, and the goal; none without two values."""
    points = [
        (at, trial, value)
        for at, trial in enumerate(record.trials[:_MOST])
        if (value := trial.metrics.get(record.metric)) is not None and math.isfinite(value)
    ]
    if len(points) < 2:
        return None
    values = [value for _, _, value in points]
    low, high = min(values), max(values)
    near = record.goal is not None and low - (high - low) <= record.goal <= high + (high - low)
    if near and record.goal is not None:
        low, high = min(low, record.goal), max(high, record.goal)
    spread = (high - low) or abs(high) or 1.0
    if not math.isfinite(2 * spread):
        return None
    low, high = low - 0.06 * spread, high + 0.06 * spread
    last = max(1, min(len(record.trials), _MOST) - 1)

    def x_of(at: int) -> float:
        return round(_LEFT + (_WIDTH - _LEFT - _RIGHT) * at / last, 1)

    def y_of(value: float) -> float:
        return round(_TOP + (_HEIGHT - _TOP - _BOTTOM) * (high - value) / (high - low), 1)

    better = max if record.maximizes else min
    steps: list[str] = []
    so_far = points[0][2]
    for at, _, value in points:
        so_far = better(so_far, value)
        steps.append(f"{'L' if steps else 'M'}{x_of(at)} {y_of(so_far)}")
    ticks = [low + 0.06 * (high - low), (low + high) / 2, high - 0.06 * (high - low)]
    return Curve(
        width=round(_WIDTH),
        height=round(_HEIGHT),
        dots=tuple(
            Dot(
                x_of(at),
                y_of(value),
                _mark(trial),
                trial.name == record.best,
                f"{short(trial.name, 80)}: {short(record.metric, 40)} {_number(value)}, "
                + ", ".join(
                    f"{short(name, 40)} {short(text, 40)}" for name, text in trial.values.items()
                ),
            )
            for at, trial, value in points
        ),
        best="".join(steps),
        goal=y_of(record.goal) if near and record.goal is not None else None,
        ticks=tuple((y_of(tick), f"{tick:.3g}") for tick in ticks),
        left=_LEFT,
        right=_WIDTH - _RIGHT,
        described=f"{short(record.metric, 40)} of {count(len(points), 'trial')}, in the order of "
        f"their beginning: from {_number(values[0])} to {_number(values[-1])}, best "
        f"{_number(better(values))}; the table below has the same.",
    )
