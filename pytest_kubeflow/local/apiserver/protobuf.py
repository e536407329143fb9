"""Objects as protobuf, which clients in Go send where they are typed: kubectl's `create`, `debug`.

Others, and `kubectl apply`, send JSON. `protobuf.json` has the fields of all kinds that are served,
as `NUMBER: "NAME TYPE"`: text, bytes, int, bool, double, some types with a JSON form of their own,
or another message; with [] for repeated, {} for maps from text, * for what may be given though it
is empty, and + for a message whose fields are those of the one around it.
Sources: the generated.proto and types.go files of k8s.io/api 0.34 and of apimachinery/pkg.
"""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from pytest_kubeflow.local.apiserver.errors import Object, StatusError, bad_request

CONTENT_TYPE = "application/vnd.kubernetes.protobuf"
_MAGIC = b"k8s\x00"
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_NUMBERS = frozenset({"bool", "int"})
_TABLE = Path(__file__).with_suffix(".json")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@cache
def _table() -> Any:
    return json.loads(_TABLE.read_text(encoding="utf-8"))


def decode(body: bytes) -> Object:
    """The JSON form of a protobuf body. Raises StatusError 400, or 415 for other kinds."""
    if not body.startswith(_MAGIC):
        raise bad_request("the body is not a Kubernetes protobuf message")
    try:
        unknown: dict[int, Any] = dict(_fields(body[len(_MAGIC) :]))
        type_meta = dict(_fields(unknown[1]))
        version, kind = (type_meta.get(number, b"").decode() for number in (1, 2))
        name = _table()["kinds"].get(f"{version} {kind}")
        if name is None:
            text = f"{kind} of {version} is not understood as protobuf; send it as JSON"
            raise StatusError(415, "UnsupportedMediaType", text)
        message = _message(name, unknown.get(2, b""))
    except (IndexError, KeyError, ValueError, OverflowError):
        raise bad_request("the body is not a Kubernetes protobuf message") from None
    return {"apiVersion": version, "kind": kind, **message}


def _message(name: str, data: bytes) -> Object:
    known = _table()["messages"][name]
    decoded: Object = {}
    for number, raw in _fields(data):
        if str(number) not in known:
            continue
        field, _, kind = known[str(number)].partition(" ")
        if isinstance(raw, int) is not (kind.rstrip("[]*") in _NUMBERS):
            raise ValueError(f"{field} of another wire type")
        if kind.endswith("{}"):
            entry = dict(_fields(raw))
            key = entry.get(1, b"").decode()
            decoded.setdefault(field, {})[key] = _value(kind[:-2], entry.get(2, b""))
        elif kind.endswith("[]"):
            decoded.setdefault(field, []).append(_value(kind[:-2], raw))
        elif kind.endswith("+"):
            decoded |= _message(kind[:-1], raw)
        else:
            value = _value(kind.removesuffix("*"), raw)
            # What is not set is sent as well, where Go has no word for it.
            if kind.endswith("*") or value not in ("", {}, None, 0):
                decoded[field] = value
    return decoded


def _value(kind: str, raw: Any) -> Any:
    match kind:
        case "text":
            return raw.decode()
        case "bytes":
            return base64.b64encode(raw).decode()
        case "bool":
            return bool(raw)
        case "int":
            return raw - (1 << 64) if raw >> 63 else raw
        case "double":
            return struct.unpack("<d", raw)[0]
        case "list":
            return [one.decode() for number, one in _fields(raw) if number == 1]
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
            return _value("int", parts.get(2, 0))
    return _message(kind, raw)


def _time(parts: dict[int, Any], precision: str) -> str | None:
    if not parts:
        return None
    seconds = _value("int", parts.get(1, 0))
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
