"""What tasks of a run did, behind one small interface.

The pipelines API leaves out output parameters. Today they are in ML Metadata, which a later release
of Kubeflow Pipelines removes (proposals/12147-mlmd-removal there): so nothing but the sources knows
where they come from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from pytest_kubeflow.errors import NotFound


@dataclass(frozen=True, slots=True)
class Artifact:
    """An artifact that a task wrote: its type (`system.Model`), URI and metadata."""

    name: str
    type: str
    uri: str
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TaskRecord:
    """One task as a source tells of it.

    `name` is the task's key in the compiled pipeline ("square-2"), `path` the same after the names
    of the DAGs around it, `state` one of the states of KFP's API, times are seconds since the
    epoch. `place` is the path with the number of each iteration of a loop ("for-loop-1[0]"); empty
    where it says no more than the path. `unread` says why this source cannot tell output parameters
    that the task may have. Whole numbers of `outputs` may be floats here: protobuf's
    Struct knows no integers.
    """

    name: str
    path: tuple[str, ...]
    state: str
    display_name: str = ""
    pod_name: str = ""
    started: float | None = None
    ended: float | None = None
    outputs: Mapping[str, Any] = field(default_factory=dict)
    artifacts: Mapping[str, Artifact] = field(default_factory=dict)
    place: tuple[str, ...] = ()
    is_dag: bool = False
    unread: str = ""
    is_cached: bool = False
    """Whether it was not run, and its outputs are those of an earlier run."""


class UnreadOutputs(dict[str, Any]):
    """Output parameters of which some could not be read: asking for one says why."""

    def __init__(self, known: Mapping[str, Any], of: str, why: str) -> None:
        super().__init__(known)
        self._of = of
        self._why = why

    def __missing__(self, name: str) -> Any:
        raise NotFound(f"{self._of} has no output {name!r} that was read: {self._why}")


class OutputSource(Protocol):
    """Somewhere to read a run's tasks from."""

    @property
    def name(self) -> str:
        """What it is called in messages."""

    @property
    def is_complete(self) -> bool:
        """Whether it knows every task that the run has begun, and those out of the cache."""

    def tasks(self, run_id: str) -> list[TaskRecord]:
        """The tasks of a run, in the order in which they began.

        Raises SourceUnavailable where this source cannot say.
        """


class SourceUnavailable(Exception):  # noqa: N818 read as a sentence
    """A source that does not answer for that run; the message says why."""
