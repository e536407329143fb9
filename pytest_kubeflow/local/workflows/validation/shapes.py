"""Fields of another type than Argo's own: a Workflow with one cannot be read.

Words: k8s.io/apimachinery v0.33 pkg/runtime/converter.go, by which the controller reads Workflows.
"""

from __future__ import annotations

from typing import Any

Json = Any

# What a field is: a kind, or the table of an object, or [one of them] for a list.
_STEP: dict[str, Any] = {
    "name": str,
    "template": str,
    "arguments": {},
    "withItems": [None],
    "withParam": str,
    "withSequence": {},
    "when": str,
    "continueOn": {"error": bool, "failed": bool},
    "onExit": str,
    "hooks": {},
    "templateRef": {},
    "inline": {},
}
_PARAMETER: dict[str, Any] = {
    "name": str,
    "valueFrom": {"path": str, "parameter": str, "expression": str},
    "globalName": str,
    "description": str,
    "enum": [None],
}
_ARTIFACT: dict[str, Any] = {
    "name": str,
    "path": str,
    "from": str,
    "fromExpression": str,
    "globalName": str,
    "optional": bool,
    "s3": {},
    "raw": {"data": str},
    "archive": {"none": {}, "tar": {}, "zip": {}},
    "mode": int,
    "subPath": str,
}
_ARGUMENTS = {"parameters": [_PARAMETER], "artifacts": [_ARTIFACT]}
_STEP["arguments"] = _ARGUMENTS
_CONTAINER: dict[str, Any] = {
    "name": str,
    "image": str,
    "command": [str],
    "args": [str],
    "workingDir": str,
    "env": [{"name": str, "value": str}],
    "volumeMounts": [{"name": str, "mountPath": str, "subPath": str, "readOnly": bool}],
    "resources": {},
}
_RETRY: dict[str, Any] = {
    "retryPolicy": str,
    "expression": str,
    "backoff": {"duration": str, "maxDuration": str, "cap": str},
    "affinity": {},
}
_TEMPLATE: dict[str, Any] = {
    "name": str,
    "inputs": _ARGUMENTS,
    "outputs": _ARGUMENTS,
    "container": _CONTAINER,
    "script": {**_CONTAINER, "source": str},
    "steps": [[_STEP]],
    "dag": {
        "target": str,
        "failFast": bool,
        "tasks": [{**_STEP, "dependencies": [str], "depends": str}],
    },
    "suspend": {},
    "retryStrategy": _RETRY,
    "parallelism": int,
    "failFast": bool,
    "nodeSelector": {},
    "metadata": {"labels": {}, "annotations": {}},
    "volumes": [{"name": str}],
    "sidecars": [_CONTAINER],
    "initContainers": [_CONTAINER],
    "timeout": str,
    "serviceAccountName": str,
    "daemon": bool,
}
_SPEC: dict[str, Any] = {
    "entrypoint": str,
    "templates": [_TEMPLATE],
    "arguments": _ARGUMENTS,
    "serviceAccountName": str,
    "volumes": [{"name": str}],
    "volumeClaimTemplates": [{"metadata": {}, "spec": {}}],
    "parallelism": int,
    "suspend": bool,
    "onExit": str,
    "activeDeadlineSeconds": int,
    "priority": int,
    "ttlStrategy": {
        "secondsAfterCompletion": int,
        "secondsAfterSuccess": int,
        "secondsAfterFailure": int,
    },
    "shutdown": str,
    "retryStrategy": _RETRY,
    "templateDefaults": _TEMPLATE,
    "archiveLogs": bool,
    "hooks": {},
    "podMetadata": {"labels": {}, "annotations": {}},
}
_KINDS = {str: "string", bool: "bool", int: "int", float: "float64", list: "slice", dict: "map"}
_GO = {str: "string", bool: "bool", int: "int64", float: "float64", list: "[]interface {}"}


def shape_error(spec: Json) -> str:
    """Why this is no specification of a Workflow, as Argo's reader says it; empty if it is one."""
    if not isinstance(spec, dict):
        return f"cannot restore struct from: {_kind(spec)}"
    return _wrong(spec, _SPEC)


def metadata_error(metadata: Json) -> str:
    """The same of what an object says of itself."""
    texts = {"name": str, "generateName": str}
    return _wrong(metadata, {**texts, "labels": {}, "annotations": {}})


def without_nulls(spec: Json) -> Json:
    """The same as Go has read it: a `null` in a list of structs is an empty struct."""
    return _read(spec, _SPEC)


def _read(value: Json, wanted: Any) -> Json:
    if isinstance(value, dict) and isinstance(wanted, dict) and wanted:
        return {key: _read(one, wanted.get(key)) for key, one in value.items()}
    if isinstance(value, list) and isinstance(wanted, list):
        item: Json = wanted[0]
        empty: Json = type(item)() if isinstance(item, dict | list) else None
        return [empty if one is None else _read(one, wanted[0]) for one in value]
    return value


def _wrong(value: Json, wanted: Any) -> str:
    if value is None or wanted is None:
        return ""
    if isinstance(wanted, dict):
        if not isinstance(value, dict):
            return f"cannot restore {'map' if not wanted else 'struct'} from: {_kind(value)}"
        found = (_wrong(value[key], kind) for key, kind in wanted.items() if key in value)
        return next((one for one in found if one), "")
    if isinstance(wanted, list):
        if not isinstance(value, list):
            return f"cannot restore slice from {_kind(value)}"
        return next((told for one in value if (told := _wrong(one, wanted[0]))), "")
    right = isinstance(value, wanted) and (wanted is bool or not isinstance(value, bool))
    if right or (wanted is int and isinstance(value, float) and value.is_integer()):
        return ""
    into = {str: "string", bool: "bool", int: "int64"}[wanted]
    return f"cannot convert {_go_type(value)} to {into}"


def _kind(value: Json) -> str:
    if isinstance(value, bool):
        return "bool"
    return {int: "int64", float: "float64"}.get(type(value)) or _KINDS[type(value)]


def _go_type(value: Json) -> str:
    return _GO.get(type(value), "map[string]interface {}")
