"""Values of other types than a Go program's structs, in the words of encoding/json."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_INT32 = 2**31


def type_errors(struct: str, path: str, value: Any, wanted: Any, *, package: str) -> Iterator[str]:
    """What is wrong with `value` at `path` of a `struct`.

    `wanted` is the name of a type, a list of one, a map of texts to one, `{"": "string"}`, or a
    struct of `package`: its name and fields.
    """
    if value is None:
        return
    if isinstance(wanted, tuple):
        name, fields = wanted
        if not isinstance(value, dict):
            yield _error(struct, path, value, f"{package}.{name}")
            return
        for key, kind in fields.items():
            yield from type_errors(name, f"{path}.{key}", value.get(key), kind, package=package)
    elif isinstance(wanted, dict):
        kind = wanted[""]
        if not isinstance(value, dict):
            yield _error(struct, path, value, f"map[string]{kind}")
            return
        for one in value.values():
            yield from type_errors(struct, path, one, kind, package=package)
    elif isinstance(wanted, list):
        if not isinstance(value, list):
            kind = wanted[0] if isinstance(wanted[0], str) else f"{package}.{wanted[0][0]}"
            yield _error(struct, path, value, f"[]{kind}")
            return
        for one in value:
            yield from type_errors(struct, path, one, wanted[0], package=package)
    elif not _fits(value, wanted):
        whole = wanted in {"int32", "int64"}
        shown = f"number {value}" if isinstance(value, float) and whole else None
        yield _error(struct, path, value, wanted, shown=shown)


def without_nulls(value: Any, wanted: Any) -> Any:
    """A value of these types as Go reads it: null is a zero in lists and maps, else nothing."""
    if isinstance(wanted, tuple) and isinstance(value, dict):
        fields = wanted[1]
        return {
            key: without_nulls(one, fields.get(key))
            for key, one in value.items()
            if one is not None or key not in fields
        }
    if isinstance(wanted, list) and isinstance(value, list):
        return [_zero(wanted[0]) if one is None else without_nulls(one, wanted[0]) for one in value]
    if isinstance(wanted, dict) and isinstance(value, dict):
        return {key: _zero(wanted[""]) if one is None else one for key, one in value.items()}
    return value


def _zero(wanted: Any) -> Any:
    return {} if isinstance(wanted, tuple | dict) else [] if isinstance(wanted, list) else ""


def _fits(value: Any, kind: str) -> bool:
    if kind in {"bool", "object"}:
        return isinstance(value, bool if kind == "bool" else dict)
    if kind == "int32":
        return isinstance(value, int) and not isinstance(value, bool) and -_INT32 <= value < _INT32
    if kind == "int64":
        return isinstance(value, int) and not isinstance(value, bool)
    if kind == "float64":
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, str)


def _error(struct: str, path: str, value: Any, kind: str, *, shown: str | None = None) -> str:
    return (
        f"json: cannot unmarshal {shown or json_type(value)} into Go struct field "
        f"{struct}.{path} of type {kind}"
    )


def json_type(value: Any) -> str:
    """One of bool, number, string, array and object."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"
