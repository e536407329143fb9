"""Objects that kubectl sends as protobuf: those of its `create` and `auth` commands.

Most clients, and `kubectl apply`, send JSON. Field numbers: the generated.proto files of k8s.io/api
(core, rbac, authentication, authorization) and of apimachinery/pkg (runtime, meta/v1).
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

from pytest_kubeflow.local.apiserver.errors import Object, StatusError, bad_request

CONTENT_TYPE = "application/vnd.kubernetes.protobuf"
_MAGIC = b"k8s\x00"
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5

_BINDING = {
    1: ("metadata", "ObjectMeta"),
    2: ("subjects", "Subject[]"),
    3: ("roleRef", "RoleRef"),
}
# Message -> field number -> (JSON name, type). Types: text, bytes, int, bool, another message, each
# with [] for repeated and {} for maps from text.
_MESSAGES: dict[str, dict[int, tuple[str, str]]] = {
    "ObjectMeta": {
        1: ("name", "text"),
        2: ("generateName", "text"),
        3: ("namespace", "text"),
        11: ("labels", "text{}"),
        12: ("annotations", "text{}"),
        14: ("finalizers", "text[]"),
    },
    "Namespace": {1: ("metadata", "ObjectMeta")},
    "ServiceAccount": {1: ("metadata", "ObjectMeta")},
    "ConfigMap": {
        1: ("metadata", "ObjectMeta"),
        2: ("data", "text{}"),
        3: ("binaryData", "bytes{}"),
        4: ("immutable", "bool"),
    },
    "Secret": {
        1: ("metadata", "ObjectMeta"),
        2: ("data", "bytes{}"),
        3: ("type", "text"),
        4: ("stringData", "text{}"),
        5: ("immutable", "bool"),
    },
    "TokenRequest": {1: ("metadata", "ObjectMeta"), 2: ("spec", "TokenRequestSpec")},
    "TokenRequestSpec": {
        1: ("audiences", "text[]"),
        3: ("boundObjectRef", "BoundObjectReference"),
        4: ("expirationSeconds", "int"),
    },
    "BoundObjectReference": {
        1: ("kind", "text"),
        2: ("apiVersion", "text"),
        3: ("name", "text"),
        4: ("uid", "text"),
    },
    "SelfSubjectAccessReview": {
        1: ("metadata", "ObjectMeta"),
        2: ("spec", "SelfSubjectAccessReviewSpec"),
    },
    "SelfSubjectAccessReviewSpec": {
        1: ("resourceAttributes", "ResourceAttributes"),
        2: ("nonResourceAttributes", "NonResourceAttributes"),
    },
    "ResourceAttributes": {
        1: ("namespace", "text"),
        2: ("verb", "text"),
        3: ("group", "text"),
        4: ("version", "text"),
        5: ("resource", "text"),
        6: ("subresource", "text"),
        7: ("name", "text"),
    },
    "NonResourceAttributes": {1: ("path", "text"), 2: ("verb", "text")},
    "SelfSubjectRulesReview": {
        1: ("metadata", "ObjectMeta"),
        2: ("spec", "SelfSubjectRulesReviewSpec"),
    },
    "SelfSubjectRulesReviewSpec": {1: ("namespace", "text")},
    "SelfSubjectReview": {1: ("metadata", "ObjectMeta")},
    "Role": {1: ("metadata", "ObjectMeta"), 2: ("rules", "PolicyRule[]")},
    "ClusterRole": {
        1: ("metadata", "ObjectMeta"),
        2: ("rules", "PolicyRule[]"),
        3: ("aggregationRule", "AggregationRule"),
    },
    "PolicyRule": {
        1: ("verbs", "text[]"),
        2: ("apiGroups", "text[]"),
        3: ("resources", "text[]"),
        4: ("resourceNames", "text[]"),
        5: ("nonResourceURLs", "text[]"),
    },
    "AggregationRule": {1: ("clusterRoleSelectors", "LabelSelector[]")},
    "LabelSelector": {1: ("matchLabels", "text{}")},
    "RoleBinding": _BINDING,
    "ClusterRoleBinding": _BINDING,
    "Subject": {
        1: ("kind", "text"),
        2: ("apiGroup", "text"),
        3: ("name", "text"),
        4: ("namespace", "text"),
    },
    "RoleRef": {1: ("apiGroup", "text"), 2: ("kind", "text"), 3: ("name", "text")},
}
_KINDS = frozenset(
    name for name, fields in _MESSAGES.items() if fields.get(1) == ("metadata", "ObjectMeta")
)


def decode(body: bytes) -> Object:
    """The JSON form of a protobuf body. Raises StatusError 400, or 415 for other kinds."""
    if not body.startswith(_MAGIC):
        raise bad_request("the body is not a Kubernetes protobuf message")
    try:
        unknown: dict[int, Any] = dict(_fields(body[len(_MAGIC) :]))
        type_meta = dict(_fields(unknown[1]))
        kind = type_meta.get(2, b"").decode()
        if kind not in _KINDS:
            known = ", ".join(sorted(_KINDS))
            text = f"{kind} is not understood as protobuf ({known} are); send it as JSON"
            raise StatusError(415, "UnsupportedMediaType", text)
        message = _message(kind, unknown.get(2, b""))
    except (IndexError, KeyError, ValueError):
        raise bad_request("the body is not a Kubernetes protobuf message") from None
    return {"apiVersion": type_meta.get(1, b"v1").decode(), "kind": kind, **message}


def _message(name: str, data: bytes) -> Object:
    known = _MESSAGES[name]
    decoded: Object = {}
    for number, raw in _fields(data):
        if number not in known:
            continue
        field, kind = known[number]
        if isinstance(raw, int) is not (kind in {"bool", "int"}):
            raise ValueError(f"{field} of another wire type")
        if kind.endswith("{}"):
            entry = dict(_fields(raw))
            key = entry.get(1, b"").decode()
            decoded.setdefault(field, {})[key] = _scalar(kind[:-2], entry.get(2, b""))
        elif kind.endswith("[]"):
            decoded.setdefault(field, []).append(_scalar(kind[:-2], raw))
        else:
            value = _scalar(kind, raw)
            if value not in ("", {}):
                decoded[field] = value
    return decoded


def _scalar(kind: str, raw: Any) -> Any:
    match kind:
        case "text":
            return raw.decode()
        case "bytes":
            return base64.b64encode(raw).decode()
        case "bool":
            return bool(raw)
        case "int":
            return raw
    return _message(kind, raw)


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
