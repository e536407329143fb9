"""The `filter` of list calls: a `Filter` message as JSON, with predicates that must all hold.

Source: backend/api/v2beta1/filter.proto, backend/src/apiserver/filter/filter.go and, for the text,
parseAPIFilter in backend/src/apiserver/server/list_request_util.go. Names come in snake or camel
case and enums by name or number, as protobuf's JSON allows both. Times are whole seconds since
1970, 0 for those that are not yet: so the real server's database has them.
"""

from __future__ import annotations

import json
import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import unquote_plus

from pytest_kubeflow.local.pipelines.api.collation import collated, number
from pytest_kubeflow.local.pipelines.api.errors import invalid

Json = Any
TAGS = "tags."
"""The field of records with tags, of which `tags.<key>` can be filtered by but not sorted."""

_BAD_ESCAPE = re.compile(r"%(?![0-9a-fA-F]{2})")

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
    """One condition on `attribute` of a record, or on what `tag` has there."""

    operation: str
    attribute: str
    tag: str | None
    value: Any

    def holds(self, record: object) -> bool:
        actual = comparable(record, self.attribute)
        if self.tag is not None:
            actual = actual.get(self.tag)
        if self.operation == "IN":
            return any(_COMPARISONS["EQUALS"](*_alike(actual, one)) for one in self.value)
        if self.operation == "IS_SUBSTRING":
            return collated(str(self.value)) in collated(str(actual or ""))
        if actual is None:
            return self.operation == "NOT_EQUALS"
        return _COMPARISONS[self.operation](*_alike(actual, self.value))


def _alike(actual: Any, value: Any) -> tuple[Any, Any]:
    """Two values as the database compares them: texts by its collation, else as numbers."""
    if isinstance(actual, str) and isinstance(value, str):
        return collated(actual), collated(value)
    one, other = (number(each) if isinstance(each, str) else each for each in (actual, value))
    return one, other


def comparable(record: object, attribute: str) -> Any:
    """An attribute of a record; a time as seconds since 1970, and 0 if it is not yet."""
    value = operator.attrgetter(attribute)(record)
    if isinstance(value, datetime):
        return math.floor(value.timestamp())
    return 0 if value is None and attribute.endswith("_at") else value


def parse_filter(
    text: str, fields: Mapping[str, str], operation: str = "operation"
) -> list[Predicate]:
    """The predicates of a filter, in an order that equal filters share.

    `text` may be URL-encoded once more, as the UI sends it. `fields` maps the names that can be
    filtered by to attributes of the records, `operation` is how a predicate calls its own. Raises
    RequestError (INVALID_ARGUMENT) with the real server's words.
    """
    if not text:
        return []
    refusal = f"failed to parse valid filter from {json.dumps(text)}"
    try:
        if bad := _BAD_ESCAPE.search(text):
            raise ValueError(f"invalid URL escape {json.dumps(text[bad.start() :][:3])}")
        message = json.loads(unquote_plus(text, errors="strict"))
    except (ValueError, RecursionError) as error:
        raise invalid(f"{refusal}: {error}") from None
    if not isinstance(message, dict) or not isinstance(message.get("predicates", []), list):
        raise invalid(refusal)
    if unknown := sorted(message.keys() - {"predicates"}):
        raise invalid(f'{refusal}: unknown field "{unknown[0]}"')
    found = [_predicate(one, fields, operation) for one in message.get("predicates", [])]
    return sorted(found, key=lambda one: (one.operation, one.attribute, one.tag or ""))


def _predicate(message: Json, fields: Mapping[str, str], operation_field: str) -> Predicate:
    if not isinstance(message, dict):
        raise invalid(f"failed to parse valid filter: {message!r} is not a predicate")
    message = {_camel(name): value for name, value in message.items()}
    key, operation = message.pop("key", ""), message.pop(operation_field, 0)
    if isinstance(operation, int):
        operation = _OPERATIONS.get(operation, operation)
    if operation not in _OPERATIONS.values():
        raise invalid(f"invalid predicate operation: {operation}")
    field = _field(key, operation, fields) if isinstance(key, str) else None
    if field is None:
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
    return Predicate(operation, *field, _typed(key, kind, value))


def _field(key: str, operation: str, fields: Mapping[str, str]) -> tuple[str, str | None] | None:
    """The attribute that `key` names, and the tag if it is one of its tags."""
    if not key.startswith(TAGS) or TAGS not in fields:
        return (fields[key], None) if key in fields else None
    if operation != "EQUALS":
        raise invalid(
            f"only EQUALS operation is supported for tag filtering, got {operation} for key "
            f"{json.dumps(key)}"
        )
    return fields[TAGS], key.removeprefix(TAGS)


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
            if moment.tzinfo is None:
                raise ValueError("no time zone")
            return math.floor(moment.timestamp())
        if kind in {"int32", "int64"} and not isinstance(value, (bool, float)):
            return int(value)
    except (TypeError, ValueError, OverflowError):
        pass
    raise invalid(f'predicate on "{key}": {json.dumps(value)} is not of type {kind}')


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
