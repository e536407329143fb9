"""Picture: the graph of a run. Nested DAGs are groups, each laid out by itself.

Tasks of KFP wait for tasks of their own DAG only, so no edge crosses a group's border. Where a
record has one that does, it is drawn between the groups around its ends.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pytest_kubeflow.reporting.page.layered import Point, arrange
from pytest_kubeflow.reporting.page.marks import Mark, run_mark
from pytest_kubeflow.reporting.page.nesting import Nesting
from pytest_kubeflow.reporting.page.ranking import Edge
from pytest_kubeflow.reporting.page.visible import short
from pytest_kubeflow.reporting.page.wording import count, duration
from pytest_kubeflow.reporting.records.runs import TaskEntry

_NODE = (184.0, 48.0)
_HEAD, _PAD = 30.0, 14.0
_WIDE = 880.0
"""What a desktop shows without scrolling."""

_MOST = 150
_LABEL = 21


@dataclass(frozen=True, slots=True)
class Box:
    """A task, or a group of them."""

    x: float
    y: float
    width: float
    height: float
    label: str
    name: str
    note: str
    mark: Mark
    is_group: bool = False
    is_cached: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """Boxes, groups before what is in them, and edges as paths of SVG, in pixels."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    edges: tuple[str, ...]
    described: str
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class _Drawn:
    """One DAG, its upper left corner at the origin. Edges are points."""

    size: Point
    boxes: tuple[Box, ...] = ()
    edges: tuple[tuple[Point, ...], ...] = ()


def picture(tasks: Sequence[TaskEntry]) -> Picture | None:
    """The graph of these tasks; none if there is nothing to see in it."""
    shown = tasks[:_MOST]
    if not shown:
        return None
    drawing = _Drawing(shown)
    drawn = drawing.draw(down=False)
    down = False
    if drawn.size[0] > _WIDE:
        upright = drawing.draw(down=True)
        if upright.size[0] < drawn.size[0]:
            drawn, down = upright, True
    return Picture(
        width=round(drawn.size[0]) + 8,
        height=round(drawn.size[1]) + 8,
        boxes=tuple(replace(box, x=box.x + 4, y=box.y + 4) for box in drawn.boxes),
        edges=tuple(path_of([(x + 4, y + 4) for x, y in edge], down) for edge in drawn.edges),
        described=f"Graph of {count(len(shown), 'task')}: "
        + short(", ".join(f"{task.name} {run_mark(task.state).word}" for task in shown), 1_000),
        left_out=len(tasks) - len(shown),
    )


class _Drawing:
    """Draws the DAGs of a run, inner ones first."""

    def __init__(self, tasks: Sequence[TaskEntry]) -> None:
        self._tasks = tasks
        self._nesting = Nesting(tasks)

    def draw(self, *, down: bool) -> _Drawn:
        """The whole of it, from left to right, or down."""
        return self._dag(None, down)

    def _dag(self, around: int | None, down: bool) -> _Drawn:
        members = self._nesting.children[around]
        drawn = [self._one(member, down) for member in members]
        index = {member: at for at, member in enumerate(members)}
        edges = [(index[start], index[end]) for start, end in self._nesting.edges[around]]
        tied = {end for edge in edges for end in edge}
        loose = [at for at in range(len(members)) if at not in tied]
        places, routes, size = self._tied(drawn, sorted(tied), edges, down)
        for at, place in _rows([drawn[at].size for at in loose], below=size[1]).items():
            places[loose[at]] = place
            width, height = drawn[loose[at]].size
            size = (max(size[0], place[0] + width), max(size[1], place[1] + height))
        boxes: list[Box] = []
        lines = list(routes)
        for at, one in enumerate(drawn):
            x, y = places[at]
            boxes += (replace(box, x=box.x + x, y=box.y + y) for box in one.boxes)
            lines += (tuple((a + x, b + y) for a, b in edge) for edge in one.edges)
        return _Drawn(size, tuple(boxes), tuple(lines))

    @staticmethod
    def _tied(
        drawn: list[_Drawn], tied: list[int], edges: list[Edge], down: bool
    ) -> tuple[dict[int, Point], list[tuple[Point, ...]], Point]:
        turn = _turned if down else _same
        index = {member: at for at, member in enumerate(tied)}
        done = arrange(
            [turn(drawn[at].size) for at in tied],
            [(index[start], index[end]) for start, end in edges],
            between=34 if down else 52,
        )
        places = {at: turn(place) for at, place in zip(tied, done.places, strict=True)}
        return places, [tuple(map(turn, way)) for way in done.routes.values()], turn(done.size)

    def _one(self, index: int, down: bool) -> _Drawn:
        task = self._tasks[index]
        box = Box(
            0,
            0,
            *_NODE,
            label=fitting(key(task), _LABEL),
            name=task.name,
            note=_note(task),
            mark=run_mark(task.state),
            is_cached=task.is_cached,
        )
        if not self._nesting.children[index]:
            return _Drawn(_NODE, (box,))
        inner = self._dag(index, down)
        width = max(inner.size[0] + 2 * _PAD, _NODE[0] + 2 * _PAD)
        height = inner.size[1] + _HEAD + _PAD
        shift = (width - inner.size[0]) / 2
        group = replace(box, width=width, height=height, is_group=True)
        return _Drawn(
            (width, height),
            (group, *(replace(b, x=b.x + shift, y=b.y + _HEAD) for b in inner.boxes)),
            tuple(tuple((x + shift, y + _HEAD) for x, y in edge) for edge in inner.edges),
        )


def _rows(sizes: list[Point], *, below: float) -> dict[int, Point]:
    """Places for boxes that nothing connects: in rows, as wide as a few of them."""
    places: dict[int, Point] = {}
    x, y, height = 0.0, below + (18 if below and sizes else 0), 0.0
    for at, (width, tall) in enumerate(sizes):
        if x and x + width > _WIDE * 0.8:
            x, y, height = 0.0, y + height + 18, 0.0
        places[at] = (x, y)
        x, height = x + width + 18, max(height, tall)
    return places


def key(task: TaskEntry) -> str:
    """A task's name within the DAG around it."""
    return task.name.removeprefix(f"{task.within}/") if task.within else task.name


def _note(task: TaskEntry) -> str:
    words = [run_mark(task.state).word]
    if task.is_cached:
        words = ["cached"]
    elif task.seconds is not None:
        words.append(duration(task.seconds))
    return " · ".join(words)


def fitting(text: str, room: int) -> str:
    """The beginning of a text that fits, counting what is written wide as two."""
    taken = 0
    for at, character in enumerate(text):
        taken += 2 if unicodedata.east_asian_width(character) in "WF" else 1
        if taken > room:
            return f"{text[: at - 1]}…"
    return text


def path_of(points: list[Point], down: bool) -> str:
    """A curve through the points, which leaves and enters along the layers' direction."""
    (x, y), *rest = points
    steps = [f"M{_n(x)} {_n(y)}"]
    for a, b in rest:
        if (a == x) if down else (b == y):
            steps.append(f"L{_n(a)} {_n(b)}")
        elif down:
            middle = (y + b) / 2
            steps.append(f"C{_n(x)} {_n(middle)} {_n(a)} {_n(middle)} {_n(a)} {_n(b)}")
        else:
            middle = (x + a) / 2
            steps.append(f"C{_n(middle)} {_n(y)} {_n(middle)} {_n(b)} {_n(a)} {_n(b)}")
        x, y = a, b
    return "".join(steps)


def _n(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")


def _turned(point: Point) -> Point:
    return (point[1], point[0])


def _same(point: Point) -> Point:
    return point
