"""The store's tables in a database: filled from it, and written to it with each change.

pydantic turns the records, which are dataclasses, into JSON and back by their annotations.
"""

from __future__ import annotations

from typing import Any

from pytest_kubeflow.local.database import Database
from pytest_kubeflow.local.pipelines.store import (
    Experiment,
    Pipeline,
    PipelineStore,
    PipelineVersion,
    RecurringRun,
    Run,
    Table,
)


def keep(store: PipelineStore, database: Database) -> None:
    """Fill the empty `store` with what `database` holds, and keep it there from now on."""
    tables: list[tuple[str, type, Table[Any]]] = [
        ("experiment", Experiment, store.experiments),
        ("pipeline", Pipeline, store.pipelines),
        ("version", PipelineVersion, store.versions),
        ("run", Run, store.runs),
        ("recurring run", RecurringRun, store.recurring_runs),
    ]
    for kind, record_type, table in tables:
        _keep(kind, record_type, table, database)


def _keep(kind: str, record_type: type, table: Table[Any], database: Database) -> None:
    from pydantic import TypeAdapter  # a tenth of a second, which only a data directory costs

    adapter: TypeAdapter[Any] = TypeAdapter(record_type)
    for key, body in database.rows(kind):
        table[key] = adapter.validate_json(body)

    def write(key: str, record: object | None) -> None:
        if record is None:
            database.remove(kind, key)
        else:
            database.put(kind, key, adapter.dump_json(record).decode())

    table.watchers.append(write)
