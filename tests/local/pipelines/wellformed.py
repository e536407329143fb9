"""Compiled pipelines as a request carries them."""

from __future__ import annotations

import copy
from typing import Any

from google.protobuf import json_format

Spec = dict[str, Any]


def spec_of(pipeline: Any) -> Spec:
    """What the compiler makes of a pipeline function, with the cache left out."""
    spec: Spec = json_format.MessageToDict(pipeline.pipeline_spec)
    for component in [spec["root"], *spec["components"].values()]:
        for task in component.get("dag", {}).get("tasks", {}).values():
            task.pop("cachingOptions", None)
    return spec


def changed(spec: Spec, path: str, value: Any) -> Spec:
    """A copy of `spec` with one thing changed; `path` is dotted."""
    spec = copy.deepcopy(spec)
    *parents, last = path.split(".")
    at = spec
    for key in parents:
        at = at[key]
    at[last] = value
    return spec


def _optional(kind: str, value: object) -> Spec:
    return {"parameterType": kind, "defaultValue": value, "isOptional": True}


DEFAULTS: Spec = {
    "pipelineInfo": {"name": "defaults"},
    "schemaVersion": "2.1.0",
    "sdkVersion": "kfp-2.17.0",
    "deploymentSpec": {
        "executors": {"exec": {"container": {"image": "busybox", "command": ["true"]}}}
    },
    "components": {"comp": {"executorLabel": "exec"}},
    "root": {
        "dag": {"tasks": {"only": {"componentRef": {"name": "comp"}}}},
        "inputDefinitions": {
            "parameters": {
                "needed": {"parameterType": "STRING"},
                "count": _optional("NUMBER_INTEGER", 1),
                "flag": _optional("BOOLEAN", False),
                "items": _optional("LIST", [1]),
                "mapping": _optional("STRUCT", {"a": 1}),
            }
        },
    },
}
"""One task, and a parameter of each type; only the first has no default."""
