"""Reads an object by the struct of its kind, as encoding/json and sigs.k8s.io/json do.

Values of another type are refused, in Go's words; null is as good as nothing, and so is what is
empty, unless the field is a pointer or always written; fields that the struct does not have are
left out, and their paths are told.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from pytest_kubeflow.local.apiserver.builtin.schema import (
    Leaf,
    ListOf,
    MapOf,
    Struct,
    Type,
    kind_of,
)
from pytest_kubeflow.local.apiserver.errors import StatusError, bad_request
from pytest_kubeflow.local.kube.quantity import format_quantity, parse_quantity

_JSON_NAMES = {dict: "object", list: "array", str: "string", bool: "bool"}
_PYTHON: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "bool": (bool,),
    "int32": (int,),
    "int64": (int,),
    "float64": (int, float),
    "intstr": (int, str),
}
_LIMITS = {"int32": 2**31, "int64": 2**63, "intstr": 2**31}
_QUANTITY = re.compile(r"([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)")
_QUANTITY_MESSAGE = (
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
)
_TIME = re.compile(r"[\d-]+T[\d:]+([.,]\d+)?(Z|[+-]\d\d:\d\d)")
_MICROTIME = re.compile(r"[\d-]+T[\d:]+\.\d{6}(Z|[+-]\d\d:\d\d)")
_MOST_UNKNOWN = 100
_EMPTY: dict[str, Any] = {"string": "", "bool": False, "bytes": ""}


@dataclass
class Decoder:
    """One reading. `name` is the kind and `version` that of its group, as errors name them."""

    kind: Struct
    version: str
    name: str
    unknown: list[str] = field(default_factory=list)
    """Paths of fields that the kind does not have: `spec.containers[0].immage`."""

    def decode(self, obj: Any) -> Any:
        """The object without members that are null or unknown. Raises StatusError 400."""
        return self._read(obj, self.kind, "", "", self.kind)

    def _read(self, value: Any, kind: Type, path: str, shown: str, owner: Struct) -> Any:
        """`path` is the one that Go's errors have, without places in lists, unlike `shown`."""
        if isinstance(kind, Leaf):
            is_text = isinstance(value, str) and kind.kind == "string"
            return value if is_text else self._leaf(value, kind, path, owner)
        if isinstance(kind, Struct) and isinstance(value, dict):
            return self._members(value, kind, path, shown)
        if isinstance(kind, ListOf) and isinstance(value, list):
            of = kind.item
            return [
                _empty(of) if one is None else self._read(one, of, path, f"{shown}[{at}]", owner)
                for at, one in enumerate(value)
            ]
        if isinstance(kind, MapOf) and isinstance(value, dict):
            of = kind.value
            return {
                key: _empty(of)
                if one is None
                else self._read(one, of, path, f"{shown}[{key}]", owner)
                for key, one in value.items()
            }
        raise self._mismatch(value, kind, path, owner)

    def _members(self, value: dict[str, Any], kind: Struct, path: str, shown: str) -> Any:
        found: dict[str, Any] = dict(kind.zeros)
        fields = kind.fields
        for name, member in value.items():
            known = fields.get(name)
            if known is not None:
                if member is None:
                    continue
                if isinstance(member, str) and _is_string(known.type):
                    # Most leaves are such: nothing can be wrong with them, so none needs its path.
                    if member or known.always or known.pointer:
                        found[name] = member
                    continue
                below = f"{shown}.{name}" if shown else name
                inner = f"{path}.{name}" if path else name
                read = self._read(member, known.type, inner, below, kind)
                if read or known.always or known.pointer or isinstance(known.type, Struct):
                    found[name] = read
            elif kind is self.kind and name in {"apiVersion", "kind"}:
                found[name] = member
            elif len(self.unknown) < _MOST_UNKNOWN:
                self.unknown.append(f"{shown}.{name}" if shown else name)
        return found

    def _leaf(self, value: Any, kind: Leaf, path: str, owner: Struct) -> Any:
        match kind.kind:
            case "raw":
                return value
            case "quantity":
                text = value if isinstance(value, str) else str(value)
                if isinstance(value, bool | dict | list) or not _QUANTITY.fullmatch(text.strip()):
                    raise self._refused(_QUANTITY_MESSAGE)
                return _canonical(text.strip())
            case "time" | "microtime":
                return self._time(value, kind.kind)
            case "bytes" if isinstance(value, str):
                return self._bytes(value)
        python = _PYTHON.get(kind.kind, ())
        if not isinstance(value, python) or (isinstance(value, bool) and bool not in python):
            raise self._mismatch(value, kind, path, owner)
        limit = _LIMITS.get(kind.kind)
        if limit is not None and isinstance(value, int) and not -limit <= value < limit:
            raise self._mismatch(value, kind, path, owner)
        return value

    def _bytes(self, value: str) -> str:
        try:
            base64.b64decode(re.sub(r"[\r\n]", "", value), validate=True)
        except binascii.Error:
            at = re.search(r"[^A-Za-z0-9+/\r\n]", value.rstrip("="))
            place = len(value) // 4 * 4 if at is None else at.start()
            raise self._refused(f"illegal base64 data at input byte {place}") from None
        return value

    def _time(self, value: Any, kind: str) -> Any:
        if not isinstance(value, str):
            name = _json_name(value)
            raise self._refused(f"json: cannot unmarshal {name} into Go value of type string")
        try:
            return _written(value, kind)
        except (ValueError, OverflowError):
            layout = "2006-01-02T15:04:05Z07:00"
            if kind == "microtime":
                layout = "2006-01-02T15:04:05.000000Z07:00"
            left, part = _unparsed(value)
            why = f'parsing time "{value}" as "{layout}": cannot parse "{left}" as "{part}"'
            raise self._refused(why) from None

    def _mismatch(self, value: Any, kind: Type, path: str, owner: Struct) -> StatusError:
        numeric = isinstance(kind, Leaf) and kind.kind in _LIMITS
        name = _json_name(value, numeric=numeric)
        place = f"{owner.short}.{path}"
        return self._refused(
            f"json: cannot unmarshal {name} into Go struct field {place} of type {kind.go}"
        )

    @property
    def prefix(self) -> str:
        """What all refusals begin with."""
        return f'{self.name} in version "{self.version}" cannot be handled as a {self.name}: '

    def _refused(self, why: str) -> StatusError:
        return bad_request(f"{self.prefix}{why}")


