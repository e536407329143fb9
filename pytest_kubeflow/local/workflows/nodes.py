"""Nodes: the tree of a Workflow as its status has it, and how it grows.

A node is a dict, as JSON has it. Source: argo-workflows v3.7.3 workflow/controller/operator.go
(initializeNode, markNodePhase, addChildNode, getOutboundNodes) and the types of its API.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from pytest_kubeflow.local.argonames import node_id
from pytest_kubeflow.local.kube.times import now

Node = dict[str, Any]

FAILED_OR_ERROR = frozenset({"Failed", "Error"})
COMPLETED = FAILED_OR_ERROR | {"Succeeded"}
FULFILLED = COMPLETED | {"Skipped", "Omitted"}
EXECUTABLE = frozenset({"Pod", "Suspend"})
_SEPARATOR = re.compile(r"^(\[\d+\])?\.")


def fulfilled(node: Node) -> bool:
    """Whether it has come to its end, or needs none."""
    return node["phase"] in FULFILLED


def moment(text: str) -> datetime:
    """A time as the API has it; the beginning of time for none."""
    return datetime.fromisoformat(text) if text else datetime.min.replace(tzinfo=UTC)


class NodeTree:
    """The nodes of one Workflow by their ids, `changed` since they were read or not."""

    def __init__(self, workflow: str, nodes: dict[str, Node]) -> None:
        self._workflow = workflow
        self.nodes = nodes
        self.changed = False

    def id_of(self, name: str) -> str:
        return node_id(self._workflow, name)

    def named(self, name: str) -> Node | None:
        """The node of this name, if there is one."""
        return self.nodes.get(self.id_of(name))

    def __getitem__(self, key: str) -> Node:
        return self.nodes[key]

    def __iter__(self) -> Iterator[Node]:
        return iter(list(self.nodes.values()))

    def add(
        self,
        name: str,
        kind: str,
        *,
        template: str,
        scope: str,
        boundary: str = "",
        phase: str = "Running",
        flag: dict[str, bool] | None = None,
        message: str = "",
        inputs: dict[str, Any] | None = None,
    ) -> Node:
        """Make a node. `boundary` is the id of the node whose template it is in."""
        began = now()
        node: Node = {
            "id": self.id_of(name),
            "name": name,
            "displayName": self._display_name(name, boundary),
            "type": kind,
            "templateName": template,
            "templateScope": scope,
            "phase": phase,
            "boundaryID": boundary,
            "message": message,
            "startedAt": began,
            "finishedAt": began if phase in FULFILLED else None,
        }
        if flag is not None:
            node["nodeFlag"] = dict(flag)
        if kind == "Pod":
            node["taskResultSynced"] = True
        if inputs and any(inputs.values()):
            node["inputs"] = inputs
        for key in ("templateName", "boundaryID", "message"):
            if not node[key]:
                del node[key]
        self.nodes[node["id"]] = node
        self.changed = True
        return node

    def _display_name(self, name: str, boundary: str) -> str:
        around = self.nodes.get(boundary)
        if around is None:
            return name
        return _SEPARATOR.sub("", name.removeprefix(around["name"]))

    def mark(self, node: Node, phase: str, message: str | None = None) -> Node:
        """Give it a phase, and a message if it is to change."""
        if node["phase"] != phase:
            node["phase"] = phase
            self.changed = True
        if message is not None and message != node.get("message", ""):
            self.set(node, "message", message)
        if fulfilled(node) and not node.get("finishedAt"):
            node["finishedAt"] = now()
            self.changed = True
        return node

    def set(self, node: Node, field: str, value: Any) -> None:
        """Change one field; what is empty is left out."""
        if value in (None, "", [], {}):
            if field in node:
                del node[field]
                self.changed = True
        elif node.get(field) != value:
            node[field] = value
            self.changed = True

    def connect(self, parent: str, child: str) -> None:
        """Make the node called `child` a child of the one called `parent`."""
        children = self.nodes[self.id_of(parent)].setdefault("children", [])
        if (key := self.id_of(child)) not in children:
            children.append(key)
            self.changed = True

    def children(self, node: Node) -> list[Node]:
        return [self.nodes[key] for key in node.get("children") or () if key in self.nodes]

    def attempts(self, node: Node) -> list[Node]:
        """Those of a Retry node: children that are no hooks."""
        return [one for one in self.children(node) if (one.get("nodeFlag") or {}).get("retried")]

    def last_attempt(self, node: Node) -> Node | None:
        """The child of a Retry node that counts; None for other nodes."""
        if node["type"] != "Retry":
            return None
        found = [
            one for one in self.children(node) if not (one.get("nodeFlag") or {}).get("hooked")
        ]
        return found[-1] if found else None

    def all_fulfilled(self, node: Node) -> bool:
        """Whether it and all below it have come to their end."""
        below = self.children(node)
        return fulfilled(node) if not below else all(map(self.all_fulfilled, below))

    def outbound(self, key: str) -> list[str]:
        """The ids of the last nodes of a node: what comes after it is below these."""
        node = self.nodes[key]
        kind, children = node["type"], node.get("children") or []
        if kind in {"Skipped", "Suspend", "Pod"}:
            return [key]
        if kind == "TaskGroup":
            if not children:
                return [key]
            return [last for child in children for last in self.outbound(child)]
        if kind == "Retry" and children:
            return [children[-1]]
        return [last for one in node.get("outboundNodes") or () for last in self.outbound(one)]

    def in_exit_handler(self, node: Node) -> bool:
        """Whether it is part of one, which shutdowns and deadlines leave alone."""
        while not node["name"].endswith(".onExit"):
            if not (around := self.nodes.get(node.get("boundaryID", ""))):
                return False
            node = around
        return True

    def count_progress(self) -> str:
        """Write how far each node is, as `done/all` pods below it; that of the whole."""
        for node in self:
            if node["type"] in EXECUTABLE:
                done = node["phase"] in {"Succeeded", "Skipped", "Omitted"}
                self.set(node, "progress", "1/1" if done else node.get("progress") or "0/1")
        leaves = [node for node in self if node["type"] in EXECUTABLE]
        for node in self:
            if node["type"] not in EXECUTABLE:
                below = [one for one in self.below(node) if one["type"] in EXECUTABLE]
                self.set(node, "progress", _summed(below) if below else None)
        return _summed(leaves)

    def below(self, node: Node) -> list[Node]:
        """All nodes below one, each once."""
        found: dict[str, Node] = {}
        waiting = list(node.get("children") or ())
        while waiting:
            key = waiting.pop()
            if key not in found and key in self.nodes:
                found[key] = self.nodes[key]
                waiting += self.nodes[key].get("children") or ()
        return list(found.values())


def _summed(nodes: list[Node]) -> str:
    parts = [tuple(map(int, one["progress"].split("/"))) for one in nodes]
    return f"{sum(one[0] for one in parts)}/{sum(one[1] for one in parts)}"
