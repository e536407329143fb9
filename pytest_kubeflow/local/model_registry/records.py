"""Records: what a registry holds, in SQLite."""

from __future__ import annotations

import base64
import binascii
import json
import sqlite3
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_kubeflow.local.model_registry.errors import bad_request, conflict
from pytest_kubeflow.local.model_registry.kinds import Kind

Json = Any
Entity = dict[str, Json]

_ORDERS = {"CREATE_TIME": "created", "LAST_UPDATE_TIME": "updated", "ID": "id"}
_SCHEMA = """
CREATE TABLE IF NOT EXISTS numbers (name TEXT PRIMARY KEY, last INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS entities (
    numbered TEXT NOT NULL, id INTEGER NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL,
    external_id TEXT, parent INTEGER, created INTEGER NOT NULL, updated INTEGER NOT NULL,
    body TEXT NOT NULL, PRIMARY KEY (numbered, id)
);
CREATE UNIQUE INDEX IF NOT EXISTS names ON entities (kind, coalesce(parent, 0), name);
CREATE UNIQUE INDEX IF NOT EXISTS external_ids ON entities (numbered, external_id);
"""


@dataclass(frozen=True)
class PageRequest:
    """What of a list is asked for; a size that is not above 0 is all of it."""

    size: int = 0
    order: str = ""
    descending: bool = False
    token: str = ""


class Records:
    """All entities of one registry; `path` is a file, or ":memory:"."""

    def __init__(self, path: Path | str) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.executescript(_SCHEMA)

    def close(self) -> None:
        self._connection.close()

    def create(self, kind: Kind, body: Mapping[str, Json], parent: int | None = None) -> Entity:
        """Keep a new one. Raises RegistryError if its name, or its external id, is taken."""
        entity = dict(body)
        name = str(entity.pop("name", "") or uuid.uuid4())
        # As in the real database: a number that was refused is not given again.
        self._connection.execute(
            "INSERT INTO numbers VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET last = last + 1",
            (kind.table,),
        )
        (number,) = self._connection.execute(
            "SELECT last FROM numbers WHERE name = ?", (kind.table,)
        ).fetchone()
        now = _now()
        try:
            self._connection.execute(
                "INSERT INTO entities VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(kind.table, number, kind.plural, name, entity.pop("externalId", None)),
                    *(parent, now, now, json.dumps(entity)),
                ),
            )
        except sqlite3.IntegrityError:
            shown = f"{parent}:{name}" if kind.parent == "servingEnvironmentId" else name
            raise conflict(f"{kind.title} with name {shown} already exists") from None
        found = self.get(kind, number)
        assert found is not None
        return found

    def update(self, kind: Kind, number: int, changes: Mapping[str, Json]) -> Entity | None:
        """Change one; None if it is not there."""
        known = self.get(kind, number)
        if known is None:
            return None
        body = {name: value for name, value in known.items() if name in kind.creatable}
        body |= changes
        external = body.pop("externalId", None)
        body.pop("name", None)
        self._connection.execute(
            "UPDATE entities SET body = ?, external_id = ?, updated = ? "
            "WHERE numbered = ? AND id = ?",
            (json.dumps(body), external, _now(), kind.table, number),
        )
        return self.get(kind, number)

    def forget(self, kind: Kind, number: int) -> None:
        """Remove one, which nobody can ask for."""
        self._connection.execute(
            "DELETE FROM entities WHERE numbered = ? AND id = ?", (kind.table, number)
        )

    def get(self, kind: Kind, number: int) -> Entity | None:
        """The one of this number."""
        found = self._select(kind, "id = ?", [number])
        return found[0] if found else None

    def find(
        self,
        kind: Kind,
        *,
        name: str | None = None,
        external_id: str | None = None,
        parent: int | None = None,
    ) -> list[Entity]:
        """Those of which all that is given is true."""
        given = {"name": name, "external_id": external_id, "parent": parent}
        wanted = {column: value for column, value in given.items() if value is not None}
        where = " AND ".join(f"{column} = ?" for column in wanted) or "1"
        return self._select(kind, where, list(wanted.values()))

    def page(self, kinds: tuple[Kind, ...], page: PageRequest, parent: int | None = None) -> Json:
        """A list as the API answers it: `items`, `nextPageToken`, `pageSize`, `size`."""
        column = _ORDERS.get(page.order, "id")
        found = [
            entity
            for kind in kinds
            for entity in self._select(
                kind, "1" if parent is None else "parent = ?", [] if parent is None else [parent]
            )
        ]
        places = {"id": "id", "created": "createTimeSinceEpoch", "updated": _UPDATED}
        found.sort(
            key=lambda one: (int(one[places[column]]), int(one["id"])), reverse=page.descending
        )
        if page.token:
            after = _read_token(page.token)
            numbers = [int(one["id"]) for one in found]
            found = found[numbers.index(after) + 1 :] if after in numbers else []
        items = found[: page.size] if page.size > 0 else found
        left = len(found) > len(items)
        token = _token(items[-1], places[column]) if items and left else ""
        return {
            "items": items,
            "nextPageToken": token,
            "pageSize": page.size,
            "size": len(items),
        }

    def _select(self, kind: Kind, where: str, values: list[Json]) -> list[Entity]:
        rows = self._connection.execute(
            "SELECT id, name, external_id, created, updated, body FROM entities "  # noqa: S608
            f"WHERE numbered = ? AND kind = ? AND {where} ORDER BY id",  # of names of columns
            (kind.table, kind.plural, *values),
        )
        return [_entity(kind, *row) for row in rows]


_UPDATED = "lastUpdateTimeSinceEpoch"


def _entity(
    kind: Kind,
    number: int,
    name: str,
    external_id: str | None,
    created: int,
    updated: int,
    body: str,
) -> Entity:
    made: Entity = {
        "customProperties": {},
        **json.loads(body),
        "id": str(number),
        "name": name,
        "createTimeSinceEpoch": str(created),
        _UPDATED: str(updated),
    }
    if external_id is not None:
        made["externalId"] = external_id
    if kind.artifact_type:
        made["artifactType"] = kind.artifact_type
    return made


def _token(entity: Entity, place: str) -> str:
    return base64.b64encode(f"{entity['id']}:{entity[place]}".encode()).decode()


def _read_token(token: str) -> int:
    try:
        number, _, _ = base64.b64decode(token, validate=True).decode().partition(":")
        return int(number)
    except (binascii.Error, UnicodeDecodeError, ValueError):
        message = "illegal base64 data at input byte 0"
        raise bad_request(f"invalid nextPageToken: {message}: bad request") from None


def _now() -> int:
    return time.time_ns() // 1_000_000
