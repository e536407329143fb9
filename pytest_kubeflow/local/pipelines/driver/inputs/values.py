"""What tasks hand to each other: parameters, and artifacts that ML Metadata knows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Json = Any


@dataclass(frozen=True, slots=True)
class StoredArtifact:
    """An artifact in ML Metadata (`id`) and in the object store (`uri`)."""

    id: int
    uri: str
    metadata: dict[str, Json] = field(default_factory=dict)

    def to_runtime(self) -> Json:
        """As a RuntimeArtifact of an executor input.

        As in the real driver, its name is its id, and its type is not told: the SDK makes what the
        task's own annotation says.
        """
        return {
            "name": str(self.id),
            "uri": self.uri,
            "type": {"instanceSchema": ""},
            "metadata": self.metadata,
        }


class Collected(list[Any]):
    """The values of one output over all iterations of a loop: loops in loops give one flat list."""


@dataclass(frozen=True, slots=True)
class Values:
    """Inputs or outputs of a task or a DAG. A parameter without a value is None."""

    parameters: dict[str, Json] = field(default_factory=dict)
    artifacts: dict[str, list[StoredArtifact]] = field(default_factory=dict)


class TaskError(Exception):
    """A task cannot succeed; the message becomes its error. By itself it is one of the driver's."""


class PodError(TaskError):
    """A task's pod was refused, was deleted, or has failed."""


class InnerError(TaskError):
    """A task inside a DAG has failed, and the DAG with it."""
