"""What a run passes to its pipeline, checked as the real server checks it at submission.

Messages: kubeflow/pipelines backend/src/apiserver/template/v2_template.go,
validatePipelineJobInputs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_kubeflow.local.pipelines.spec.document import PipelineDocument, SpecError
from pytest_kubeflow.local.pipelines.spec.values import kind

Json = Any

_EXPECTED = {
    "NUMBER_DOUBLE": ("number", "type double or integer, but the parameter value is not of number"),
    "NUMBER_INTEGER": (
        "number",
        "type double or integer, but the parameter value is not of number",
    ),
    "STRING": ("string", "type string, but the input parameter is not of string"),
    "BOOLEAN": ("bool", "type bool, but the input parameter is not of bool"),
    "LIST": ("list", "type list, but the input parameter is not of list"),
    "STRUCT": ("struct", "type struct, but the input parameter is not of struct"),
}


def check_arguments(document: PipelineDocument, arguments: Mapping[str, Json]) -> None:
    """Raise SpecError for an argument that is missing, unknown or of another type."""
    if document.is_workflow:
        return  # they are left out of account, whatever they are
    definitions = document.spec["root"].get("inputDefinitions") or {}
    parameters: dict[str, Json] = definitions.get("parameters") or {}
    for name, definition in parameters.items():
        if name not in arguments:
            if not definition.get("isOptional") and "defaultValue" not in definition:
                raise SpecError(
                    f"parameter {name} is not optional, yet has neither default value "
                    "nor user provided value"
                )
            continue
        parameter_type = definition.get("parameterType", "PARAMETER_TYPE_ENUM_UNSPECIFIED")
        if parameter_type == "PARAMETER_TYPE_ENUM_UNSPECIFIED":
            raise SpecError(f"input parameter {name} has unspecified type")
        if parameter_type == "TASK_FINAL_STATUS":
            raise SpecError(
                f"input parameter {name} requires type TASK_FINAL_STATUS, which is "
                "invalid for root component"
            )
        if parameter_type not in _EXPECTED:
            raise SpecError(f"input parameter {name} requires type unknown")
        expected, words = _EXPECTED[parameter_type]
        if kind(arguments[name]) != expected:
            raise SpecError(f"input parameter {name} requires {words} value type")
        literals = definition.get("literals")
        if literals and arguments[name] not in literals:
            raise SpecError(
                f"input parameter {name} must be one of {literals}, got {arguments[name]!r}"
            )
    if extra := sorted(arguments.keys() - parameters.keys()):
        raise SpecError(f"parameter(s) provided are not required by pipeline: {', '.join(extra)}")
