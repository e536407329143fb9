"""TaskNode: a task of a run and how it stands, which the Workflow's status has as several nodes.

Field names: argoproj/argo-workflows pkg/apis/workflow/v1alpha1 (NodeStatus).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from pytest_kubeflow.local.pipelines.driver.workflow import argo
from pytest_kubeflow.local.pipelines.driver.workflow.argo import attempt

Json = Any

UNFINISHED = frozenset({"Pending", "Running"})
OMITTED = "omitted: depends condition not met"  # Argo's words
FALSE = "when 'false != false' evaluated false"
_CACHED = "when 'true != true' evaluated false"


def timestamp() -> str:
    """Now, in RFC 3339 with milliseconds."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


class Kind(Enum):
    """What a task is to Argo. A CLAIM is a task that its driver does alone."""

    DAG = "DAG"
    LOOP = "loop"
    CONTAINER = "container"
    IMPORTER = "importer"
    CLAIM = "claim"


@dataclass(slots=True, kw_only=True)
class Progress:
    """How something stands: `phase` as Argo names it."""

    phase: str = "Pending"
    message: str = ""
    created_at: str = field(default_factory=timestamp)
    started_at: str = ""
    finished_at: str = ""

    def fields(self) -> Json:
        """As a node has it."""
        return {
            "phase": self.phase,
            "message": self.message,
            "startedAt": self.started_at or self.created_at,
            "finishedAt": self.finished_at,
        }


@dataclass(slots=True)
class PodNode(Progress):
    """An attempt at a task in a pod of its own. `name` is the node's, `pod` the pod's."""

    name: str
    template: str
    pod: str


