"""Expressions of compiled pipelines, in CEL: conditions of tasks, and parts of parameters.

What they may refer to: kubeflow/pipelines backend/src/v2/expression/expression.go. Numbers are
doubles there, as in protobuf's Value; CEL compares them with integers by their value.
"""

from __future__ import annotations

import json
from typing import Any

from pytest_kubeflow.local.pipelines.driver.inputs.values import TaskError, Values
from pytest_kubeflow.local.pipelines.spec.values import to_text, whole

Json = Any

_KINDS = {str: "string_value", bool: "bool_value", float: "number_value"}


def holds(condition: str, inputs: Values) -> bool:
    """Whether a task with these inputs meets its `triggerPolicy.condition`. Raises TaskError."""
    artifacts = {
        name: [one.to_runtime() for one in inputs.artifacts[name]] for name in inputs.artifacts
    }
    found = {"inputs": {"parameter_values": inputs.parameters, "artifacts": artifacts}}
    result = _evaluate(condition, found)
    if not isinstance(result, bool):
        raise TaskError(f"evaluation error: return type is not bool, got {result!r}")
    return result


def select(value: Json, selector: str) -> Json:
    """The part of a parameter that `selector` names, e.g. `parseJson(string_value)["a"]`.

    Raises TaskError.
    """
    found = {_KINDS[type(one)]: one for one in [_doubles(value)] if type(one) in _KINDS}
    return whole(_evaluate(selector, found | {"string_value": to_text(value)}))


def _evaluate(expression: str, values: dict[str, Json]) -> Json:
    import cel  # when first needed: most pipelines have no conditions

    context = cel.Context(_doubles(values))
    context.add_function("parseJson", lambda text: _doubles(json.loads(text)))
    try:
        return cel.evaluate(expression, context)
    except (ValueError, TypeError, KeyError, RuntimeError) as error:
        raise TaskError(f"evaluation error: {_plainly(error)}") from None


def _plainly(error: Exception) -> str:
    return f"no such key: {error.args[0]}" if isinstance(error, KeyError) else str(error)


def _doubles(value: Json) -> Json:
    """`value` with its numbers as floats, at any depth."""
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, list):
        return [_doubles(one) for one in value]
    if isinstance(value, dict):
        return {key: _doubles(one) for key, one in value.items()}
    return value
