"""Custom objects as their definition has them: without what it does not know, with its defaults."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from pytest_kubeflow.local.apiserver.crds.rules import broken_rules, has_rules
from pytest_kubeflow.local.apiserver.crds.values import INT_OR_STRING, wrong_values
from pytest_kubeflow.local.apiserver.errors import Object, invalid
from pytest_kubeflow.local.apiserver.requests.writeoptions import WriteOptions
from pytest_kubeflow.local.apiserver.resources import ResourceType
from pytest_kubeflow.local.apiserver.validation.causes import Cause

_PRESERVE = "x-kubernetes-preserve-unknown-fields"
_EMBEDDED = "x-kubernetes-embedded-resource"
_META = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {}}

_WRITTEN_OUT = 1e21
"""Below it Go's encoding/json writes numbers without an exponent."""

# Where one of these is told, rules are not asked.
_BLOCKING = {
    "FieldValueNotSupported",
    "FieldValueRequired",
    "FieldValueTooLong",
    "FieldValueTooMany",
    "FieldValueTypeInvalid",
}
_UNCHECKED: Cause = (
    "<nil>",
    "FieldValueInvalid",
    "Invalid value: null: some validation rules were not checked because the object was invalid; "
    "correct the existing errors to complete validation",
)


def conform(
    kind: ResourceType,
    version: str,
    obj: Object,
    options: WriteOptions,
    old: Object | None = None,
) -> Object:
    """A custom object as it is stored. `old` is what it takes the place of.

    Raises StatusError 422 where it does not fit its schema, 400 for unknown fields where the
    request wants that.
    """
    unknown: list[str] = []
    shaped = shape(kind, version, obj, unknown)
    what = f'{kind.kind} in version "{version}" cannot be handled as a {kind.kind}: '
    options.meet(unknown, what)
    causes = check(kind, version, shaped, old)
    if causes:
        name = (obj.get("metadata") or {}).get("name", "")
        raise invalid(kind.group, kind.kind, name, causes)
    return shaped


def shape(kind: ResourceType, version: str, obj: Object, unknown: list[str]) -> Object:
    """The same without a look at its values; paths of unknown fields are added to `unknown`."""
    schema = _schema(kind, version)
    root = {**schema, "properties": {**(schema.get("properties") or {}), **_META}}
    shaped: Object = _shaped(root, obj, "", unknown)
    return {**shaped, "metadata": obj["metadata"]} if "metadata" in obj else shaped


def check(kind: ResourceType, version: str, obj: Object, old: Object | None) -> list[Cause]:
    """What is wrong with an object that has its shape."""
    schema = _schema(kind, version)
    causes = list(wrong_values(schema, obj, ""))
    if any(reason in _BLOCKING for _, reason, _ in causes):
        return [*causes, _UNCHECKED] if has_rules(schema) else causes
    return causes or list(broken_rules(schema, obj, old, ""))


def _schema(kind: ResourceType, version: str) -> Object:
    assert kind.definition is not None
    versions = kind.definition["spec"]["versions"]
    found = next(one for one in versions if one["name"] == version)
    schema: Object = found["schema"]["openAPIV3Schema"]
    return schema


def _shaped(schema: Object | None, value: Any, path: str, unknown: list[str]) -> Any:
    if isinstance(value, float) and value.is_integer() and abs(value) < _WRITTEN_OUT:
        return int(value)  # Go writes 1.0 as 1
    if not schema or schema.get(INT_OR_STRING):
        return value
    if isinstance(value, list):
        items = schema.get("items")
        return [_shaped(items, one, f"{path}[{at}]", unknown) for at, one in enumerate(value)]
    if isinstance(value, dict):
        return _object(schema, value, path, unknown)
    return value


def _object(schema: Object, value: Object, path: str, unknown: list[str]) -> Object:
    properties = schema.get("properties") or {}
    if schema.get(_EMBEDDED):
        properties = {**properties, **_META}
    extra = schema.get("additionalProperties")
    shaped: Object = {}
    for key, inner in value.items():
        below = f"{path}.{key}" if path else key
        if key in properties:
            if inner is None and properties[key] and not properties[key].get("nullable"):
                continue  # as if it were not there
            shaped[key] = _shaped(properties[key], inner, below, unknown)
        elif isinstance(extra, dict):
            shaped[key] = _shaped(extra, inner, below, unknown)
        elif extra or schema.get(_PRESERVE):
            shaped[key] = inner
        else:
            unknown.append(below)
    for key, inner in properties.items():
        if key not in shaped and "default" in inner:
            below = f"{path}.{key}" if path else key
            shaped[key] = _shaped(inner, deepcopy(inner["default"]), below, unknown)
    return shaped