@dataclass(slots=True)
class TaskNode(Progress):
    """One task of a run.

    `key` is its name in the DAG `parent`, `index` its number if it is an iteration of the loop
    `parent`, `hook` the task whose end it follows in any case. `template` is Argo's for a DAG. If
    its driver has failed, `driver` says so.
    """

    workflow: str
    kind: Kind
    key: str
    parent: TaskNode | None = None
    index: int | None = None
    hook: str = ""
    template: str = ""
    execution_id: int = 0
    cached: bool = False
    driver: PodNode | None = None
    attempts: list[PodNode] = field(default_factory=list)

    @property
    def boundary(self) -> str:
        """The name of the DAG's node that it is in."""
        if self.parent is None:
            return attempt(self.workflow)
        if self.index is not None:
            return attempt(self._iteration)
        around = self.parent.inner
        return attempt(f"{around}.{self.hook}.onExit") if self.hook else around

    @property
    def name(self) -> str:
        """Its node's name, without an attempt's number."""
        key = self.key if self.index is None else "iteration-item"
        return f"{self.boundary}.{key}"

    @property
    def inner(self) -> str:
        """The name of the node that those inside it are in: its first attempt."""
        return attempt(self.name)

    @property
    def driver_name(self) -> str:
        """The name of its driver's node, without an attempt's number."""
        return f"{self.inner}.iteration-driver" if self.kind is Kind.LOOP else f"{self.name}-driver"

    @property
    def driver_template(self) -> str:
        return argo.CONTAINER_DRIVER if self._runs_pods else argo.DAG_DRIVER

    def add_attempt(self, template: str) -> PodNode:
        """One more attempt in a pod."""
        if self.kind is Kind.CONTAINER:
            name = attempt(f"{self.inner}.executor", len(self.attempts))
        else:
            name = self.inner
        made = PodNode(name, template, argo.pod_name(self.workflow, name, template))
        self.attempts.append(made)
        return made

    def driver_pod(self) -> PodNode:
        """The pod of its driver."""
        name = attempt(self.driver_name)
        template = self.driver_template
        return PodNode(name, template, argo.pod_name(self.workflow, name, template))

    def nodes(self) -> Iterator[Json]:
        """Its nodes in the Workflow's status."""
        if self.parent is None:
            yield from self._retried(self.workflow, "entrypoint", "DAG", "")
        if self.hook:
            assert self.parent is not None
            name = f"{self.parent.inner}.{self.hook}.onExit"
            yield from self._retried(name, f"exit-hook-{self.key}", "DAG", self.parent.inner)
        if self.index is not None:
            assert self.parent is not None
            template = f"comp-{self.parent.key}-iteration"
            yield from self._retried(self._iteration, template, "DAG", self.parent.inner)
        if self.kind not in {Kind.CLAIM, Kind.IMPORTER}:
            yield from self._driver_nodes()
        yield from self._own_nodes()

    @property
    def _iteration(self) -> str:
        assert self.parent is not None
        return f"{self.parent.inner}.iteration-iterations({self.index}:{self.index})"

    @property
    def _runs_pods(self) -> bool:
        return self.kind in {Kind.CONTAINER, Kind.CLAIM}

    @property
    def _own_template(self) -> str:
        if self.kind is Kind.CONTAINER:
            return argo.EXECUTOR
        if self.kind is Kind.CLAIM:
            return argo.CONTAINER_DRIVER
        return argo.IMPORTER if self.kind is Kind.IMPORTER else self.template or self.key

    def _driver_nodes(self) -> Iterator[Json]:
        inside = self.kind is Kind.LOOP
        boundary = self.inner if inside else self.boundary
        if self.driver is not None:
            progress: Progress = self.driver
        elif self.phase in {"Omitted", "Pending"}:
            if self.phase == "Omitted" and not inside:
                yield self._node(
                    self.driver_name, self.driver_template, "Skipped", boundary, self.fields()
                )
            return
        else:
            since = self.started_at or self.created_at
            progress = Progress(phase="Succeeded", started_at=since, finished_at=since)
        yield from self._retried(
            self.driver_name, self.driver_template, "Pod", boundary, progress.fields()
        )

    def _own_nodes(self) -> Iterator[Json]:
        name, template, boundary = self.name, self._own_template, self.boundary
        if self.driver is not None and self.kind is not Kind.LOOP:
            fields = {"phase": "Omitted", "message": OMITTED, "finishedAt": self.finished_at}
            yield self._node(name, template, "Skipped", boundary, fields)
        elif self.phase in {"Omitted", "Skipped"}:
            yield self._node(name, template, "Skipped", boundary, self.fields())
        elif self.phase != "Pending" or self.kind in {Kind.CLAIM, Kind.IMPORTER}:
            single = self.kind in {Kind.CLAIM, Kind.IMPORTER}
            yield from self._retried(name, template, "Pod" if single else "DAG", boundary)
            if self.kind is Kind.CONTAINER:
                yield from self._executor_nodes()
            if self.kind is Kind.LOOP:
                yield self._node(
                    f"{self.inner}.iteration-iterations",
                    f"comp-{self.key}-iteration",
                    "TaskGroup",
                    self.inner,
                    self.fields() | {"message": ""},
                )

    def _executor_nodes(self) -> Iterator[Json]:
        name = f"{self.inner}.executor"
        if self.cached:
            fields = self.fields() | {"phase": "Skipped", "message": _CACHED}
            yield self._node(name, argo.IMPLEMENTATION, "Skipped", self.inner, fields)
        if not self.attempts:
            return
        last = self.attempts[-1]
        fields = last.fields()
        if self.phase in UNFINISHED:
            fields |= {"phase": "Running", "message": "", "finishedAt": ""}
        children = [one.name for one in self.attempts]
        yield self._node(name, last.template, "Retry", self.inner, fields, children)
        for one in self.attempts:
            yield self._node(one.name, one.template, "Pod", self.inner, one.fields())

    def _retried(
        self, name: str, template: str, kind: str, boundary: str, fields: Json = None
    ) -> Iterator[Json]:
        """A node of one attempt: the retry node around it, and itself, of this kind."""
        if fields is None:
            # The reason stands at the pod, and Argo repeats it nowhere but at the retry around it.
            fields = self.fields() | ({"message": ""} if kind == "DAG" else {})
        inner = attempt(name)
        yield self._node(name, template, "Retry", boundary, fields, [inner])
        yield self._node(inner, template, kind, boundary, fields)

    def _node(
        self,
        name: str,
        template: str,
        kind: str,
        boundary: str,
        fields: Json,
        children: list[str] | None = None,
    ) -> Json:
        made = {
            "id": argo.node_id(self.workflow, name),
            "name": name,
            "displayName": name.removeprefix(boundary).removeprefix("."),
            "type": kind,
            "templateName": template,
            "templateScope": f"local/{self.workflow}",
            "boundaryID": argo.node_id(self.workflow, boundary) if boundary else "",
            "children": [argo.node_id(self.workflow, one) for one in children or ()],
            **fields,
        }
        return {key: value for key, value in made.items() if value}
