"""WorkflowNode: a node of a Workflow's status.

Source: argo-workflows v3.7 pkg/apis/workflow/v1alpha1/workflow_types.go (NodeStatus).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from pytest_kubeflow.provenance import READ

POD, RETRY = "Pod", "Retry"
BAD = frozenset({"Failed", "Error"})
OVER = BAD | {"Succeeded", "Skipped", "Omitted"}


@dataclass(frozen=True)
class StoredArtifact:
    """An artifact as a node names it: `key` in the bucket of the artifact repository.

    `bucket` is there where it is in another one.
    """

    name: str
    key: str = ""
    bucket: str = ""

    @classmethod
    def of(cls, artifact: Mapping[str, Any]) -> StoredArtifact:
        """As a node has it."""
        store = artifact.get("s3") or {}
        return cls(
            str(artifact.get("name") or ""),
            str(store.get("key") or ""),
            str(store.get("bucket") or ""),
        )


@dataclass(frozen=True)
class WorkflowNode:
    """A node as the API gave it."""

    object: Mapping[str, Any] = field(repr=False)

    def _text(self, key: str) -> str:
        return str(self.object.get(key) or "")

    @property
    def id(self) -> str:
        """`hello-x7-123456789`."""
        return self._text("id")

    @property
    def name(self) -> str:
        """`hello-x7.main[0].say(1:b)`: with all that it is in."""
        return self._text("name")

    @property
    def display_name(self) -> str:
        """The name of its step or task, with the item of a loop: `say(1:b)`."""
        return self._text("displayName")

    @property
    def type(self) -> str:
        """Pod, Steps, StepGroup, DAG, TaskGroup, Retry, Skipped or Suspend."""
        return self._text("type")

    @property
    def phase(self) -> str:
        """Pending, Running, Succeeded, Skipped, Failed, Error or Omitted."""
        return self._text("phase")

    @property
    def template(self) -> str:
        """The name of its template."""
        return self._text("templateName")

    @property
    def message(self) -> str:
        """Why it is as it is, in Argo's words; mostly empty."""
        return self._text("message")

    @property
    def boundary(self) -> str:
        """The id of the node whose template it is a part of."""
        return self._text("boundaryID")

    @property
    def children(self) -> tuple[str, ...]:
        """The ids of the nodes after it."""
        return tuple(map(str, self.object.get("children") or ()))

    @property
    def host(self) -> str:
        """The name of the cluster's node where its pod ran."""
        return self._text("hostNodeName")

    @property
    def is_over(self) -> bool:
        """Whether it has come to its end, or needs none."""
        return self.phase in OVER

    @cached_property
    def started(self) -> datetime | None:
        """When it began, in whole seconds."""
        return _moment(self._text("startedAt"))

    @cached_property
    def finished(self) -> datetime | None:
        """When it ended, in whole seconds."""
        return _moment(self._text("finishedAt"))

    @cached_property
    def parameters(self) -> dict[str, str]:
        """Its output parameters."""
        found = (self.object.get("outputs") or {}).get("parameters") or ()
        values = {str(one.get("name")): str(one.get("value", "")) for one in found}
        return READ.note(values, f"outputs of node {self.name}")

    @cached_property
    def inputs(self) -> dict[str, str]:
        """Its input parameters."""
        found = (self.object.get("inputs") or {}).get("parameters") or ()
        return {str(one.get("name")): str(one.get("value", "")) for one in found}

    @property
    def result(self) -> str | None:
        """What it printed, if others refer to it; None if nobody does."""
        found = (self.object.get("outputs") or {}).get("result")
        return None if found is None else READ.note(str(found), f"result of node {self.name}")

    @property
    def exit_code(self) -> int | None:
        """Of its program; None while there is none."""
        found = (self.object.get("outputs") or {}).get("exitCode")
        return None if found is None else int(found)

    @cached_property
    def artifacts(self) -> dict[str, StoredArtifact]:
        """Its output artifacts; that of its log is called `main-logs`."""
        found = (self.object.get("outputs") or {}).get("artifacts") or ()
        return {one.name: one for one in map(StoredArtifact.of, found)}


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def table(nodes: list[WorkflowNode]) -> str:
    """The nodes as lines of a table, in the order in which they began."""
    rows = [
        (one.display_name, one.type, one.phase, _seconds(one), one.message)
        for one in sorted(nodes, key=lambda one: (str(one.object.get("startedAt")), one.name))
    ]
    widths = [max((len(row[at]) for row in rows), default=0) for at in range(4)]
    return "\n".join(
        "  ".join([*(row[at].ljust(widths[at]) for at in range(4)), row[4]]).rstrip()
        for row in rows
    )


def _seconds(node: WorkflowNode) -> str:
    if node.started is None or node.finished is None:
        return ""
    return f"{(node.finished - node.started).total_seconds():.0f} s"
