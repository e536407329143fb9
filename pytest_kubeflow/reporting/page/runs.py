"""RunView: one run with its picture, its tasks on an axis of time, and what they gave."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_kubeflow.reporting.page.budget import Budget, Excerpt
from pytest_kubeflow.reporting.page.links import Links
from pytest_kubeflow.reporting.page.marks import Mark, run_mark
from pytest_kubeflow.reporting.page.nesting import Nesting
from pytest_kubeflow.reporting.page.picture import Picture, picture
from pytest_kubeflow.reporting.page.picture import key as task_key
from pytest_kubeflow.reporting.page.timeline import Axis, Bar, task_bars
from pytest_kubeflow.reporting.page.visible import short, visible
from pytest_kubeflow.reporting.page.wording import count, duration, moment
from pytest_kubeflow.reporting.records.excerpts import as_text
from pytest_kubeflow.reporting.records.runs import RunRecord, TaskEntry
from pytest_kubeflow.reporting.records.tests import TestRecord

_TICKS = 5
_VALUES = 24
_RED = {"value": 1_500, "error": 4_000, "log": 12_000}
_PHASES = {"waiting for a node": "waiting"}
_GREEN = {"value": 240, "error": 400, "log": 400}


@dataclass(frozen=True, slots=True)
class Value:
    """A parameter, or an artifact, by its name."""

    name: str
    text: Excerpt


@dataclass(frozen=True, slots=True)
class TaskView:
    """One row: `indent` is the number of DAGs around the task."""

    name: str
    indent: int
    mark: Mark
    is_dag: bool
    is_cached: bool
    took: str
    phases: str
    bars: tuple[Bar, ...]
    outputs: tuple[Value, ...]
    artifacts: tuple[Value, ...]
    error: Excerpt
    log: Excerpt


@dataclass(frozen=True, slots=True)
class RunView:
    """A run. `tests` are the anchors and names of the tests that asked for it."""

    anchor: str
    name: str
    run_id: str
    namespace: str
    mark: Mark
    is_red: bool
    is_open: bool
    is_lazy: bool
    when: str
    took: str
    url: str
    dead_url: str
    picture: Picture | None
    axis: Axis
    tasks: tuple[TaskView, ...]
    count: int
    left_out: int
    outputs: tuple[Value, ...]
    gaps: tuple[str, ...]
    tests: tuple[tuple[str, str], ...]

    @property
    def summary(self) -> str:
        """What stands beside its name."""
        parts = [count(self.count, "task") if self.count else "", self.took]
        return " · ".join(part for part in parts if part)


class RunViews:
    """Makes the views of runs: those of red tests first, while there is room for rows."""

    def __init__(self, links: Links, budget: Budget, *, rows: int) -> None:
        self._links = links
        self._budget = budget
        self._rows = rows
        self.left_out = 0
        """Tasks that have no row for lack of room."""

    def of(
        self,
        run: RunRecord,
        anchor: str,
        tests: Sequence[tuple[str, str]],
        *,
        is_red: bool,
        is_open: bool,
        is_lazy: bool,
        is_wanted: bool = False,
    ) -> RunView:
        """The view of one run.

        `is_wanted`: all of its tests passed, so that it ended as they want, also if it failed.
        `is_open`: it is unfolded from the beginning; `is_lazy`: the browser makes something of
        what is folded only when somebody unfolds it.
        """
        limits = _RED if is_red else _GREEN
        axis = Axis.of(
            run.started if run.started is not None else 0.0,
            run.ended if run.ended is not None else 0.0,
            _TICKS,
        )
        shown = run.tasks[: max(0, self._rows)]
        self._rows -= len(shown)
        self.left_out += len(run.tasks) - len(shown)
        link = self._links.run(run)
        return RunView(
            anchor=anchor,
            name=short(run.name, 120) or "(no name)",
            run_id=short(run.run_id, 80),
            namespace=short(run.namespace, 80),
            mark=run_mark(run.state, is_wanted=is_wanted),
            is_red=is_red,
            is_open=is_open,
            is_lazy=is_lazy,
            when=moment(run.started),
            took=duration(run.seconds),
            url=link,
            dead_url="" if link else short(run.url, 240),
            picture=picture(shown),
            axis=axis,
            tasks=tuple(
                self._task(shown[index], depth, axis, limits)
                for index, depth in Nesting(shown).rows()
            ),
            count=len(run.tasks) + run.left_out,
            left_out=len(run.tasks) - len(shown) + run.left_out,
            outputs=self._values(run.outputs, limits),
            gaps=tuple(short(gap, 600) for gap in run.gaps),
            tests=tuple(tests),
        )

    def _task(self, task: TaskEntry, depth: int, axis: Axis, limits: Mapping[str, int]) -> TaskView:
        mark = run_mark(task.state)
        return TaskView(
            name=short(task_key(task), 160),
            indent=min(4, depth),
            mark=mark,
            is_dag=task.is_dag,
            is_cached=task.is_cached,
            took=duration(task.seconds),
            phases=" · ".join(_phases(task)),
            bars=task_bars(axis, task, mark.kind),
            outputs=self._values(task.outputs, limits),
            artifacts=self._values(task.artifacts, limits),
            error=self._budget.take(task.error, limits["error"]),
            log=self._budget.take(task.log, limits["log"]),
        )

    def _values(self, values: Mapping[str, Any], limits: Mapping[str, int]) -> tuple[Value, ...]:
        shown = [
            Value(short(name, 80), self._budget.take(visible(as_text(value)), limits["value"]))
            for name, value in list(values.items())[:_VALUES]
        ]
        if len(values) > _VALUES:
            shown.append(Value("…", Excerpt(f"{len(values) - _VALUES} more")))
        return tuple(shown)


def _phases(task: TaskEntry) -> Iterator[str]:
    """How long each phase took that can be seen; no line ends within one."""
    for phase in task.phases[:6]:
        seconds = phase.ended - phase.started
        if seconds >= 0.05:
            message = f"{short(_PHASES.get(phase.name, phase.name), 40)} {duration(seconds)}"
            yield message.replace(" ", "\N{NO-BREAK SPACE}")


def runs_of(tests: Iterable[TestRecord]) -> dict[str, RunRecord]:
    """All runs by their key; the fullest record of one that several tests shared."""
    found: dict[str, RunRecord] = {}
    for test in tests:
        for run in test.runs:
            known = found.get(key(run))
            if known is None or len(run.tasks) > len(known.tasks):
                found[key(run)] = run
    return found


def key(run: RunRecord) -> str:
    """What makes two records those of one run."""
    return run.run_id or f"{run.namespace}/{run.name}"
