"""Nesting: which DAG is around each task of a run, and which tasks of one DAG wait for which."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

from pytest_kubeflow.reporting.page.ranking import Edge
from pytest_kubeflow.reporting.records.runs import TaskEntry

_NUMBER = re.compile(r"\[\d+\]$")
"""What tells the iterations of a loop apart."""


class Nesting:
    """Tasks by the DAG around them, as their places in a list; what is around all is None.

    `children` are in the order of the tasks, `edges` those between the children of one DAG.
    """

    def __init__(self, tasks: Sequence[TaskEntry]) -> None:
        self._tasks = tasks
        by_name: dict[str, list[int]] = defaultdict(list)
        for index, task in enumerate(tasks):
            by_name[task.name].append(index)
        self._parents = self._parents_of(by_name)
        self.children: dict[int | None, list[int]] = defaultdict(list)
        for index, parent in enumerate(self._parents):
            self.children[parent].append(index)
        self.edges: dict[int | None, list[Edge]] = defaultdict(list)
        for index, task in enumerate(tasks):
            for name in task.after:
                for start in by_name.get(name) or by_name.get(f"{task.within}/{name}", []):
                    self._connect(start, index)

    def _parents_of(self, by_name: dict[str, list[int]]) -> list[int | None]:
        """Who is around each task; nobody where names lead nowhere, or in a circle."""
        parents: list[int | None] = []
        for index, task in enumerate(self._tasks):
            around = self._around(task, by_name)
            parents.append(around if around != index else None)
        for index in range(len(parents)):
            seen, at = {index}, parents[index]
            while at is not None:
                if at in seen:
                    parents[index] = None
                    break
                seen.add(at)
                at = parents[at]
        return parents

    def _around(self, task: TaskEntry, by_name: Mapping[str, list[int]]) -> int | None:
        """The DAG around a task; that of an iteration is its loop, whose name it has."""
        for loop in by_name.get(_NUMBER.sub("", task.name), []):
            if self._tasks[loop].is_dag and self._tasks[loop].name != task.name:
                return loop
        within = task.within
        while within and within not in by_name:
            within = within.rpartition("/")[0]
        return by_name[within][0] if within else None

    def rows(self) -> list[tuple[int, int]]:
        """All tasks, each below the DAG around it, and how deep each of them is."""
        found: list[tuple[int, int]] = []
        rest = [(index, 0) for index in reversed(self.children[None])]
        while rest:
            index, depth = rest.pop()
            found.append((index, depth))
            rest += [(child, depth + 1) for child in reversed(self.children[index])]
        return found

    def _line(self, index: int) -> list[int]:
        """A task and those around it, outermost first."""
        line = [index]
        while (around := self._parents[line[-1]]) is not None:
            line.append(around)
        return line[::-1]

    def _connect(self, start: int, end: int) -> None:
        around: int | None = None
        for one, other in zip(self._line(start), self._line(end), strict=False):
            if one != other:
                self.edges[around].append((one, other))
                return
            around = one
