"""Objects as protobuf, which clients in Go send where they are typed: kubectl's `create`, `debug`.

Others, and `kubectl apply`, send JSON. The fields and their numbers are those of `builtin/`.
"""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from pytest_kubeflow.local.apiserver.builtin.schema import (
    Leaf,
    ListOf,
    MapOf,
    Struct,
    Type,
    kind_of,
)
from pytest_kubeflow.local.apiserver.errors import Object, StatusError, bad_request

CONTENT_TYPE = "application/vnd.kubernetes.protobuf"
_MAGIC = b"k8s\x00"
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_NUMBERS = frozenset({"bool", "int32", "int64"})
_JSON_ALONE = "apiextensions.k8s.io"  # schemas have another form there than in JSON
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def decode(body: bytes) -> Object:
    """The JSON form of a protobuf body. Raises StatusError 400, or 415 for other kinds."""
    if not body.startswith(_MAGIC):
        raise bad_request("the body is not a Kubernetes protobuf message")
    try:
        unknown: dict[int, Any] = dict(_fields(body[len(_MAGIC) :]))
        type_meta = dict(_fields(unknown[1]))
        version, kind = (type_meta.get(number, b"").decode() for number in (1, 2))
        known = kind_of(version, kind)
        if known is None or version.startswith(_JSON_ALONE):
            text = f"{kind} of {version} is not understood as protobuf; send it as JSON"
            raise StatusError(415, "UnsupportedMediaType", text)
        message = _message(known, unknown.get(2, b""))
    except (IndexError, KeyError, ValueError, OverflowError):
        raise bad_request("the body is not a Kubernetes protobuf message") from None
    return {"apiVersion": version, "kind": kind, **message}


def _message(parent: Struct, data: bytes) -> Object:
    decoded: Object = {}
    for number, raw in _fields(data):
        found = parent.numbered.get(number)
        if found is None:
            continue
        name, field = found
        kind = field.type
        item = kind.item if isinstance(kind, ListOf) else kind
        if isinstance(raw, int) is not (isinstance(item, Leaf) and item.kind in _NUMBERS):
            raise ValueError(f"{name} of another wire type")
        if isinstance(kind, MapOf):
            entry = dict(_fields(raw))
            key = entry.get(1, b"").decode()
            decoded.setdefault(name, {})[key] = _value(kind.value, entry.get(2, b""))
        elif isinstance(kind, ListOf):
            decoded.setdefault(name, []).append(_value(item, raw))
        elif name.startswith("+"):
            decoded |= _value(kind, raw)
        else:
            value = _value(kind, raw)
            # What is not set is sent as well, where Go has no word for it.
            if field.pointer or value not in ("", {}, None, 0):
                decoded[name] = value
    return decoded


def _value(kind: Type, raw: Any) -> Any:
    match kind:
        case Struct():
            return _message(kind, raw)
        case ListOf(item):  # of a map: a message that holds the list
            return [_value(item, one) for number, one in _fields(raw) if number == 1]
        case MapOf():
            raise ValueError("a map in a map")
        case Leaf(name):
            return _leaf(name, raw)


def _leaf(kind: str, raw: Any) -> Any:
    match kind:
        case "string":
            return raw.decode()
        case "bytes":
            return base64.b64encode(raw).decode()
        case "bool":
            return bool(raw)
        case "float64":
            return struct.unpack("<d", raw)[0]
        case "quantity":
            return dict(_fields(raw)).get(1, b"").decode()
        case "raw":
            return json.loads(dict(_fields(raw)).get(1) or b"null")
        case "time" | "microtime":
            return _time(dict(_fields(raw)), "microseconds" if kind == "microtime" else "seconds")
        case "intstr":
            parts = dict(_fields(raw))
            if parts.get(1):
                return parts.get(3, b"").decode()
            return _leaf("int32", parts.get(2, 0))
    return raw - (1 << 64) if raw >> 63 else raw


def _time(parts: dict[int, Any], precision: str) -> str | None:
    if not parts:
        return None
    seconds = _leaf("int64", parts.get(1, 0))
    moment = _EPOCH + timedelta(seconds=seconds, microseconds=parts.get(2, 0) // 1000)
    return moment.replace(tzinfo=None).isoformat(timespec=precision) + "Z"


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    position = 0
    while position < len(data):
        tag, position = _varint(data, position)
        number, wire = tag >> 3, tag & 7
        if wire == _VARINT:
            value, position = _varint(data, position)
            yield number, value
            continue
        if wire == _BYTES:
            size, position = _varint(data, position)
        elif wire in {_FIXED64, _FIXED32}:
            size = 8 if wire == _FIXED64 else 4
        else:
            raise ValueError(f"wire type {wire}")
        if position + size > len(data):
            raise ValueError("truncated")
        yield number, data[position : position + size]
        position += size


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
