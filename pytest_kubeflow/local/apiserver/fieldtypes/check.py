"""Reads an object by the type that it should have."""

from __future__ import annotations

from typing import Any

from pytest_kubeflow.local.apiserver.errors import bad_request
from pytest_kubeflow.local.apiserver.fieldtypes.types import (
    INT32,
    INT64,
    ListOf,
    MapOf,
    Scalar,
    Struct,
    Type,
    go_name,
)

_JSON_NAMES = {dict: "object", list: "array", str: "string", bool: "bool"}
_LIMITS = {INT32: 2**31, INT64: 2**63}


def typed(obj: Any, kind: Struct, *, version: str) -> Any:
    """The object without members that are null. Raises StatusError 400 for a value of another type.

    Null is as good as nothing, but not as a member of a list.
    """
    short = kind.name.rpartition(".")[2]
    told = f'{short} in version "{version}" cannot be handled as a {short}'
    return _read(obj, kind, "", kind, told)


def _read(value: Any, kind: Type, path: str, owner: Struct, told: str) -> Any:
    match kind:
        case Struct(_, fields) if isinstance(value, dict):
            found = {}
            for name, member in value.items():
                if member is None:
                    continue
                below = f"{path}.{name}" if path else name
                known = fields.get(name)
                found[name] = _read(member, known, below, kind, told) if known else member
            return found
        case ListOf(item) if isinstance(value, list):
            return [_read(one, item, path, owner, told) for one in value]
        case MapOf(of) if isinstance(value, dict):
            return {
                key: _read(one, of, path, owner, told)
                for key, one in value.items()
                if one is not None
            }
        case Scalar(_, python) if isinstance(value, python) and _fits(value, kind):
            return value
    if kind.__class__ is Scalar and go_name(kind) == "resource.Quantity":
        why = "quantities must match the regular expression"
        raise bad_request(f"{told}: {why} '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")
    place = f"{owner.name.rpartition('.')[2]}.{path}"
    raise bad_request(
        f"{told}: json: cannot unmarshal {_json_name(value, kind)} into Go struct field {place} of "
        f"type {go_name(kind)}"
    )


def _fits(value: Any, kind: Scalar) -> bool:
    if isinstance(value, bool):
        return bool in kind.python
    limit = _LIMITS.get(kind)
    return limit is None or isinstance(value, str) or -limit <= value < limit


def _json_name(value: Any, kind: Type) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return _JSON_NAMES[type(value)]
    # A number is quoted where it is one of another kind of number.
    numeric = isinstance(kind, Scalar) and int in kind.python
    return f"number {value}" if numeric else "number"
