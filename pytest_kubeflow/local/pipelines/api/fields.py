"""Fields of requests, typed as protobuf's JSON is (google.golang.org/protobuf/encoding/protojson).

What is null is not set. All raise RequestError (INVALID_ARGUMENT) for a value of another type.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request

from pytest_kubeflow.local.pipelines.api.context import (
    members,
    read_message,
    text_field,
    unreadable,
)
from pytest_kubeflow.local.pipelines.api.errors import RequestError

Json = Any
Message = Mapping[str, Json]

MODES = ("MODE_UNSPECIFIED", "ENABLE", "DISABLE")
PROPAGATION = ("DELETE_PROPAGATION_POLICY_UNSPECIFIED", "FOREGROUND", "BACKGROUND", "ORPHAN")
_STORAGE_STATES = ("STORAGE_STATE_UNSPECIFIED", "AVAILABLE", "ARCHIVED")
_STATES = (
    "RUNTIME_STATE_UNSPECIFIED", "PENDING", "RUNNING", "SUCCEEDED", "SKIPPED", "FAILED",
    "CANCELING", "CANCELED", "PAUSED",
)  # fmt: skip
_STATUSES = ("STATUS_UNSPECIFIED", "ENABLED", "", "DISABLED")
_SOURCES = ("pipeline_version_id", "pipeline_spec", "pipeline_version_reference")
_TIMESTAMP = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})"
)


async def read_resource(request: Request, fields: Iterable[str]) -> dict[str, Json]:
    """A resource's message, as `read_message` reads it, with the type of each field checked."""
    message = await read_message(request, fields)
    for name in message:
        _READERS.get(name, text_field)(message, name)
    one_of(message, _SOURCES, "pipeline_source")
    return message


def one_of(message: Message, names: Iterable[str], what: str) -> str:
    """Which of a oneof's members is set ("" if none is); not more than one may be."""
    first, *others = [name for name in names if message.get(name) is not None] or [""]
    if others:
        raise unreadable(f'proto: error parsing "{others[0]}", oneof {what} is already set')
    return first


def integer_field(message: Message, name: str) -> int:
    """An int64 (0 if not set): a whole number, which may come as a string."""
    value = message.get(name)
    if value is None:
        return 0
    whole = not isinstance(value, bool) and (
        isinstance(value, int)
        or (isinstance(value, float) and value.is_integer())
        or (isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,19}", value))
    )
    if not whole or not -(2**63) <= int(value) < 2**63:
        raise _bad("int64", name, value)
    return int(value)


def bool_field(message: Message, name: str) -> bool:
    """A truth value (False if not set)."""
    value = message.get(name)
    if value is not None and not isinstance(value, bool):
        raise _bad("bool", name, value)
    return bool(value)


def enum_field(message: Message, name: str, values: Sequence[str]) -> str:
    """One of `values`, the first if not set; it may come as its number."""
    value = message.get(name)
    if value is None:
        return values[0]
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(values):
        value = values[value]
    if not value or value not in values:
        raise _bad("enum", name, value)
    return str(value)


def time_field(message: Message, name: str) -> datetime | None:
    """A moment in UTC; RFC 3339 asks for its zone."""
    value = message.get(name)
    if value is None:
        return None
    problem = unreadable(f"invalid google.protobuf.Timestamp value for {name}: {json.dumps(value)}")
    if not isinstance(value, str) or not _TIMESTAMP.fullmatch(value):
        raise problem
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        raise problem from None


def object_field(message: Message, name: str) -> dict[str, Json]:
    """A message or a struct ({} if not set), as it comes."""
    value = message.get(name)
    if value is not None and not isinstance(value, dict):
        raise _bad("message", name, value)
    return value or {}


def message_field(message: Message, name: str, fields: Iterable[str]) -> dict[str, Json]:
    """A message with snake_case names; only `fields` may be in it."""
    return members(object_field(message, name), fields)


def _list_field(message: Message, name: str) -> list[Json]:
    value = message.get(name)
    if value is not None and not isinstance(value, list):
        raise _bad("repeated", name, value)
    return value or []


def _structs_field(message: Message, name: str) -> dict[str, Json]:
    value = object_field(message, name)
    for key in value:
        object_field(value, key)
    return value


def _bad(kind: str, name: str, value: Json) -> RequestError:
    return unreadable(f"proto: invalid value for {kind} field {name}: {json.dumps(value)}")


_READERS: Mapping[str, Callable[[Message, str], Json]] = {
    **dict.fromkeys(
        ("created_at", "updated_at", "scheduled_at", "finished_at", "last_run_created_at"),
        time_field,
    ),
    **dict.fromkeys(
        ("error", "run_details", "package_url", "pipeline_spec", "pipeline_version_reference",
         "runtime_config", "trigger", "tags"),
        object_field,
    ),
    "max_concurrency": integer_field,
    "no_catchup": bool_field,
    "plugins_input": _structs_field,
    "state_history": _list_field,
    "mode": lambda message, name: enum_field(message, name, MODES),
    "state": lambda message, name: enum_field(message, name, _STATES),
    "status": lambda message, name: enum_field(message, name, _STATUSES),
    "storage_state": lambda message, name: enum_field(message, name, _STORAGE_STATES),
}  # fmt: skip
"""How fields are read that are no strings; a name has the same type in all resources."""
