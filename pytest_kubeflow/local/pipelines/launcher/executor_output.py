"""ExecutorOutput: the file in which the SDK's executor tells a component's outputs.

It is protobuf's JSON, which takes no field that it does not know, none twice, and none of another
type. Fields: kubeflow/pipelines api/v2alpha1/pipeline_spec.proto, ExecutorOutput; messages:
google.golang.org/protobuf encoding/protojson/decode.go. The fields that are deprecated there count
for nothing, so what is in them is not looked at.
"""

from __future__ import annotations

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

_SCHEMA_KINDS = ("schemaTitle", "schemaUri", "instanceSchema")
_LARGEST = 1.7976931348623157e308
_DIGITS = 308  # of a whole number that fits into a double, however it begins


def decode(text: str) -> Any:
    """The JSON in `text`. Raises ValueError, also for what only Python takes for JSON."""
    try:
        content = json.loads(
            text,
            object_pairs_hook=_object,
            parse_float=_double,
            parse_int=_integer,
            parse_constant=_no_constant,
        )
    except RecursionError:
        raise ValueError("exceeded max recursion depth") from None
    if "\\u" in text:
        json.dumps(content, ensure_ascii=False).encode()  # halves of characters are none
    return content


def read(content: Any) -> dict[str, Any]:
    """`content` as an ExecutorOutput, names in lowerCamelCase. Raises ValueError."""
    fields = {"parameters": _struct, "artifacts": _artifacts, "parameterValues": _struct}
    return _message(content, fields)


def _artifacts(content: Any) -> dict[str, Any]:
    return {
        name: _message(one, {"artifacts": _runtime_artifacts})
        for name, one in _struct(content).items()
    }


def _runtime_artifacts(content: Any) -> list[dict[str, Any]]:
    if not isinstance(content, list):
        raise _unexpected(content)
    fields = {
        "type": _schema,
        "properties": _struct,
        "customProperties": _struct,
        "metadata": _struct,
    }
    return [_message(one, fields, ("name", "uri", "customPath")) for one in content]


def _schema(content: Any) -> dict[str, Any]:
    schema = _message(content, {}, (*_SCHEMA_KINDS, "schemaVersion"))
    if len(schema.keys() & set(_SCHEMA_KINDS)) > 1:
        raise ValueError("oneof ml_pipelines.ArtifactTypeSchema.kind is already set")
    return schema


def _message(
    content: Any, fields: Mapping[str, Callable[[Any], Any]], strings: tuple[str, ...] = ()
) -> dict[str, Any]:
    """A message with these fields and strings, by either name. One that is null is not set."""
    names = {name: field for field in (*fields, *strings) for name in (field, _snake_case(field))}
    found: dict[str, Any] = {}
    for key, value in _struct(content).items():
        field = names.get(key)
        if field is None:
            raise ValueError(f"unknown field {_quoted(key)}")
        if field in found:
            raise ValueError(f"duplicate field {_quoted(key)}")
        if field in strings and not isinstance(value, str | None):
            raise ValueError(f"invalid value for string field {field}: {_quoted(value)[:200]}")
        found[field] = fields[field](value) if field in fields and value is not None else value
    return {field: value for field, value in found.items() if value is not None}


def _struct(content: Any) -> dict[str, Any]:
    if not isinstance(content, dict):
        raise _unexpected(content)
    return content


def _unexpected(content: Any) -> ValueError:
    token = "[" if isinstance(content, list) else _quoted(content)[:200]
    return ValueError(f"syntax error: unexpected token {token}")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"duplicate field {_quoted(twice)}")
    return found


def _double(digits: str) -> float:
    number = float(digits)
    if abs(number) > _LARGEST:
        raise ValueError(f"invalid value for number: {digits[:80]}")
    return number


def _integer(digits: str) -> int:
    if len(digits) > _DIGITS:
        raise ValueError(f"invalid value for number: {digits[:80]}")
    return int(digits)


def _no_constant(name: str) -> Any:
    raise ValueError(f"syntax error: invalid value {name}")


def _snake_case(field: str) -> str:
    return "".join(f"_{one.lower()}" if one.isupper() else one for one in field)


def _quoted(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False)
