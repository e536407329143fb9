"""Rules for names, parameters and artifacts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pytest_kubeflow.local.workflows.errors import WorkflowError
from pytest_kubeflow.local.workflows.scope import text_of
from pytest_kubeflow.local.workflows.templates import LEAVES, has_location, kind_of

Json = Any

_FIELD = re.compile(r"[a-zA-Z0-9][-a-zA-Z0-9]*")
_PARAMETER = re.compile(r"[-a-zA-Z0-9_]+")
_VARIABLE = re.compile(r"\{\{[-a-zA-Z0-9]+(\.[-a-zA-Z0-9_]+)*\}\}")
_LONGEST = 128
_FIELD_RULE = (
    "name must consist of alpha-numeric characters or '-', and must start with an alpha-numeric "
    "character (e.g. My-name1-2, 123-NAME)"
)
_PARAMETER_RULE = (
    "Parameter/Artifact name must consist of alpha-numeric characters, '_' or '-' e.g. "
    "my_param_1, MY-PARAM-1"
)


def is_variable(text: str) -> bool:
    """Whether a text has a variable in it."""
    return _VARIABLE.search(text) is not None


def name_complaints(name: str) -> str:
    """What is wrong with the name of a template, step or task; empty if nothing is."""
    found = []
    if len(name) > _LONGEST:
        found.append(f"must be no more than {_LONGEST} characters")
    if not _FIELD.fullmatch(name):
        found.append(_FIELD_RULE)
    return ";".join(found)


def parameter_complaints(name: str) -> str:
    """The same for a parameter or an artifact."""
    return "" if _PARAMETER.fullmatch(name) else _PARAMETER_RULE


def check_names(items: Sequence[Json] | None, prefix: str, *, parameters: bool = False) -> None:
    """Names are there, valid and different. Raises WorkflowError."""
    seen: set[str] = set()
    for number, one in enumerate(items or ()):
        name = one.get("name") or ""
        if not name:
            raise WorkflowError(f"{prefix}[{number}].name is required")
        complaint = parameter_complaints(name) if parameters else name_complaints(name)
        if complaint:
            raise WorkflowError(f"{prefix}[{number}].name: '{name}' is invalid: {complaint}")
        if name in seen:
            raise WorkflowError(f"{prefix}[{number}].name '{name}' is not unique")
        seen.add(name)


def check_arguments(prefix: str, arguments: Json) -> None:
    """Arguments have values and places. Raises WorkflowError."""
    arguments = arguments or {}
    for kind in ("parameters", "artifacts"):
        check_names(arguments.get(kind), f"{prefix}{kind}", parameters=True)
    for one in arguments.get("parameters") or ():
        _check_argument(f"{prefix}{one['name']}", one)
    for one in arguments.get("artifacts") or ():
        name = f"{prefix}{one['name']}"
        if not (one.get("from") or has_location(one) or one.get("fromExpression")):
            raise WorkflowError(f"{name}.from, artifact location, or key is required")
        if one.get("from") and one.get("fromExpression"):
            message = f"{name} shouldn't have both `from` and `fromExpression` in Artifact"
            raise WorkflowError(message)


def _check_argument(name: str, parameter: Json) -> None:
    value, source = parameter.get("value"), parameter.get("valueFrom")
    if value is None and source is None:
        raise WorkflowError(f"{name}.value or {name}.valueFrom is required")
    if source is not None:
        allowed = any(
            source.get(key) is not None for key in ("configMapKeyRef", "event", "supplied")
        )
        if not allowed or any(
            source.get(key) for key in ("path", "jsonPath", "parameter", "expression")
        ):
            raise WorkflowError(
                f"{name}.valueFrom only allows: default, configMapKeyRef and supplied"
            )
    if parameter.get("enum") is not None:
        if not parameter["enum"]:
            raise WorkflowError(f"{name}.enum should contain at least one value")
        if value is None:
            raise WorkflowError(f"{name}.value is required")
        if text_of(value) not in [text_of(one) for one in parameter["enum"]]:
            raise WorkflowError(f"{name}.value should be present in {name}.enum list")


def input_names(template: Json) -> set[str]:
    """What a template may refer to of its inputs. Raises WorkflowError."""
    name, inputs = template["name"], template.get("inputs") or {}
    for kind in ("parameters", "artifacts"):
        prefix = f"templates.{name}.inputs.{kind}"
        check_names(inputs.get(kind), prefix, parameters=True)
    found = {f"inputs.parameters.{one['name']}" for one in inputs.get("parameters") or ()}
    if found:
        found.add("inputs.parameters")
    for one in inputs.get("artifacts") or ():
        reference = f"inputs.artifacts.{one['name']}"
        found.add(reference)
        if kind_of(template) in LEAVES:
            if not one.get("path"):
                raise WorkflowError(
                    f"error in templates.{name}.{reference}: Artifact '{one['name']}' did not "
                    "specify a path"
                )
            found.add(f"{reference}.path")
        elif one.get("path"):
            message = f"templates.{name}.{reference}.path only valid in container/script templates"
            raise WorkflowError(message)
        if one.get("from"):
            raise WorkflowError(f"templates.{name}.{reference}.from not valid in inputs")
    return found


def check_outputs(template: Json) -> None:
    """Outputs say where they come from. Raises WorkflowError."""
    name, outputs = template["name"], template.get("outputs") or {}
    leaf = kind_of(template) in LEAVES
    for one in outputs.get("artifacts") or ():
        reference = f"outputs.artifacts.{one['name']}"
        if leaf and not one.get("path"):
            raise WorkflowError(
                f"error in templates.{name}.{reference}: Artifact '{one['name']}' did not specify "
                "a path"
            )
        if not leaf and one.get("path"):
            message = f"templates.{name}.{reference}.path only valid in container/script templates"
            raise WorkflowError(message)
        _check_global(f"templates.{name}.{reference}", one)
    for one in outputs.get("parameters") or ():
        reference = f"templates.{name}.outputs.parameters.{one['name']}"
        _check_output(reference, one)
        if one.get("valueFrom") is not None:
            _check_source(reference, one["valueFrom"], kind_of(template))
        _check_global(reference, one)


def _check_global(reference: str, output: Json) -> None:
    name = output.get("globalName")
    if name and not is_variable(name) and (complaint := parameter_complaints(name)):
        raise WorkflowError(f"{reference}.globalName: {complaint}")


def _check_output(reference: str, parameter: Json) -> None:
    source = parameter.get("valueFrom")
    if source is not None and parameter.get("value") is not None:
        raise WorkflowError(f"{reference} has both valueFrom and value specified. Choose one.")
    if parameter.get("value") is not None:
        return
    if source is None:
        raise WorkflowError(f"{reference} does not have valueFrom or value specified")
    keys = ("path", "jqFilter", "jsonPath", "parameter", "expression")
    count = sum(bool(source.get(key)) for key in keys) + (source.get("supplied") is not None)
    if count == 0:
        raise WorkflowError(
            "valueFrom type unspecified. choose one of: path, jqFilter, jsonPath, parameter, raw, "
            "expression"
        )
    if count > 1:
        raise WorkflowError(
            "multiple valueFrom types specified. choose one of: path, jqFilter, jsonPath, "
            "parameter, raw"
        )


def _check_source(reference: str, source: Json, kind: str) -> None:
    shown = {"container": "Container", "script": "Script", "dag": "DAG", "steps": "Steps"}
    if kind in {"container", "script"} and not source.get("path"):
        raise WorkflowError(f"{reference}.path must be specified for {shown[kind]} templates")
    if kind in {"dag", "steps"} and not (source.get("parameter") or source.get("expression")):
        message = (
            f"{reference}.parameter or expression must be specified for {shown[kind]} templates"
        )
        raise WorkflowError(message)
