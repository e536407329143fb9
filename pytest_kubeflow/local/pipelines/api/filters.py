"""The `filter` of list calls: a `Filter` message as JSON, with predicates that must all hold.

Source: backend/api/v2beta1/filter.proto and backend/src/apiserver/filter/filter.go. Names come in
snake or camel case and enums by name or number, as protobuf's JSON allows both.
"""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pytest_kubeflow.local.pipelines.api.errors import invalid

Json = Any
Getter = Callable[[Any], Any]
TAGS = "tags."
"""The field of records with tags, of which `tags.<key>` can be filtered by but not sorted."""

_OPERATIONS = {
    1: "EQUALS",
    2: "NOT_EQUALS",
    3: "GREATER_THAN",
    5: "GREATER_THAN_EQUALS",
    6: "LESS_THAN",
    7: "LESS_THAN_EQUALS",
    8: "IN",
    9: "IS_SUBSTRING",
}
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "EQUALS": operator.eq,
    "NOT_EQUALS": operator.ne,
    "GREATER_THAN": operator.gt,
    "GREATER_THAN_EQUALS": operator.ge,
    "LESS_THAN": operator.lt,
    "LESS_THAN_EQUALS": operator.le,
}
_VALUES = {
    "intValue": "int32",
    "longValue": "int64",
    "stringValue": "string",
    "timestampValue": "timestamp",
    "intValues": "[]int32",
    "longValues": "[]int64",
    "stringValues": "[]string",
}


@dataclass(frozen=True, slots=True)
class Predicate:
    """One condition on a record's field; `value` is comparable with what `get` returns."""

    operation: str
    get: Getter
    value: Any

    def holds(self, record: object) -> bool:
        actual = self.get(record)
        if self.operation == "IN":
            return actual in self.value
        if self.operation == "IS_SUBSTRING":
            return str(self.value).casefold() in str(actual or "").casefold()
        if isinstance(self.value, datetime) and isinstance(actual, datetime):
            # The real server's database has whole seconds.
            actual = actual.replace(microsecond=0)
        if actual is None or (type(actual) is not type(self.value)):
            return self.operation == "NOT_EQUALS"
        return _COMPARISONS[self.operation](actual, self.value)


def parse_filter(text: str, fields: Mapping[str, Getter]) -> list[Predicate]:
    """The predicates of a filter; `fields` maps the names that can be filtered by.

    Raises RequestError (INVALID_ARGUMENT) with the real server's words.
    """
    if not text:
        return []
    try:
        message = json.loads(text)
    except ValueError as error:
        raise invalid(f"failed to parse valid filter from {json.dumps(text)}: {error}") from None
    if not isinstance(message, dict) or not isinstance(message.get("predicates", []), list):
        raise invalid(f"failed to parse valid filter from {json.dumps(text)}")
    if unknown := sorted(message.keys() - {"predicates"}):
        raise invalid(
            f'failed to parse valid filter from {json.dumps(text)}: unknown field "{unknown[0]}"'
        )
    return [_predicate(one, fields) for one in message.get("predicates", [])]


def _predicate(message: Json, fields: Mapping[str, Getter]) -> Predicate:
    if not isinstance(message, dict):
        raise invalid(f"failed to parse valid filter: {message!r} is not a predicate")
    message = {_camel(name): value for name, value in message.items()}
    key, operation = message.pop("key", ""), message.pop("operation", 0)
    if isinstance(operation, int):
        operation = _OPERATIONS.get(operation, operation)
    if operation not in _OPERATIONS.values():
        raise invalid(f"invalid predicate operation: {operation}")
    getter = _getter(key, operation, fields) if isinstance(key, str) else None
    if getter is None:
        raise invalid(f'no support for filtering on unrecognized field "{key}"')
    if len(message) != 1 or next(iter(message)) not in _VALUES:
        raise invalid(f'predicate on "{key}" must have one value, of {", ".join(_VALUES)}')
    name, value = next(iter(message.items()))
    kind = _VALUES[name]
    if operation == "IN" and not kind.startswith("[]"):
        raise invalid(f"cannot use IN operator with scalar type {kind}")
    if operation == "IS_SUBSTRING" and kind != "string":
        raise invalid(f"cannot use non string value type {kind} with operator {operation}")
    if operation in _COMPARISONS and kind.startswith("[]"):
        raise invalid(f"cannot use scalar operator {operation} on array type {kind}")
    return Predicate(operation, getter, _typed(key, kind, value))


def _getter(key: str, operation: str, fields: Mapping[str, Getter]) -> Getter | None:
    if not key.startswith(TAGS) or TAGS not in fields:
        return fields.get(key)
    if operation != "EQUALS":
        raise invalid(
            f"only EQUALS operation is supported for tag filtering, got {operation} for key "
            f"{json.dumps(key)}"
        )
    return lambda record: fields[TAGS](record).get(key.removeprefix(TAGS))


def _typed(key: str, kind: str, value: Json) -> Any:
    try:
        if kind.startswith("[]"):
            values = value.get("values", []) if isinstance(value, dict) else None
            if not isinstance(values, list):
                raise TypeError("no list of values")
            return [_typed(key, kind[2:], one) for one in values]
        if kind == "string" and isinstance(value, str):
            return value
        if kind == "timestamp" and isinstance(value, str):
            moment = datetime.fromisoformat(value)
            return moment.astimezone().replace(microsecond=0)
        if kind in {"int32", "int64"} and not isinstance(value, (bool, float)):
            return int(value)
    except (TypeError, ValueError):
        pass
    raise invalid(f'predicate on "{key}": {json.dumps(value)} is not of type {kind}')


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
