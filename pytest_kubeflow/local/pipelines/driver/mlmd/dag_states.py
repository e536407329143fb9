"""The states of a run's DAGs in ML Metadata, which only launchers keep up.

A launcher that has told how its task ended looks at the DAG around it, and moves it on if that was
the last task, or a failure; then the DAG around that one. What drivers alone bring to an end (tasks
out of the cache, branches not taken, importers, claims) makes nobody look: a DAG that ends with one
of those stays RUNNING, as does always the run's own.
Source: kubeflow/pipelines backend/src/v2/metadata/client.go, UpdateDAGExecutionsState.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from pytest_kubeflow.local.metadata import MetadataStore

_DONE = ("COMPLETE", "CACHED", "CANCELED")


@dataclass(slots=True)
class _Dag:
    """`expected` tasks, or iterations; their states, and each task's executions by its name."""

    parent: int
    expected: int
    states: Counter[str] = field(default_factory=Counter)
    tasks: Counter[tuple[str, int | None]] = field(default_factory=Counter)


class DagStates:
    """Knows the executions of one run by `begun`, and moves its DAGs by `published`."""

    def __init__(self, metadata: MetadataStore) -> None:
        self._metadata = metadata
        self._dags: dict[int, _Dag] = {}
        self._tasks: dict[int, tuple[_Dag, str]] = {}

    def begun(
        self,
        execution: int,
        parent: int,
        task: tuple[str, int | None],
        *,
        state: str,
        expected: int | None = None,
    ) -> None:
        """A task (its name, its iteration) in the DAG `parent`; `expected` if it is one itself."""
        if expected is not None:
            self._dags[execution] = _Dag(parent, expected)
        around = self._dags.get(parent)
        if around is not None and execution not in self._tasks:
            around.tasks[task] += 1
            around.states[state] += 1
            self._tasks[execution] = (around, state)

    def moved(self, execution: int, state: str) -> None:
        """An execution's state is another now."""
        if execution in self._tasks:
            around, before = self._tasks[execution]
            around.states[before] -= 1
            around.states[state] += 1
            self._tasks[execution] = (around, state)

    def published(self, dag: int) -> None:
        """A launcher has told how a task in `dag` ended."""
        while (known := self._dags.get(dag)) is not None:
            if max(known.tasks.values(), default=0) > 1:
                return  # the backend cannot tell executions of one name apart
            if sum(known.states[one] for one in _DONE) == known.expected:
                state = "COMPLETE"
            elif known.states["FAILED"]:
                state = "FAILED"
            else:
                return
            self._metadata.update("execution", dag, state=state)
            self.moved(dag, state)
            dag = known.parent
