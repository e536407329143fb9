"""Containers of pods: images, ports, environments, mounts, rights.

Wording: kubernetes/pkg/apis/core/validation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pytest_kubeflow.local.apiserver.errors import Object
from pytest_kubeflow.local.apiserver.validation.causes import (
    LABEL,
    LABEL_MESSAGE,
    MOST_LABEL,
    Cause,
    bad,
    below,
    port_number,
    required,
    shown,
    twice,
    unsupported,
)
from pytest_kubeflow.local.apiserver.validation.probes import probes
from pytest_kubeflow.local.apiserver.validation.requests import resources

_PULL_POLICIES = ("Always", "IfNotPresent", "Never")
_PROTOCOLS = ("SCTP", "TCP", "UDP")
_PORT_NAME = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?"
_VARIABLE = r"[ -<>-~]+"
_FIELDS = (
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
)
_BY_KEY = re.compile(r"metadata\.(labels|annotations)(\['.+'\])?")


def container(obj: Object, seen: set[str], volumes: set[str]) -> Iterator[Cause]:
    """A container. `seen` are the names of those before it, and its own is added."""
    name = obj.get("name") or ""
    if not name:
        yield required("name")
    elif not re.fullmatch(LABEL, name) or len(name) > MOST_LABEL:
        yield bad("name", name, LABEL_MESSAGE)
    elif name in seen:
        yield twice("name", name)
    seen.add(name)
    image = obj.get("image") or ""
    if not image:
        yield required("image")
    elif image != image.strip():
        yield bad("image", image, "must not have leading or trailing whitespace")
    policy = obj.get("imagePullPolicy", "Always")
    if policy not in _PULL_POLICIES:
        yield unsupported("imagePullPolicy", policy, _PULL_POLICIES)
    yield from _ports(obj.get("ports") or [])
    for at, variable in enumerate(obj.get("env") or []):
        yield from below(f"env[{at}]", _variable(variable))
    yield from _mounts(obj.get("volumeMounts") or [], volumes)
    yield from probes(obj)
    yield from resources(obj.get("resources") or {})
    yield from _rights(obj.get("securityContext") or {})


def _ports(ports: list[Any]) -> Iterator[Cause]:
    names: set[str] = set()
    for at, port in enumerate(ports):
        field = f"ports[{at}]"
        if name := port.get("name"):
            if len(name) > 15 or not re.fullmatch(_PORT_NAME, name) or "--" in name:
                yield bad(f"{field}.name", name, "must be no more than 15 characters")
            elif not re.search("[a-z]", name):
                why = "must contain at least one letter (a-z)"
                yield bad(f"{field}.name", name, why)
            elif name in names:
                yield twice(f"{field}.name", name)
            names.add(name)
        if not port.get("containerPort"):
            yield required(f"{field}.containerPort")
        for part in ("containerPort", "hostPort"):
            if number := port.get(part):
                yield from port_number(f"{field}.{part}", number)
        protocol = port.get("protocol", "TCP")
        if protocol not in _PROTOCOLS:
            yield unsupported(f"{field}.protocol", protocol, _PROTOCOLS)


def _variable(variable: Object) -> Iterator[Cause]:
    name, source = variable.get("name") or "", variable.get("valueFrom")
    if not name:
        yield required("name")
    elif not re.fullmatch(_VARIABLE, name):
        why = (
            "a valid environment variable name must consist only of printable ASCII characters "
            "other than '='"
        )
        yield bad("name", name, why)
    if source is None:
        return
    if variable.get("value"):
        yield bad("valueFrom", "", "may not be specified when `value` is not empty")
    if len(source) > 1:
        yield bad("valueFrom", "", "may not have more than one field specified at a time")
    elif not source:
        yield bad(
            "valueFrom",
            "",
            "must specify one of: `fieldRef`, `resourceFieldRef`, "
            "`configMapKeyRef`, `secretKeyRef` or `fileKeyRef`",
        )
    path = (source.get("fieldRef") or {}).get("fieldPath")
    if "fieldRef" in source and not path:
        yield required("valueFrom.fieldRef.fieldPath")
    elif path and path not in _FIELDS and not _BY_KEY.fullmatch(path):
        why = f"error converting fieldPath: field label not supported: {path}"
        yield bad("valueFrom.fieldRef.fieldPath", path, why)
    for kind in ("configMapKeyRef", "secretKeyRef"):
        if kind in source and not source[kind].get("key"):
            yield required(f"valueFrom.{kind}.key")


def _mounts(mounts: list[Any], volumes: set[str]) -> Iterator[Cause]:
    paths: set[str] = set()
    for at, mount in enumerate(mounts):
        field = f"volumeMounts[{at}]"
        name, path = mount.get("name") or "", mount.get("mountPath") or ""
        if not name:
            yield required(f"{field}.name")
        elif name not in volumes:
            yield (f"{field}.name", "FieldValueNotFound", f'Not found: "{name}"')
        if not path:
            yield required(f"{field}.mountPath")
        elif path in paths:
            yield bad(f"{field}.mountPath", path, "must be unique")
        paths.add(path)
        for part in ("subPath", "subPathExpr"):
            inner = mount.get(part) or ""
            if ".." in inner.split("/"):
                yield bad(f"volumeMounts.{part}", inner, "must not contain '..'")
            elif inner.startswith("/"):
                yield bad(f"volumeMounts.{part}", inner, "must be a relative path")


def _rights(context: Object) -> Iterator[Cause]:
    if context.get("allowPrivilegeEscalation") is not False:
        return
    if context.get("privileged"):
        why = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"
        yield shown("securityContext", context, why)
    if "CAP_SYS_ADMIN" in ((context.get("capabilities") or {}).get("add") or []):
        why = "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN"
        yield shown("securityContext", context, why)
