"""Names, labels, annotations, owners and finalizers of all kinds.

Wording: apimachinery/pkg/api/validation and pkg/util/validation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pytest_kubeflow.local.apiserver.errors import Object
from pytest_kubeflow.local.apiserver.resources import ResourceType
from pytest_kubeflow.local.apiserver.validation.causes import (
    LABEL,
    LABEL_MESSAGE,
    MOST_LABEL,
    SUBDOMAIN,
    SUBDOMAIN_MESSAGE,
    Cause,
    bad,
    forbidden,
    shown,
)

_QUALIFIED_NAME = r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_LABEL_VALUE = rf"({_QUALIFIED_NAME})?"
_NAME_PART = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end "
    "with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for "
    rf"validation is '{_QUALIFIED_NAME}')"
)
_VALUE_MESSAGE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', "
    "and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or "
    f"'12345', regex used for validation is '{_LABEL_VALUE}')"
)
_DNS_1035 = r"[a-z]([-a-z0-9]*[a-z0-9])?"
_DNS_1035_MESSAGE = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an "
    "alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', "
    rf"regex used for validation is '{_DNS_1035}')"
)
# Kinds whose names are DNS labels: names of pods and hosts are made of them.
_LABELS = {("", "namespaces"), ("apps", "statefulsets")}
_MOST_NAME, _MOST_ANNOTATIONS = 253, 256 * 1024
_OF_PATHS = {"apiregistration.k8s.io", "rbac.authorization.k8s.io"}
_FINALIZERS = {"kubernetes", "orphan", "foregroundDeletion"}


def metadata(kind: ResourceType, obj: Object) -> Iterator[Cause]:
    """What is wrong with the metadata of a new or changed object."""
    meta = obj["metadata"]
    yield from _name(kind, meta["name"])
    for key, value in (meta.get("labels") or {}).items():
        yield from qualified("metadata.labels", key)
        yield from label_value("metadata.labels", value)
    yield from _annotations(meta.get("annotations") or {})
    yield from _owners(meta.get("ownerReferences") or [])
    for at, one in enumerate(meta.get("finalizers") or []):
        field = f"metadata.finalizers[{at}]"
        yield from qualified(field, one)
        # Of custom kinds a real server asks no domain.
        if not kind.custom and "/" not in one and one not in _FINALIZERS:
            why = "name is neither a standard finalizer name nor is it fully qualified"
            yield bad(field, one, why)


def metadata_update(new: Object, old: Object) -> Iterator[Cause]:
    """What may not become of the metadata of an object."""
    if old["metadata"].get("deletionTimestamp"):
        had = old["metadata"].get("finalizers") or []
        added = [one for one in new["metadata"].get("finalizers") or [] if one not in had]
        if added:
            listed = ", ".join(f'"{one}"' for one in added)
            why = (
                "no new finalizers can be added if the object is being deleted, found new "
                f"finalizers []string{{{listed}}}"
            )
            yield forbidden("metadata.finalizers", why)


def _name(kind: ResourceType, name: str) -> Iterator[Cause]:
    if kind.group in _OF_PATHS:
        if "/" in name or "%" in name or name in {".", ".."}:
            yield bad("metadata.name", name, "may not contain '/'")
        return
    form, message, most = SUBDOMAIN, SUBDOMAIN_MESSAGE, _MOST_NAME
    if kind.type in _LABELS:
        form, message, most = LABEL, LABEL_MESSAGE, MOST_LABEL
    elif kind.type == ("", "services"):
        form, message, most = _DNS_1035, _DNS_1035_MESSAGE, MOST_LABEL
    if len(name) > most:
        yield bad("metadata.name", name, f"must be no more than {most} characters")
    if not re.fullmatch(form, name):
        yield bad("metadata.name", name, message)


def qualified(field: str, key: str) -> Iterator[Cause]:
    """A name with or without a domain before it, as keys of labels are."""
    prefix, slash, name = key.rpartition("/")
    if slash and not prefix:
        yield bad(field, key, "prefix part must be non-empty")
    elif slash and not re.fullmatch(SUBDOMAIN, prefix):
        yield bad(field, key, f"prefix part {SUBDOMAIN_MESSAGE}")
    if not name:
        yield bad(field, key, "name part must be non-empty")
    elif len(name) > MOST_LABEL:
        yield bad(field, key, f"name part must be no more than {MOST_LABEL} characters")
    if not re.fullmatch(_QUALIFIED_NAME, name):
        yield bad(field, key, _NAME_PART)


def label_value(field: str, value: str) -> Iterator[Cause]:
    """The value of a label."""
    if len(value) > MOST_LABEL:
        yield bad(field, value, f"must be no more than {MOST_LABEL} characters")
    if not re.fullmatch(_LABEL_VALUE, value):
        yield bad(field, value, _VALUE_MESSAGE)


def _annotations(annotations: dict[str, str]) -> Iterator[Cause]:
    for key in annotations:
        yield from qualified("metadata.annotations", key.lower())
    size = sum(len(key) + len(value) for key, value in annotations.items())
    if size > _MOST_ANNOTATIONS:
        message = f"Too long: may not be more than {_MOST_ANNOTATIONS} bytes"
        yield "metadata.annotations", "FieldValueTooLong", message


def _owners(owners: list[Any]) -> Iterator[Cause]:
    field = "metadata.ownerReferences"
    for one in owners:
        if not one.get("apiVersion"):
            yield bad(f"{field}.apiVersion", "", "version must not be empty")
        for part in ("kind", "name", "uid"):
            if not one.get(part):
                yield bad(f"{field}.{part}", "", "must not be empty")
    controllers = [
        f"{one.get('kind')}/{one.get('name')}" for one in owners if one.get("controller")
    ]
    if len(controllers) > 1:
        first, second = controllers[:2]
        why = (
            'Only one reference can have Controller set to true. Found "true" in references for '
            f"{first} and {second}"
        )
        yield shown(field, owners, why)
