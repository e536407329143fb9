"""Merging containers: what an InferenceService says wins over what its runtime says."""

from __future__ import annotations

import json
import re
from typing import Any

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.serving.errors import InvalidSpecError
from pytest_kubeflow.local.serving.names import CONTAINER

_PLACEHOLDER = re.compile(r"\{\{\s*\.(Name|Namespace|(?:Labels|Annotations)\.[\w./-]+)\s*\}\}")
_BY_NAME = ("env", "volumeMounts", "volumes", "ports")
# Of a predictor or a model these say what to serve; all else is a pod's or a container's field.
_MODEL_FIELDS = (
    "modelFormat",
    "protocolVersion",
    "runtime",
    "runtimeVersion",
    "storage",
    "storageUri",
)


def merge(runtime: Object, own: Object) -> Object:
    """The runtime's container with the InferenceService's fields; arguments are added."""
    merged = _merged(runtime, {key: value for key, value in own.items() if key != "args"})
    merged["args"] = [*(runtime.get("args") or []), *(own.get("args") or [])]
    return merged


def container_of(model: Object) -> Object:
    """The container fields that stand in `predictor.model`."""
    return {
        **{key: value for key, value in model.items() if key not in _MODEL_FIELDS},
        "name": model.get("name") or CONTAINER,
    }


def _merged(base: Object, over: Object) -> Object:
    result = dict(base)
    for key, value in over.items():
        if isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = _merged(result[key], value)
        elif key in _BY_NAME and isinstance(result.get(key), list):
            named = {_name(one): one for one in result[key]}
            result[key] = list({**named, **{_name(one): one for one in value}}.values())
        elif value is not None:
            result[key] = value
    return result


def _name(entry: Object) -> Any:
    return entry.get("mountPath") or entry.get("name") or entry.get("containerPort")


def fill_in(container: Object, metadata: Object, runtime: str) -> Object:
    """Replace `{{.Name}}` and its like by what the InferenceService's metadata says.

    Raises InvalidSpecError for a label or annotation that it has not.
    """

    def value(match: re.Match[str]) -> str:
        section, _, key = match[1].partition(".")
        found = metadata[section.lower()] if not key else (metadata.get(section.lower()) or {})
        text = found if not key else found.get(key)
        if text is None:
            raise InvalidSpecError(
                "InvalidPredictorSpec",
                f"Failed to replace placeholders in serving runtime {runtime} Container "
                f"{container['name']}",
                f"no value for the placeholder {match[0]}",
            )
        return json.dumps(text)[1:-1]

    filled: Object = json.loads(_PLACEHOLDER.sub(value, json.dumps(container)))
    return filled
