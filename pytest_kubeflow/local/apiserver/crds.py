"""CustomResourceDefinitions: checking them, and checking objects against their schemas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pytest_kubeflow.local.apiserver.causes import Cause
from pytest_kubeflow.local.apiserver.errors import Object, invalid
from pytest_kubeflow.local.apiserver.resources import ResourceType
from pytest_kubeflow.local.apiserver.writeoptions import WriteOptions

_GROUP = "apiextensions.k8s.io"
_PRESERVE = "x-kubernetes-preserve-unknown-fields"
_TYPES: dict[str, tuple[type, ...]] = {
    "array": (list,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "object": (dict,),
    "string": (str,),
}


def established(definition: Object, now: str) -> Object:
    """A new definition with defaults and the status that says that it is served."""
    spec = definition["spec"]
    names = spec["names"]
    accepted = {
        "listKind": f"{names['kind']}List",
        "singular": names["kind"].lower(),
        **names,
    }
    conditions = [
        {
            "type": kind,
            "status": "True",
            "reason": reason,
            "message": message,
            "lastTransitionTime": now,
        }
        for kind, reason, message in (
            ("NamesAccepted", "NoConflicts", "no conflicts found"),
            ("Established", "InitialNamesAccepted", "the initial names have been accepted"),
        )
    ]
    stored = [one["name"] for one in spec["versions"] if one.get("storage")]
    return {
        **definition,
        "spec": {"conversion": {"strategy": "None"}, **spec, "names": accepted},
        "status": {"conditions": conditions, "acceptedNames": accepted, "storedVersions": stored},
    }


def check_definition(definition: Object) -> None:
    """Raise StatusError 422 for a definition that a real server would not take."""
    metadata, spec = definition["metadata"], definition.get("spec") or {}
    names = spec.get("names") or {}
    causes: list[Cause] = [
        (f"spec.{field}", "FieldValueRequired", "Required value")
        for field, value in (
            ("group", spec.get("group")),
            ("scope", spec.get("scope")),
            ("versions", spec.get("versions")),
            ("names.plural", names.get("plural")),
            ("names.kind", names.get("kind")),
        )
        if not value
    ]
    if not causes:
        wanted = f"{names['plural']}.{spec['group']}"
        if metadata["name"] != wanted:
            message = (
                f'Invalid value: "{metadata["name"]}": must be spec.names.plural+"."+spec.group'
            )
            causes.append(("metadata.name", "FieldValueInvalid", message))
        if sum(bool(one.get("storage")) for one in spec["versions"]) != 1:
            message = "Invalid value: must have exactly one version marked as storage version"
            causes.append(("spec.versions", "FieldValueInvalid", message))
        for at, version in enumerate(spec["versions"]):
            if not (version.get("schema") or {}).get("openAPIV3Schema"):
                field = f"spec.versions[{at}].schema.openAPIV3Schema"
                causes.append((field, "FieldValueRequired", "Required value: schemas are required"))
    if causes:
        raise invalid(_GROUP, "CustomResourceDefinition", metadata["name"], causes)


def conform(kind: ResourceType, version: str, obj: Object, options: WriteOptions) -> Object:
    """A custom object without the fields that its schema does not know.

    Raises StatusError 422 where it does not fit. Of the schema's vocabulary, types, required,
    enum, defaults, bounds and items are checked; CEL rules are not.
    """
    shaped, causes = shape(kind, version, obj)
    if causes:
        raise invalid(kind.group, kind.kind, obj["metadata"]["name"], causes)
    return shaped


def shape(kind: ResourceType, version: str, obj: Object) -> tuple[Object, list[Cause]]:
    """The same, with what is wrong with it instead of an error."""
    assert kind.definition is not None
    versions = kind.definition["spec"]["versions"]
    schema = next(one for one in versions if one["name"] == version)["schema"]["openAPIV3Schema"]
    causes: list[Cause] = []
    pruned = {
        key: _walk(schema.get("properties", {}).get(key), value, key, causes)
        if key not in {"apiVersion", "kind", "metadata"}
        else value
        for key, value in obj.items()
        if key in {"apiVersion", "kind", "metadata"}
        or key in schema.get("properties", {})
        or schema.get(_PRESERVE)
    }
    for name in schema.get("required") or []:
        if name not in pruned:
            causes.append((name, "FieldValueRequired", "Required value"))
    return pruned, causes


def _walk(schema: Object | None, value: Any, path: str, causes: list[Cause]) -> Any:
    if not schema or (value is None and schema.get("nullable")):
        return value
    expected = schema.get("type")
    if schema.get("x-kubernetes-int-or-string"):
        return value
    if expected and not _is(value, expected):
        found = type(value).__name__
        message = f'Invalid value: "{found}": {path} in body must be of type {expected}: "{found}"'
        causes.append((path, "FieldValueTypeInvalid", message))
        return value
    if "enum" in schema and value not in schema["enum"]:
        known = ", ".join(f'"{one}"' for one in schema["enum"])
        message = f'Unsupported value: "{value}": supported values: {known}'
        causes.append((path, "FieldValueNotSupported", message))
    _bounds(schema, value, path, causes)
    if isinstance(value, dict):
        return _object(schema, value, path, causes)
    if isinstance(value, list):
        items = schema.get("items")
        return [_walk(items, one, f"{path}[{at}]", causes) for at, one in enumerate(value)]
    return value


def _object(schema: Object, value: Object, path: str, causes: list[Cause]) -> Object:
    properties = schema.get("properties") or {}
    extra = schema.get("additionalProperties")
    keep = schema.get(_PRESERVE)
    checked: Object = {}
    for key, inner in value.items():
        if key in properties:
            checked[key] = _walk(properties[key], inner, f"{path}.{key}", causes)
        elif isinstance(extra, dict):
            checked[key] = _walk(extra, inner, f"{path}.{key}", causes)
        elif keep or extra:
            checked[key] = inner
    for key, inner in properties.items():
        if key not in checked and "default" in inner:
            checked[key] = inner["default"]
    for key in schema.get("required") or []:
        if key not in checked:
            causes.append((f"{path}.{key}", "FieldValueRequired", "Required value"))
    return checked


def _is(value: Any, expected: str) -> bool:
    if isinstance(value, bool):
        return expected == "boolean"
    if expected == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _TYPES.get(expected, (object,)))


_BOUNDS: dict[str, tuple[Callable[[Any, Any], bool], str]] = {
    "minimum": (lambda value, bound: value >= bound, "should be greater than or equal to {}"),
    "maximum": (lambda value, bound: value <= bound, "should be less than or equal to {}"),
    "minLength": (lambda value, bound: len(value) >= bound, "should be at least {} chars long"),
    "maxLength": (lambda value, bound: len(value) <= bound, "may not be more than {} bytes"),
    "minItems": (lambda value, bound: len(value) >= bound, "should have at least {} items"),
    "maxItems": (lambda value, bound: len(value) <= bound, "must have at most {} items"),
}


def _bounds(schema: Object, value: Any, path: str, causes: list[Cause]) -> None:
    for name, (holds, message) in _BOUNDS.items():
        if name in schema and not holds(value, schema[name]):
            text = f"Invalid value: {value}: {path} in body {message.format(schema[name])}"
            causes.append((path, "FieldValueInvalid", text))
