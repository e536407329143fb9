"""Templates of a Workflow, as they are when they are run: with defaults, arguments and variables.

Source: argo-workflows v3.7.3 workflow/common/util.go (ProcessArgs, SubstituteParams) and
mergedTemplateDefaultsInto of workflow/controller/operator.go.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import Any

from pytest_kubeflow.local.workflows.errors import WorkflowError
from pytest_kubeflow.local.workflows.scope import compact, text_of
from pytest_kubeflow.local.workflows.templating import replaced

Json = Any

KINDS = (
    "container",
    "containerSet",
    "steps",
    "dag",
    "script",
    "resource",
    "data",
    "suspend",
    "http",
    "plugin",
)
PODS = frozenset({"container", "containerSet", "script", "resource", "data"})
LEAVES = PODS | {"http", "plugin"}
NODE_TYPES = {
    "container": "Pod",
    "script": "Pod",
    "steps": "Steps",
    "dag": "DAG",
    "suspend": "Suspend",
}


def kind_of(template: Json) -> str:
    """What a template is; "" for one that is nothing."""
    return next((kind for kind in KINDS if template.get(kind) is not None), "")


def has_location(artifact: Json) -> bool:
    """Whether an artifact says where it is, or by which key."""
    return bool(artifact.get("raw") or (artifact.get("s3") or {}).get("key"))


def merged(defaults: Json, value: Json) -> Json:
    """`value` over `defaults`, objects in one another; lists are not merged."""
    if isinstance(defaults, dict) and isinstance(value, dict):
        keys = [*defaults, *(key for key in value if key not in defaults)]
        return {
            key: merged(defaults[key], value[key])
            if key in defaults and key in value
            else copy.deepcopy(value[key] if key in value else defaults[key])
            for key in keys
        }
    return copy.deepcopy(value)


class Templates:
    """Those of one specification."""

    def __init__(self, spec: Json) -> None:
        self._defaults = spec.get("templateDefaults") or {}
        self._retry = spec.get("retryStrategy")
        self._plain = {one.get("name", ""): one for one in spec.get("templates") or ()}
        self._ready: dict[str, Json] = {}

    def plain(self, name: str) -> Json:
        """As it was written. Raises WorkflowError."""
        if name not in self._plain:
            raise WorkflowError(f"template {name} not found")
        return self._plain[name]

    def get(self, name: str) -> Json:
        """With the defaults. Raises WorkflowError."""
        if name not in self._ready:
            template = self.plain(name)
            kind = kind_of(template)
            if not kind:
                raise WorkflowError(f"template '{name}' type is unknown")
            others = {
                key: value
                for key, value in self._defaults.items()
                if key not in KINDS or key == kind
            }
            self._ready[name] = merged(others, template)
        return self._ready[name]

    def retry_strategy(self, template: Json) -> Json | None:
        """How attempts are repeated; None where there is one attempt alone."""
        strategy = template.get("retryStrategy")
        return self._retry if strategy is None else strategy

    def gives_result(self, boundary: str, node_name: str) -> bool:
        """Whether the template called `boundary` refers to what one of its steps or tasks says."""
        parent = self.plain(boundary)
        prefix = "tasks" if "dag" in parent else "steps" if "steps" in parent else ""
        name = re.escape(_step_name(node_name))
        text = compact(parent)
        return any(
            re.search(pattern, text)
            for pattern in (
                rf"{prefix}\.{name}\.outputs\.result",
                rf"{prefix}\[['\"\\]+{name}['\"\\]+\]\.outputs\.result",
            )
        )


def _step_name(node_name: str) -> str:
    """`c` of `a(0)[1].b.c(2:x)(0)`."""
    while node_name.endswith((")", "]")):
        opener = "(" if node_name.endswith(")") else "["
        node_name = node_name[: node_name.rfind(opener)]
    return node_name.rpartition(".")[2]


def processed(
    template: Json,
    arguments: Json,
    known: Mapping[str, str],
    local: Mapping[str, str],
    *,
    validating: bool = False,
) -> Json:
    """A template with its inputs filled in and its variables replaced. Raises WorkflowError."""
    made = copy.deepcopy(template)
    inputs = made.get("inputs") or {}
    given = {one.get("name"): one for one in (arguments or {}).get("parameters") or ()}
    for one in inputs.get("parameters") or ():
        _fill(one, given.get(one["name"]))
    artifacts = {one.get("name"): one for one in (arguments or {}).get("artifacts") or ()}
    for place, one in enumerate(inputs.get("artifacts") or ()):
        inputs["artifacts"][place] = _filled(one, artifacts.get(one["name"]), validating=validating)
    return substituted(made, known, local)


def _fill(parameter: Json, argument: Json) -> None:
    if parameter.get("value") is None and parameter.get("default") is not None:
        parameter["value"] = parameter["default"]
    if argument is not None:
        if argument.get("value") is not None:
            parameter["value"] = argument["value"]
            parameter.pop("valueFrom", None)
        else:
            parameter["valueFrom"] = argument.get("valueFrom")
            parameter["value"] = None
    if parameter.get("value") is None:
        raise WorkflowError(f"inputs.parameters.{parameter['name']} was not supplied")
    parameter["value"] = text_of(parameter["value"])


def _filled(artifact: Json, argument: Json, *, validating: bool) -> Json:
    name = artifact["name"]
    if not artifact.get("optional") and not has_location(artifact):
        if argument is None:
            raise WorkflowError(f"inputs.artifacts.{name} was not supplied")
        if not has_location(argument) and not validating:
            raise WorkflowError(f"inputs.artifacts.{name} missing location information")
    if argument is None:
        return artifact
    own = {key: artifact[key] for key in ("path", "mode", "recurseMode") if key in artifact}
    return {**copy.deepcopy(argument), **own}


def substituted(template: Json, known: Mapping[str, str], local: Mapping[str, str]) -> Json:
    """A template with globals and locals replaced, then with its inputs. Raises WorkflowError."""
    values = {**known, **local}
    first = replaced(template, values)
    inputs, outputs = first.get("inputs") or {}, first.get("outputs") or {}
    for one in inputs.get("parameters") or ():
        if one.get("value") is not None:
            values[f"inputs.parameters.{one['name']}"] = one["value"]
    if inputs.get("parameters"):
        values["inputs.parameters"] = compact(inputs["parameters"])
    for side, artifacts in (("inputs", inputs), ("outputs", outputs)):
        for one in artifacts.get("artifacts") or ():
            if one.get("path"):
                values[f"{side}.artifacts.{one['name']}.path"] = one["path"]
    for one in outputs.get("parameters") or ():
        if (one.get("valueFrom") or {}).get("path"):
            values[f"outputs.parameters.{one['name']}.path"] = one["valueFrom"]["path"]
    return replaced(first, values)
