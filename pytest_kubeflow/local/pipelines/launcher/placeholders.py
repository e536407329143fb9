"""Placeholders in a component's command, such as `{{$.inputs.parameters['x']}}`.

The whole executor input comes first, and the others after it, also inside of it: a value that looks
like a placeholder is taken for one there, as by the real launcher (kubeflow/pipelines
backend/src/v2/component/launcher_v2.go, compileCmdAndArgs). Of the program itself, the first word,
nothing but that is replaced.
"""

from __future__ import annotations

import json
import re

from .artifacts import local_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_WHOLE = "{{$}}"
_PLACEHOLDER = re.compile(r"\{\{\$\.(inputs|outputs)\.(\w+)(?:\['([^']*)'\](?:\.(\w+))?)?\}\}")


def with_defaults(executor_input: Any, component: Any) -> Any:
    """The executor input with defaults for the parameters that were not given."""
    given = executor_input["inputs"].get("parameterValues", {})
    definitions = component.get("inputDefinitions", {}).get("parameters", {})
    defaults = {
        name: one["defaultValue"]
        for name, one in definitions.items()
        if name not in given and one.get("defaultValue") is not None
    }
    inputs = executor_input["inputs"] | {"parameterValues": given | defaults}
    return executor_input | {"inputs": inputs}


def fill(command: list[str], executor_input: Any, *, strict: bool = False) -> list[str]:
    """`command` with each known placeholder replaced; unknown ones stay as they are.

    If it is `strict`, so do those for metadata of artifacts, which the real launcher does not know.
    """
    whole = json.dumps(executor_input, ensure_ascii=False)

    def replacement(match: re.Match[str]) -> str:
        side, section, name, attribute = match.groups()
        if strict and attribute == "metadata":
            return match[0]
        value = _value(executor_input[side], side, section, name, attribute)
        return match[0] if value is None else value

    program, *arguments = [one.replace(_WHOLE, whole) for one in command]
    return [program, *(_PLACEHOLDER.sub(replacement, one) for one in arguments)]


def text(value: Any) -> str:
    """A parameter as text: strings as they are, numbers without exponents, the rest as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        digits = repr(value)
        if "e" in digits:
            from decimal import Decimal

            return format(Decimal(digits), "f")
        return digits.removesuffix(".0")
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _value(values: Any, side: str, section: str, name: str, attribute: str) -> str | None:
    """What a placeholder stands for; None if there is no such thing."""
    found: str | None = None
    if section == "artifacts" and name in values.get("artifacts", {}):
        artifacts = values["artifacts"][name]["artifacts"]
        if artifacts and attribute == "uri":
            found = artifacts[0]["uri"]
        elif artifacts and attribute == "path":
            found = local_path(artifacts[0])
        elif artifacts and attribute == "metadata":
            found = json.dumps(artifacts[0].get("metadata", {}), ensure_ascii=False)
    elif section == "parameters" and side == "inputs":
        if name in values.get("parameterValues", {}) and attribute is None:
            found = text(values["parameterValues"][name])
    elif section == "parameters" and name in values.get("parameters", {}):
        found = values["parameters"][name]["outputFile"] if attribute == "output_file" else None
    elif section in {"output_metadata_file", "output_file"} and side == "outputs":
        found = values["outputFile"]
    return found
