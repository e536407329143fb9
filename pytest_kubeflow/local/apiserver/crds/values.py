"""Values of custom objects against the schema of their kind.

Wording: kube-openapi/pkg/validation/errors, as apiextensions-apiserver passes it on.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cache
from typing import Any

from pytest_kubeflow.local.apiserver.errors import Object
from pytest_kubeflow.local.apiserver.validation.causes import Cause

INT_OR_STRING = "x-kubernetes-int-or-string"
_LIST_TYPE, _MAP_KEYS = "x-kubernetes-list-type", "x-kubernetes-list-map-keys"
_TYPES: dict[str, tuple[type, ...]] = {
    "array": (list,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "object": (dict,),
    "string": (str,),
}
_NAMES = {bool: "boolean", dict: "object", float: "number", int: "integer", list: "array"}


def wrong_values(schema: Object | None, value: Any, path: str) -> Iterator[Cause]:
    """What does not fit.

    Checked are types, required members, enum, pattern, the format of times, bounds, sets and maps
    in lists, allOf, anyOf, oneOf, not.
    """
    if not schema or (value is None and schema.get("nullable")):
        return
    expected = schema.get("type")
    if schema.get(INT_OR_STRING):
        if not (isinstance(value, str) or _is(value, "integer")):
            yield _of_type(path, value, "integer,string")
        return
    if expected and not _is(value, expected):
        yield _of_type(path, value, expected)
        return
    if "enum" in schema and value not in schema["enum"]:
        known = ", ".join(json.dumps(one) for one in schema["enum"])
        message = f"Unsupported value: {_shown(value)}: supported values: {known}"
        yield path, "FieldValueNotSupported", message
    yield from _bounds(schema, value, path)
    if isinstance(value, dict):
        yield from _members(schema, value, path)
    elif isinstance(value, list):
        for at, one in enumerate(value):
            yield from wrong_values(schema.get("items"), one, f"{path}[{at}]")
        yield from _repeated(schema, value, path)
    yield from _combined(schema, value, path)


def _members(schema: Object, value: Object, path: str) -> Iterator[Cause]:
    properties = schema.get("properties") or {}
    extra = schema.get("additionalProperties")
    for key in schema.get("required") or []:
        if key not in value:
            yield _below(path, key), "FieldValueRequired", "Required value"
    for key, inner in value.items():
        known = properties.get(key, extra if isinstance(extra, dict) else None)
        if path or key not in {"apiVersion", "kind", "metadata"}:
            yield from wrong_values(known, inner, _below(path, key))


def _repeated(schema: Object, value: list[Any], path: str) -> Iterator[Cause]:
    """Items of sets, and of maps by their keys, that are there before."""
    seen: list[Any] = []
    for at, item in enumerate(value):
        if schema.get(_LIST_TYPE) == "map" and isinstance(item, dict):
            item = {key: item[key] for key in schema[_MAP_KEYS] if key in item}  # noqa: PLW2901
        elif schema.get(_LIST_TYPE) != "set":
            return
        if item in seen:
            yield f"{path}[{at}]", "FieldValueDuplicate", f"Duplicate value: {_shown(item)}"
        seen.append(item)


def _combined(schema: Object, value: Any, path: str) -> Iterator[Cause]:
    for inner in schema.get("allOf") or []:
        yield from wrong_values(inner, value, path)
    place = path or "<nil>"
    if (some := schema.get("anyOf")) and not any(_fits(one, value) for one in some):
        yield _schemas(place, path, "at least one schema (anyOf)")
    if (one_of := schema.get("oneOf")) and sum(_fits(one, value) for one in one_of) != 1:
        yield _schemas(place, path, "one and only one schema (oneOf)")
    if (none := schema.get("not")) and _fits(none, value):
        message = f'Invalid value: "": "{path}" must not validate the schema (not)'
        yield place, "FieldValueInvalid", message


def _schemas(place: str, path: str, what: str) -> Cause:
    return place, "FieldValueInvalid", f'Invalid value: "": "{path}" must validate {what}'


def _fits(schema: Object, value: Any) -> bool:
    return next(wrong_values(schema, value, "x"), None) is None


def _of_type(path: str, value: Any, expected: str) -> Cause:
    found = _NAMES.get(type(value), "null" if value is None else "string")
    message = f'Invalid value: "{found}": {path} in body must be of type {expected}: "{found}"'
    return path, "FieldValueTypeInvalid", message


def _is(value: Any, expected: str) -> bool:
    if isinstance(value, bool):
        return expected == "boolean"
    if expected == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _TYPES.get(expected, (object,)))


def _below(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _shown(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


@cache
def _pattern(text: str) -> re.Pattern[str]:
    # Go's `\z` is Python's `\Z`; what Python cannot read matches all.
    try:
        return re.compile(text.replace(r"\z", r"\Z"))
    except re.error:
        return re.compile("")


_BOUNDS: dict[str, tuple[tuple[type, ...], Callable[[Any, Any], bool], str]] = {
    "minimum": (
        (int, float),
        lambda value, bound: value >= bound,
        "should be greater than or equal to {}",
    ),
    "maximum": (
        (int, float),
        lambda value, bound: value <= bound,
        "should be less than or equal to {}",
    ),
    "multipleOf": (
        (int, float),
        lambda value, bound: value % bound == 0,
        "should be a multiple of {}",
    ),
    "minLength": (
        (str,),
        lambda value, bound: len(value) >= bound,
        "should be at least {} chars long",
    ),
    "minItems": (
        (list,),
        lambda value, bound: len(value) >= bound,
        "should have at least {} items",
    ),
    "minProperties": (
        (dict,),
        lambda value, bound: len(value) >= bound,
        "should have at least {} properties",
    ),
    "pattern": (
        (str,),
        lambda value, bound: _pattern(bound).search(value) is not None,
        "should match '{}'",
    ),
}
_MOST: dict[str, tuple[type[list[Any]] | type[str] | type[dict[str, Any]], str]] = {
    "maxItems": (list, "must have at most {} items"),
    "maxLength": (str, "may not be more than {} bytes"),
    "maxProperties": (dict, "must have at most {} items"),
}


def _bounds(schema: Object, value: Any, path: str) -> Iterator[Cause]:
    for name, (types, holds, message) in _BOUNDS.items():
        if name in schema and isinstance(value, types) and not holds(value, schema[name]):
            text = message.format(schema[name])
            yield (
                path,
                "FieldValueInvalid",
                f"Invalid value: {_shown(value)}: {path} in body {text}",
            )
    for name, (kind, message) in _MOST.items():
        if name in schema and isinstance(value, kind) and len(value) > schema[name]:
            reason = "FieldValueTooLong" if kind is str else "FieldValueTooMany"
            said = f"Too long: {message}" if kind is str else f"Too many: {len(value)}: {message}"
            yield path, reason, said.format(schema[name])
    if schema.get("format") == "date-time" and isinstance(value, str) and not _is_time(value):
        message = f'Invalid value: "{value}": {path} in body must be of type date-time: "{value}"'
        yield path, "FieldValueInvalid", message


def _is_time(value: str) -> bool:
    try:
        return "T" in value and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False
