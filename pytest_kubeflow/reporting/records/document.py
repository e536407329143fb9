"""A session as a JSON document: written, read back, and its schema."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_kubeflow.errors import ConfigurationError
from pytest_kubeflow.reporting.records.experiments import ExperimentRecord
from pytest_kubeflow.reporting.records.lineage import LineageRecord
from pytest_kubeflow.reporting.records.runs import RunRecord
from pytest_kubeflow.reporting.records.session import SCHEMA, SessionRecord

if TYPE_CHECKING:
    from pydantic import TypeAdapter

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


@cache
def _adapter() -> TypeAdapter[SessionRecord]:
    from pydantic import TypeAdapter

    return TypeAdapter(SessionRecord)


@cache
def _runs() -> TypeAdapter[tuple[RunRecord, ...]]:
    from pydantic import TypeAdapter

    return TypeAdapter(tuple[RunRecord, ...])


@cache
def _experiments() -> TypeAdapter[tuple[ExperimentRecord, ...]]:
    from pydantic import TypeAdapter

    return TypeAdapter(tuple[ExperimentRecord, ...])


@cache
def _lineages() -> TypeAdapter[tuple[LineageRecord, ...]]:
    from pydantic import TypeAdapter

    return TypeAdapter(tuple[LineageRecord, ...])


def lineages_from_plain(lineages: Sequence[Mapping[str, Any]]) -> tuple[LineageRecord, ...]:
    """The same as `runs_from_plain` for lineages of models."""
    return _lineages().validate_python(lineages)


def experiments_from_plain(
    experiments: Sequence[Mapping[str, Any]],
) -> tuple[ExperimentRecord, ...]:
    """The same as `runs_from_plain` for experiments of Katib."""
    return _experiments().validate_python(experiments)


def runs_from_plain(runs: Sequence[Mapping[str, Any]]) -> tuple[RunRecord, ...]:
    """Runs from what `dataclasses.asdict` makes of them, as they came from another process."""
    return _runs().validate_python(runs)


def dump(record: SessionRecord) -> bytes:
    """The document of a session, in UTF-8, indented.

    JSON has no NaN and no infinity: these are null. Lone surrogates, which UTF-8 does not have, are
    spelled out.
    """
    from pydantic_core import PydanticSerializationError

    try:
        return _adapter().dump_json(record, indent=1) + b"\n"
    except PydanticSerializationError:
        plain = _encodable(asdict(record))
        return _adapter().dump_json(_adapter().validate_python(plain), indent=1) + b"\n"


def _encodable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode(errors="backslashreplace").decode()
    if isinstance(value, dict):
        return {_encodable(name): _encodable(each) for name, each in value.items()}
    return [_encodable(each) for each in value] if isinstance(value, list | tuple) else value


def load(path: Path) -> SessionRecord:
    """The session of a document. Raises ConfigurationError, one line, if it is none."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from error
    return parse(content, str(path))


def parse(document: bytes, name: str) -> SessionRecord:
    """The session of a document that messages call `name`. Raises ConfigurationError."""
    from pydantic import ValidationError

    try:
        content = json.loads(document)
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{name} is no JSON: {error}") from error
    found = content.get("schema") if isinstance(content, dict) else None
    if not isinstance(found, int) or isinstance(found, bool):
        raise ConfigurationError(f"{name} is no report of pytest-kubeflow: it has no schema")
    if found > SCHEMA:
        raise ConfigurationError(
            f"{name} was written by a newer pytest-kubeflow (schema {found}; this one reads "
            f"{SCHEMA}): update this one"
        )
    try:
        return _adapter().validate_python(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ConfigurationError(
            f"{name} is no report of pytest-kubeflow: {where}: {first['msg']}"
        ) from error


def schema() -> dict[str, Any]:
    """The JSON Schema of the document."""
    found = _adapter().json_schema(mode="serialization")
    return {"$schema": _DIALECT, **found, "title": "A session of pytest-kubeflow"}


if __name__ == "__main__":
    print(json.dumps(schema(), indent=1))  # noqa: T201  for docs/reference
