"""Run: what all parts of one look at a Workflow work with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from pytest_kubeflow.local.argonames import pod_name
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.workflows.nodes import Node, NodeTree, moment
from pytest_kubeflow.local.workflows.scope import compact, text_of
from pytest_kubeflow.local.workflows.templates import Templates

Json = Any


@dataclass(frozen=True)
class Options:
    """What a template is run with: `boundary` is the id of the node that it is a part of.

    `deadline` is that of a retry strategy.
    """

    boundary: str = ""
    in_exit_handler: bool = False
    flag: dict[str, bool] | None = None
    deadline: datetime | None = None


class PodMaker(Protocol):
    """Makes the pods of nodes."""

    def find(self, node: Node) -> Object | None:
        """The pod of a node, if there is one."""

    async def make(
        self, run: Run, node: Node, template: Json, options: Options, *, result: bool
    ) -> None:
        """Make it. Raises WorkflowError, TransientError."""


@dataclass
class Run:
    """One Workflow as it is looked at. `spec` is what is run: with defaults, globals replaced.

    `again_at` is when the next look is due at the latest.
    """

    workflow: Object
    spec: Json
    tree: NodeTree
    known: dict[str, str]
    pods: PodMaker
    repository: Json
    templates: Templates = field(init=False)
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    active: int = 0
    depth: int = 0
    again_at: datetime | None = None

    def __post_init__(self) -> None:
        self.templates = Templates(self.spec)
        self.active = self.active_pods()

    @property
    def name(self) -> str:
        name: str = self.workflow["metadata"]["name"]
        return name

    @property
    def scope(self) -> str:
        """Where its templates are looked for, as nodes name it."""
        return f"local/{self.name}"

    @property
    def status(self) -> dict[str, Any]:
        status: dict[str, Any] = self.workflow["status"]
        return status

    @property
    def shutdown(self) -> str:
        """`Stop`, `Terminate` or nothing."""
        return str(self.spec.get("shutdown") or "")

    def may_run(self, *, in_exit_handler: bool) -> bool:
        """Whether pods may be made, as far as a shutdown lets them."""
        return not self.shutdown or (self.shutdown == "Stop" and in_exit_handler)

    @property
    def deadline(self) -> datetime | None:
        """When the Workflow has to be over."""
        seconds = self.spec.get("activeDeadlineSeconds")
        if seconds is None or not self.status.get("startedAt"):
            return None
        return moment(self.status["startedAt"]) + timedelta(seconds=float(seconds))

    @property
    def is_late(self) -> bool:
        """Whether its deadline has passed."""
        return self.deadline is not None and self.now > self.deadline

    def look_again(self, at: datetime) -> None:
        """Look at the Workflow again at that time, if not before."""
        if self.again_at is None or at < self.again_at:
            self.again_at = at

    def pod_name(self, node_name: str, template: str) -> str:
        return pod_name(self.name, node_name, template)

    def active_pods(self, boundary: str = "") -> int:
        """How many pods are there that have not ended, of all or of one template."""
        return sum(
            node["type"] == "Pod"
            and (not boundary or node.get("boundaryID") == boundary)
            and node["phase"] in {"Pending", "Running"}
            and self.pods.find(node) is not None
            for node in self.tree
        )

    def export(self, outputs: Json) -> None:
        """Keep outputs with a `globalName` as those of the Workflow."""
        for kind in ("parameters", "artifacts"):
            for one in (outputs or {}).get(kind) or ():
                if one.get("globalName"):
                    self._export(kind, one)

    def _export(self, kind: str, one: Json) -> None:
        name = one["globalName"]
        left_out = (
            {"globalName", "path", "valueFrom"}
            if kind == "artifacts"
            else {"globalName", "valueFrom", "default"}
        )
        kept = {key: value for key, value in one.items() if key not in left_out} | {"name": name}
        if kind == "parameters" and "value" in one:
            self.known[f"workflow.outputs.parameters.{name}"] = text_of(one["value"])
        listed = self.status.setdefault("outputs", {}).setdefault(kind, [])
        before = next((at for at, other in enumerate(listed) if other["name"] == name), None)
        if before is None:
            listed.append(kept)
        elif listed[before] != kept:
            listed[before] = kept
        else:
            return
        self.tree.changed = True


def globals_of(workflow: Object, spec: Json) -> dict[str, str]:
    """What every template may refer to, but what changes while it runs."""
    metadata = workflow["metadata"]
    created = moment(metadata.get("creationTimestamp", ""))
    arguments = (spec.get("arguments") or {}).get("parameters") or []
    labels, annotations = metadata.get("labels") or {}, metadata.get("annotations") or {}
    more = spec.get("workflowMetadata") or {}
    labels = {**labels, **(more.get("labels") or {})}
    annotations = {**annotations, **(more.get("annotations") or {})}
    known = {
        "workflow.name": metadata["name"],
        "workflow.namespace": metadata["namespace"],
        "workflow.mainEntrypoint": spec.get("entrypoint", ""),
        "workflow.serviceAccountName": spec.get("serviceAccountName", ""),
        "workflow.uid": metadata["uid"],
        "workflow.creationTimestamp": metadata.get("creationTimestamp", ""),
        "workflow.creationTimestamp.s": str(int(created.timestamp())),
        "workflow.creationTimestamp.RFC3339": metadata.get("creationTimestamp", ""),
        "workflow.parameters": compact(arguments),
        "workflow.parameters.json": compact(arguments),
        "workflow.labels": compact(labels),
        "workflow.labels.json": compact(labels),
        "workflow.annotations": compact(annotations),
        "workflow.annotations.json": compact(annotations),
    }
    for letter in "YmdHMSyjaAbBpIcxXUwZ":
        known[f"workflow.creationTimestamp.{letter}"] = created.strftime(f"%{letter}")
    if "priority" in spec:
        known["workflow.priority"] = str(spec["priority"])
    if scheduled := annotations.get("workflows.argoproj.io/scheduled-time"):
        known["workflow.scheduledTime"] = scheduled
    for one in arguments:
        if one.get("value") is not None:
            known[f"workflow.parameters.{one['name']}"] = text_of(one["value"])
    known |= {f"workflow.labels.{name}": value for name, value in labels.items()}
    known |= {f"workflow.annotations.{name}": value for name, value in annotations.items()}
    for one in ((workflow.get("status") or {}).get("outputs") or {}).get("parameters") or ():
        if "value" in one:
            known[f"workflow.outputs.parameters.{one['name']}"] = text_of(one["value"])
    return known


Execute = Callable[[Run, str, Json, Json, Options], Awaitable[Node]]
"""Executes a template as a node of this name: it gets what calls it, and its arguments."""
