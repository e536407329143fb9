"""The types of built-in kinds: structs of Kubernetes' Go packages, field by field.

`types.json` is printed by tests/real/go/kubernetes/builtintypes, which reads the structs of
k8s.io/api by reflection. A field is `NUMBER TYPE FLAGS`: its number in protobuf, its type, `*` for
a pointer, `!` where it is written though it is empty, `0` where it is not though it is a struct,
and `merge:KEY` for lists that a strategic merge patch merges. Types are `string`, `int32`, other
leaves, `[]` and `{}` before what lists and maps hold, and names of structs, such as
`core/v1.Container`. `=` comes before the name of a type that has one in Go.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import orjson

_TABLE = Path(__file__).with_name("types.json")


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value without members: `kind` is the type, `go` what Go calls it."""

    kind: str
    go: str


@dataclass(frozen=True, slots=True)
class ListOf:
    """An array."""

    item: Type
    go: str


@dataclass(frozen=True, slots=True)
class MapOf:
    """An object whose keys are free."""

    value: Type
    go: str


@dataclass(frozen=True)
class Struct:
    """An object with known fields, such as `core/v1.Container`."""

    name: str

    @property
    def go(self) -> str:
        return self.name.rpartition("/")[2]

    @property
    def short(self) -> str:
        return self.name.rpartition(".")[2]

    @cached_property
    def fields(self) -> Mapping[str, Field]:
        """By their names in JSON; those of embedded structs are among them."""
        found: dict[str, Field] = {}
        for name, text in _table()["structs"][self.name].items():
            field = Field.parse(text)
            if name.startswith("+"):
                assert isinstance(field.type, Struct)
                found |= field.type.fields
            else:
                found[name] = field
        return found

    @cached_property
    def zeros(self) -> Mapping[str, int]:
        """Numbers and truth values that are written though nobody has set them."""
        return {
            name: False if field.type.kind == "bool" else 0
            for name, field in self.fields.items()
            if field.always
            and not field.pointer
            and isinstance(field.type, Leaf)
            and field.type.kind in {"bool", "int32", "int64"}
        }

    @cached_property
    def numbered(self) -> Mapping[int, tuple[str, Field]]:
        """By their numbers in protobuf; the name of an embedded struct begins with `+`."""
        fields = _table()["structs"][self.name]
        return {
            field.number: (name, field)
            for name, field in ((name, Field.parse(text)) for name, text in fields.items())
        }


Type = Leaf | ListOf | MapOf | Struct


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a struct. `merge_key` is None where patches replace it whole, "" for sets."""

    number: int
    type: Type
    pointer: bool
    always: bool
    merge_key: str | None

    @staticmethod
    def parse(text: str) -> Field:
        number, kind, *flags = text.split(" ")
        merged = (one.partition(":")[2] for one in flags if one.startswith("merge"))
        return Field(int(number), _parse(kind), "*" in flags, "!" in flags, next(merged, None))


@cache
def _table() -> Any:
    return orjson.loads(_TABLE.read_bytes())


@cache
def _parse(text: str) -> Type:
    for opening, closing, make in (("[", "]", ListOf), ("{", "}", MapOf)):
        if text.startswith(opening):
            name, _, rest = text[1:].partition(closing)
            inner = _parse(rest)
            prefix = "[]" if make is ListOf else "map[string]"
            found: Type = make(inner, name.removeprefix("=") or f"{prefix}{inner.go}")
            return found
    if "/" in text:
        return struct(text)
    kind, _, name = text.partition("=")
    return Leaf(kind, name or _GO_NAMES.get(kind, kind))


_GO_NAMES = {
    "bytes": "[]uint8",
    "intstr": "int32",
    "microtime": "v1.MicroTime",
    "quantity": "resource.Quantity",
    "raw": "runtime.RawExtension",
    "time": "v1.Time",
}


@cache
def struct(name: str) -> Struct:
    """The struct of this name."""
    return Struct(name)


@cache
def kind_of(api_version: str, kind: str) -> Struct | None:
    """The struct of a kind, None if it is no built-in one: `v1`, `Pod` is `core/v1.Pod`."""
    name = _table()["kinds"].get(f"{api_version} {kind}")
    return None if name is None else struct(name)


def new_status(api_version: str, kind: str) -> dict[str, Any]:
    """What the status of a new object has, before anybody has written one."""
    found = kind_of(api_version, kind)
    field = None if found is None else found.fields.get("status")
    return {} if field is None or not isinstance(field.type, Struct) else dict(field.type.zeros)


METADATA = struct("meta/v1.PartialObjectMetadata")
"""What all kinds have."""