def _is_string(kind: Type) -> bool:
    return isinstance(kind, Leaf) and kind.kind == "string"


@lru_cache(maxsize=4096)
def _written(time: str, kind: str) -> str:
    """A time as it is written back. Raises ValueError, OverflowError for what is none."""
    if not (_TIME if kind == "time" else _MICROTIME).fullmatch(time):
        raise ValueError(time)
    moment = datetime.fromisoformat(time).astimezone(UTC).replace(tzinfo=None)
    return moment.isoformat(timespec="seconds" if kind == "time" else "microseconds") + "Z"


@lru_cache(maxsize=4096)
def _canonical(text: str) -> str:
    """A quantity as it is written back; with an exponent it stays as it is."""
    try:
        exponent = re.search(r"[eE][+-]?\d", text)
        return text if exponent else format_quantity(parse_quantity(text), like=text)
    except ValueError:
        raise bad_request(_QUANTITY_MESSAGE) from None


def decode(obj: Any, api_version: str, kind: str) -> Any:
    """An object of a built-in kind, without what that has not. Raises StatusError 400."""
    struct = kind_of(api_version, kind)
    assert struct is not None
    version, found = api_version.rpartition("/")[2], obj.get("kind", kind)
    if found not in {kind, ""}:
        raise bad_request(
            f'{found} in version "{version}" cannot be handled as a {kind}: converting '
            f"(v1.{found}) to ({struct.go}): unknown conversion"
        )
    return Decoder(struct, api_version.rpartition("/")[2], kind).decode(obj)


def _unparsed(value: str) -> tuple[str, str]:
    """What of a time Go cannot read, and the part of its layout that was expected there."""
    parts = (
        *((r"\d{4}", "2006"), ("-", "-"), (r"\d\d", "01"), ("-", "-"), (r"\d\d", "02")),
        *(("T", "T"), (r"\d\d", "15"), (":", ":"), (r"\d\d", "04"), (":", ":")),
        (r"\d\d", "05"),
    )
    left = value
    for pattern, part in parts:
        found = re.match(pattern, left)
        if found is None:
            return left, part
        left = left[found.end() :]
    return left, ".000000" if "." not in left else "Z07:00"


def _empty(kind: Type) -> Any:
    """What null is, where something has to be: Go's zero value."""
    match kind:
        case Leaf(name):
            return _EMPTY.get(name, None if name in {"raw", "time", "microtime"} else 0)
        case ListOf():
            return []
    return {}


def _json_name(value: Any, *, numeric: bool = False) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return _JSON_NAMES[type(value)]
    # A number is quoted where it is one of another kind of number.
    return f"number {value}" if numeric else "number"
