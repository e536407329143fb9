"""How types of fields are written down: scalars, lists, maps, structs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scalar:
    """`name` in Go, and the Python types of the JSON values that fit."""

    name: str
    python: tuple[type, ...]


@dataclass(frozen=True, slots=True)
class Struct:
    """An object with fields; those that are not named here may be there too."""

    name: str
    fields: Mapping[str, Type]


@dataclass(frozen=True, slots=True)
class ListOf:
    """An array."""

    item: Type


@dataclass(frozen=True, slots=True)
class MapOf:
    """An object whose keys are free."""

    value: Type
    name: str = ""


Type = Scalar | Struct | ListOf | MapOf

STRING = Scalar("string", (str,))
INT32 = Scalar("int32", (int,))
INT64 = Scalar("int64", (int,))
BOOL = Scalar("bool", (bool,))
INT_OR_STRING = Scalar("int32", (int, str))
QUANTITY = Scalar("resource.Quantity", (int, float, str))
STRINGS = ListOf(STRING)
STRING_MAP = MapOf(STRING)
QUANTITIES = MapOf(QUANTITY, "v1.ResourceList")


def strings(*names: str) -> dict[str, Type]:
    return dict.fromkeys(names, STRING)


def go_name(kind: Type) -> str:
    """As Go writes it."""
    match kind:
        case ListOf(item):
            return f"[]{go_name(item)}"
        case MapOf(value, name):
            return name or f"map[string]{go_name(value)}"
        case Scalar(name) | Struct(name):
            return name
