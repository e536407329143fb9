"""ConfigMaps and Secrets.

Wording: kubernetes/pkg/apis/core/validation.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator

from pytest_kubeflow.local.apiserver.errors import Object
from pytest_kubeflow.local.apiserver.validation.causes import (
    Cause,
    bad,
    forbidden,
    required,
)

_KEY = r"[-._a-zA-Z0-9]+"
_KEY_MESSAGE = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name', "
    f" or 'KEY_NAME',  or 'key-name', regex used for validation is '{_KEY}')"
)
_MOST = 1048576
_ACCOUNT = "kubernetes.io/service-account.name"
_DOCKER = {
    "kubernetes.io/dockerconfigjson": ".dockerconfigjson",
    "kubernetes.io/dockercfg": ".dockercfg",
}
_NEEDED = {
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
}
_LOGIN = ("username", "password")


def config_map(obj: Object) -> Iterator[Cause]:
    data, binary = obj.get("data") or {}, obj.get("binaryData") or {}
    yield from _keys("data", data)
    for key in data:
        if key in binary:
            yield bad(f"data[{key}]", key, "duplicate of key present in binaryData")
    yield from _keys("binaryData", binary)
    size = sum(len(one.encode()) for one in data.values())
    yield from _size("", size + sum(_decoded(one) for one in binary.values()))


def config_map_update(new: Object, old: Object) -> Iterator[Cause]:
    yield from _immutable(new, old, ("data", "binaryData"))


def secret(obj: Object) -> Iterator[Cause]:
    data = obj.get("data") or {}
    yield from _keys("data", data)
    yield from _size("data", sum(_decoded(one) for one in data.values()))
    kind = obj.get("type", "Opaque")
    if kind == "kubernetes.io/service-account-token":
        if not (obj["metadata"].get("annotations") or {}).get(_ACCOUNT):
            yield required(f"metadata.annotations[{_ACCOUNT}]")
    elif kind in _DOCKER:
        yield from _docker(data, _DOCKER[kind])
    elif kind == "kubernetes.io/basic-auth" and not any(one in data for one in _LOGIN):
        for one in _LOGIN:
            yield required(f"data[{one}]")
    for key in _NEEDED.get(kind, ()):
        if key not in data:
            yield required(f"data[{key}]")


def secret_update(new: Object, old: Object) -> Iterator[Cause]:
    if new.get("type", "Opaque") != old.get("type", "Opaque"):
        yield bad("type", new.get("type", "Opaque"), "field is immutable")
    yield from _immutable(new, old, ("data",))


def _docker(data: dict[str, str], key: str) -> Iterator[Cause]:
    if key not in data:
        yield required(f"data[{key}]")
        return
    try:
        json.loads(base64.b64decode(data[key]))
    except ValueError as error:
        text = base64.b64decode(data[key]).decode(errors="replace")
        why = (
            f"invalid character '{text[:1]}' looking for beginning of value" if text else str(error)
        )
        yield bad(f"data[{key}]", "<secret contents redacted>", why)


def _immutable(new: Object, old: Object, parts: tuple[str, ...]) -> Iterator[Cause]:
    if not old.get("immutable"):
        return
    if not new.get("immutable"):
        yield forbidden("immutable", "field is immutable when `immutable` is set")
    for part in parts:
        if (new.get(part) or {}) != (old.get(part) or {}):
            yield forbidden(part, "field is immutable when `immutable` is set")


def _keys(field: str, data: dict[str, str]) -> Iterator[Cause]:
    for key in data:
        if len(key) > 253:
            yield bad(f"{field}[{key}]", key, "must be no more than 253 characters")
        if not re.fullmatch(_KEY, key):
            yield bad(f"{field}[{key}]", key, _KEY_MESSAGE)
        elif key in {".", ".."}:
            yield bad(f"{field}[{key}]", key, f"must not be '{key}'")


def _size(field: str, size: int) -> Iterator[Cause]:
    if size > _MOST:
        yield field, "FieldValueTooLong", f"Too long: may not be more than {_MOST} bytes"


def _decoded(text: str) -> int:
    return len(base64.b64decode(text))
