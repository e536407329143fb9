"""The one protobuf message that clients insist on sending: kubectl's TokenRequest.

`kubectl create token` knows no JSON. Messages: k8s.io/api/authentication/v1/generated.proto and
apimachinery/pkg/runtime/generated.proto (Unknown).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pytest_kubeflow.local.apiserver.errors import Object, bad_request

CONTENT_TYPE = "application/vnd.kubernetes.protobuf"
_MAGIC = b"k8s\x00"
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def decode_token_request(body: bytes) -> Object:
    """The JSON form of a protobuf TokenRequest. Raises StatusError 400."""
    if not body.startswith(_MAGIC):
        raise bad_request("the body is not a Kubernetes protobuf message")
    try:
        unknown = dict(_fields(body[len(_MAGIC) :]))
        type_meta = dict(_fields(unknown[1]))
        message = dict(_fields(unknown.get(2, b"")))
    except (IndexError, KeyError, ValueError):
        raise bad_request("the body is not a Kubernetes protobuf message") from None
    if type_meta.get(2) != b"TokenRequest":
        raise bad_request("only TokenRequest is understood as protobuf; send JSON")
    spec: dict[str, Any] = {}
    for number, value in _fields(message.get(2, b"")):
        if number == 1:
            spec.setdefault("audiences", []).append(value.decode())
        elif number == 3:
            reference = dict(_fields(value))
            names = {1: "kind", 2: "apiVersion", 3: "name", 4: "uid"}
            spec["boundObjectRef"] = {
                names[key]: text.decode() for key, text in reference.items() if text
            }
        elif number == 4:
            spec["expirationSeconds"] = value
    return {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}


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
