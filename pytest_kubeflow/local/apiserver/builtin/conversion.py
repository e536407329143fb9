"""What Go makes of an object that becomes a struct of its kind, and is written back.

Rules and words: apimachinery v0.34 pkg/runtime/converter.go (DefaultUnstructuredConverter), which
reads more loosely than encoding/json: fields that the struct has not are left out, numbers without
a fraction are whole ones, and too great ones lose their upper bits.
"""

from __future__ import annotations

from typing import Any

from pytest_kubeflow.local.apiserver.builtin.decoding import Decoder
from pytest_kubeflow.local.apiserver.builtin.schema import (
    Field,
    Leaf,
    ListOf,
    MapOf,
    Struct,
    Type,
    kind_of,
)
from pytest_kubeflow.local.apiserver.errors import StatusError

_GO_KINDS: dict[type, str] = {
    dict: "map",
    list: "slice",
    str: "string",
    bool: "bool",
    int: "int64",
    float: "float64",
}
_JSON_KINDS: dict[type, str] = {dict: "object", list: "array", bool: "bool"}
_WORD = 2**63
_BITS = {"int32": 32, "int64": 64}
_NUMBERS = frozenset({"int64", "float64"})


class ConversionError(ValueError):
    """A value is of another type; the message is the converter's."""


def written_back(obj: dict[str, Any]) -> dict[str, Any]:
    """An object of a built-in kind after that, its fields in the order of their numbers.

    Raises ConversionError.
    """
    api_version, kind = obj["apiVersion"], obj["kind"]
    struct = kind_of(api_version, kind)
    assert struct is not None
    try:
        made: dict[str, Any] = _Converter(struct, api_version, kind).members(obj, struct)
    except StatusError as error:
        raise ConversionError(error.message) from None
    return {"kind": kind, "apiVersion": api_version, **made}


class _Converter(Decoder):
    def members(self, value: Any, kind: Struct) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise ConversionError(f"cannot restore struct from: {_GO_KINDS[type(value)]}")
        found: dict[str, Any] = {}
        for name, field in sorted(kind.fields.items(), key=lambda one: one[1].number):
            member = value.get(name)
            if member is not None:
                made = self._value(member, field.type, kind)
                if made or field.pointer or field.always or _is_kept(field):
                    found[name] = made
            elif field.always and not field.pointer:
                found[name] = self._zero(field.type)
            elif _is_kept(field):
                found[name] = self.members({}, field.type)  # type: ignore[arg-type]
        return found

    def _value(self, value: Any, kind: Type, owner: Struct) -> Any:
        match kind:
            case Struct():
                return self.members(value, kind)
            case ListOf(item):
                if not isinstance(value, list):
                    raise ConversionError(f"cannot restore slice from {_GO_KINDS[type(value)]}")
                return [
                    self._zero(item) if one is None else self._value(one, item, owner)
                    for one in value
                ]
            case MapOf(of):
                if not isinstance(value, dict):
                    raise ConversionError(f"cannot restore map from {_GO_KINDS[type(value)]}")
                return {
                    key: self._zero(of) if one is None else self._value(one, of, owner)
                    for key, one in value.items()
                }
        return self._simple(value, kind, owner)

    def _simple(self, value: Any, kind: Leaf, owner: Struct) -> Any:
        if kind.kind == "intstr" and (isinstance(value, bool) or not isinstance(value, int | str)):
            name = _JSON_KINDS.get(type(value), f"number {value}")
            raise ConversionError(f"json: cannot unmarshal {name} into Go value of type int32")
        if kind.kind not in {"string", "bool", "int32", "int64", "float64"}:
            return self._leaf(value, kind, "", owner)
        given = _GO_KINDS[type(value)]
        if given == kind.kind and given != "int64":
            return value
        if given in _NUMBERS and kind.kind == "float64":
            return value
        bits = _BITS.get(kind.kind)
        if bits is not None and given in _NUMBERS and value == int(value):
            # What is more than an int64 was a float64 before, whose conversion has one result.
            whole = int(value) if abs(value) < _WORD else _WORD
            return (whole + 2 ** (bits - 1)) % 2**bits - 2 ** (bits - 1)
        # Go converts a whole number to a text, a letter, and that is not meant.
        is_convertible = (given in _NUMBERS and bits is not None) or (given, kind.kind) == (
            "int64",
            "string",
        )
        if is_convertible:
            raise ConversionError(f"cannot convert {given} to {kind.go}")
        raise ConversionError(f"unrecognized type: {kind.kind}")

    def _zero(self, kind: Type) -> Any:
        match kind:
            case Struct():
                return self.members({}, kind)
            case Leaf("string"):
                return ""
            case Leaf("bool"):
                return False
            case Leaf("int32" | "int64" | "float64" | "intstr"):
                return 0
            case Leaf("quantity"):
                return "0"
        return None

    @property
    def prefix(self) -> str:
        return ""


def _is_kept(field: Field) -> bool:
    """Whether a struct is written though it is empty: Go has no emptiness of structs."""
    return isinstance(field.type, Struct) and not field.pointer
