"""ML Metadata in a database: filled from it, and written to it with each change."""

from __future__ import annotations

import json
from dataclasses import asdict

from pytest_kubeflow.local.database import Database
from pytest_kubeflow.local.metadata.store import KINDS, Event, MetadataStore, Node, NodeType

_LINKS = "metadata links"


def keep(store: MetadataStore, database: Database) -> None:
    """Fill the empty `store` with what `database` holds, and keep it there from now on."""
    for kind in KINDS:
        for _, body in database.rows(f"{kind} type"):
            store.restore_type(kind, NodeType(**json.loads(body)))
        for _, body in database.rows(kind):
            store.restore_node(kind, Node(**json.loads(body)))
    for _, body in database.rows("event"):
        fields = json.loads(body)
        store.restore_event(Event(**fields | {"path": tuple(fields["path"])}))
    for _, body in database.rows(_LINKS):
        link, *ends = json.loads(body)
        if link == "parent":
            store.add_parent(*ends)
        else:
            store.link(link, *ends)

    def write(kind: str, key: str, value: NodeType | Node | Event | tuple[str | int, ...]) -> None:
        content = list(value) if isinstance(value, tuple) else asdict(value)
        database.put(_LINKS if kind == "link" else kind, key, json.dumps(content))

    store.watchers.append(write)
