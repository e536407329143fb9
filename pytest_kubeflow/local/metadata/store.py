"""MetadataStore: the metadata itself, in memory.

Model: google/ml-metadata metadata_store.proto. Artifacts, executions and contexts are alike enough
(an id, a type, a name, properties) to be one class, `Node`; each kind counts its own ids.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

Kind = Literal["artifact", "execution", "context"]
Direction = Literal["INPUT", "OUTPUT"]

KINDS: tuple[Kind, ...] = ("artifact", "execution", "context")


class AlreadyExistsError(Exception):
    """A node of this type has this name already."""


class NotFoundError(Exception):
    """No such node or type."""


@dataclass(frozen=True, slots=True)
class NodeType:
    """A type of one kind of node, e.g. `system.ContainerExecution`."""

    id: int
    name: str
    version: str = ""
    description: str = ""
    properties: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Node:
    """An artifact, execution or context. Times are milliseconds since the epoch.

    `state` is the name of an `Artifact.State` or `Execution.State`. Property values are int, float,
    str, bool, dict or list; the latter two travel as `struct_value`.
    """

    id: int
    type_id: int
    name: str = ""
    uri: str = ""
    state: str = ""
    properties: dict[str, Any] = field(default_factory=dict)
    custom_properties: dict[str, Any] = field(default_factory=dict)
    created: int = 0
    updated: int = 0
    external_id: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """An execution read or wrote an artifact; `path` holds keys (str) and indexes (int)."""

    artifact_id: int
    execution_id: int
    type: str
    path: tuple[str | int, ...] = ()
    time: int = 0


# (kind, key, value) of what was written: kind is e.g. "artifact", "artifact type", "event", "link".
Watcher = Callable[[str, str, "NodeType | Node | Event | tuple[str | int, ...]"], None]


class MetadataStore:
    """Everything that ML Metadata knows. Nodes are values: change one by `put` with its id.

    `watchers` are called after each change.
    """

    def __init__(self) -> None:
        self.watchers: list[Watcher] = []
        self._types: dict[Kind, dict[int, NodeType]] = {kind: {} for kind in KINDS}
        self._nodes: dict[Kind, dict[int, Node]] = {kind: {} for kind in KINDS}
        self._names: dict[tuple[Kind, int, str], int] = {}
        self._type_count = 0
        self.events: list[Event] = []
        self._events_of: dict[int, list[Event]] = {}
        self._links: dict[Kind, dict[int, set[int]]] = {"artifact": {}, "execution": {}}
        self._parents: dict[int, set[int]] = {}

    def put_type(self, kind: Kind, name: str, **attributes: Any) -> NodeType:
        """The type `name`, made if it is new; new properties are added to an old one."""
        known = self.find_type(kind, name, attributes.get("version", ""))
        if known is not None:
            merged = known.properties | attributes.get("properties", {})
            known = replace(known, properties=merged)
            if merged != self._types[kind][known.id].properties:
                self._types[kind][known.id] = known
                self._tell(f"{kind} type", str(known.id), known)
            return known
        self._type_count += 1  # real servers keep the types of all kinds in one table
        made = NodeType(self._type_count, name, **attributes)
        self._types[kind][made.id] = made
        self._tell(f"{kind} type", str(made.id), made)
        return made

    def find_type(self, kind: Kind, name: str, version: str = "") -> NodeType | None:
        for one in self._types[kind].values():
            if one.name == name and one.version == version:
                return one
        return None

    def types(self, kind: Kind) -> list[NodeType]:
        return list(self._types[kind].values())

    def type_of(self, kind: Kind, node: Node) -> NodeType:
        return self._types[kind][node.type_id]

    def put(self, kind: Kind, type_id: int, *, node_id: int = 0, **fields: Any) -> Node:
        """Make a node or, with `node_id`, replace it. AlreadyExistsError: its name is taken."""
        if type_id not in self._types[kind]:
            raise NotFoundError(f"No type found with id: {type_id}")
        nodes, now = self._nodes[kind], _milliseconds()
        old = nodes.get(node_id)
        if node_id and old is None:
            raise NotFoundError(f"No {kind} found with id: {node_id}")
        name = fields.get("name", "")
        if name:
            owner = self._names.setdefault((kind, type_id, name), node_id or len(nodes) + 1)
            if owner != (node_id or len(nodes) + 1):
                raise AlreadyExistsError(
                    f"Given node already exists: {kind} {name!r} of type {type_id}"
                )
        if old is not None and (old.type_id, old.name) != (type_id, name):
            self._names.pop((kind, old.type_id, old.name), None)
        node = Node(
            node_id or len(nodes) + 1,
            type_id,
            created=old.created if old else now,
            updated=now,
            **fields,
        )
        nodes[node.id] = node
        self._tell(kind, str(node.id), node)
        return node

    def update(self, kind: Kind, node_id: int, **changes: Any) -> Node:
        """Change some fields of a node; `custom_properties` are merged into the old ones."""
        old = self._nodes[kind].get(node_id)
        if old is None:
            raise NotFoundError(f"No {kind} found with id: {node_id}")
        if "custom_properties" in changes:
            changes["custom_properties"] = old.custom_properties | changes["custom_properties"]
        node = replace(old, updated=_milliseconds(), **changes)
        self._nodes[kind][node_id] = node
        self._tell(kind, str(node_id), node)
        return node

    def nodes(self, kind: Kind, ids: Iterable[int] | None = None) -> list[Node]:
        """All nodes of a kind, or those of `ids` that are there, in their order."""
        nodes = self._nodes[kind]
        if ids is None:
            return list(nodes.values())
        return [nodes[one] for one in ids if one in nodes]

    def by_name(self, kind: Kind, type_name: str, name: str, version: str = "") -> Node | None:
        node_type = self.find_type(kind, type_name, version)
        if node_type is None:
            return None
        found = self._names.get((kind, node_type.id, name))
        return self._nodes[kind].get(found) if found is not None else None

    def link(self, kind: Literal["artifact", "execution"], node_id: int, context_id: int) -> None:
        """Attribution of an artifact, or association of an execution, to a context."""
        self._links[kind].setdefault(context_id, set()).add(node_id)
        self._tell("link", f"{kind}/{node_id}/{context_id}", (kind, node_id, context_id))

    def in_context(self, kind: Literal["artifact", "execution"], context_id: int) -> list[Node]:
        return self.nodes(kind, sorted(self._links[kind].get(context_id, ())))

    def contexts_of(self, kind: Literal["artifact", "execution"], node_id: int) -> list[Node]:
        holding = (key for key, members in self._links[kind].items() if node_id in members)
        return self.nodes("context", sorted(holding))

    def add_parent(self, child: int, parent: int) -> None:
        self._parents.setdefault(child, set()).add(parent)
        self._tell("link", f"parent/{child}/{parent}", ("parent", child, parent))

    def parents(self, context_id: int) -> list[Node]:
        return self.nodes("context", sorted(self._parents.get(context_id, ())))

    def children(self, context_id: int) -> list[Node]:
        found = (child for child, parents in self._parents.items() if context_id in parents)
        return self.nodes("context", sorted(found))

    def add_event(
        self,
        artifact_id: int,
        execution_id: int,
        event_type: str,
        path: Sequence[str | int] = (),
        time_ms: int = 0,
    ) -> None:
        """Record that an execution read (`INPUT`) or wrote (`OUTPUT`) an artifact."""
        when = time_ms or _milliseconds()
        event = Event(artifact_id, execution_id, event_type, tuple(path), when)
        self.restore_event(event)
        self._tell("event", str(len(self.events)), event)

    def events_of(self, execution_id: int) -> list[Event]:
        """What an execution read and wrote, in order."""
        return list(self._events_of.get(execution_id, ()))

    def restore_type(self, kind: Kind, node_type: NodeType) -> None:
        """Take a type that was here before."""
        self._types[kind][node_type.id] = node_type
        self._type_count = max(self._type_count, node_type.id)

    def restore_node(self, kind: Kind, node: Node) -> None:
        """Take a node that was here before."""
        self._nodes[kind][node.id] = node
        if node.name:
            self._names[kind, node.type_id, node.name] = node.id

    def restore_event(self, event: Event) -> None:
        """Take an event without telling of it."""
        self.events.append(event)
        self._events_of.setdefault(event.execution_id, []).append(event)

    def _tell(
        self, kind: str, key: str, value: NodeType | Node | Event | tuple[str | int, ...]
    ) -> None:
        for watcher in self.watchers:
            watcher(kind, key, value)


def _milliseconds() -> int:
    return time.time_ns() // 1_000_000
