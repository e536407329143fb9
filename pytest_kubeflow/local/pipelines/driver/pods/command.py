"""Commands of container components: parameters, and the clauses that depend on inputs.

`{"Concat": [...]}` and `{"IfPresent": {...}}` are JSON inside an argument, as the SDK writes
dsl.ConcatPlaceholder and dsl.IfPresentPlaceholder. What refers to outputs, to paths or to artifacts
is left for the launcher, which looks at everything once more.

The backend (kubeflow/pipelines backend/src/v2/driver/util.go) knows less than the SDK documents: no
Concat, IfPresent for parameters alone and with texts alone, and no parameter that has its default.
`strict` is as the backend; else all of that works.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any

from pytest_kubeflow.local.pipelines.driver.inputs.values import TaskError
from pytest_kubeflow.local.pipelines.spec.values import to_argument

Json = Any

_CLAUSE = re.compile(r'\s*\{\s*"(Concat|IfPresent)"\s*:')
_IF_PRESENT = '{"IfPresent":'
_PARAMETER = re.compile(r"\{\{\$\.inputs\.parameters\['(.+?)'\]\}\}")
_OUTPUTS = "$.outputs"


def resolve_command(container: Json, inputs: Json, *, strict: bool) -> list[str]:
    """Command and arguments of `container` for the inputs of an executor input.

    Raises TaskError.
    """
    resolve = _Strict(inputs).arguments if strict else _Kind(inputs).arguments
    resolved: list[str] = []
    for part in ("command", "args"):
        try:
            resolved += resolve(container.get(part) or [])
        except TaskError as error:
            raise TaskError(f"failed to resolve container {part}: {error}") from None
    return resolved


class _Kind:
    """As the SDK documents it; a parameter without a value is left for the launcher."""

    def __init__(self, inputs: Json) -> None:
        self._parameters: dict[str, Json] = inputs["parameterValues"]
        self._present = self._parameters.keys() | inputs["artifacts"].keys()

    def arguments(self, arguments: Iterable[str]) -> list[str]:
        resolved: list[str] = []
        for argument in arguments:
            if not _CLAUSE.match(argument):
                resolved.append(self._filled(argument))
                continue
            try:
                resolved += self._items(json.loads(argument))
            except (ValueError, KeyError, TypeError, AttributeError):
                raise TaskError(f"an argument that is no placeholder: {argument}") from None
        return resolved

    def _items(self, clause: Json) -> list[str]:
        if isinstance(clause, str):
            return [self._filled(clause)]
        if isinstance(clause, list):
            return [item for one in clause for item in self._items(one)]
        if "Concat" in clause:
            return ["".join(self._items(clause["Concat"]))]
        choice = clause["IfPresent"]
        branch = "Then" if choice["InputName"] in self._present else "Else"
        return self._items(choice.get(branch) or [])

    def _filled(self, text: str) -> str:
        return _filled(text, self._parameters, lambda match: match[0])


class _Strict:
    """As the driver of the backend does it."""

    def __init__(self, inputs: Json) -> None:
        self._parameters: dict[str, Json] = inputs["parameterValues"]

    def arguments(self, arguments: Iterable[str]) -> list[str]:
        resolved: list[str] = []
        for argument in arguments:
            if _OUTPUTS in argument:
                resolved.append(argument)
            elif argument.strip().startswith(_IF_PRESENT):
                try:
                    resolved += self._chosen(argument)
                except TaskError as error:
                    raise TaskError(f"failed to resolve condition: {error}") from None
            else:
                try:
                    resolved.append(self._filled(argument))
                except TaskError as error:
                    raise TaskError(f"failed to resolve input parameters: {error}") from None
        return resolved

    def _chosen(self, argument: str) -> list[str]:
        try:
            choice = json.loads(argument)["IfPresent"]
            present = self._parameters.get(choice["InputName"]) is not None
            chosen = choice.get("Then" if present else "Else")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise TaskError(f"failed to parse IfPresent JSON: {error}") from None
        if chosen is None:
            return []
        if isinstance(chosen, str):
            return [self._filled(chosen)]
        if not isinstance(chosen, list):
            raise TaskError(f"unexpected type in IfPresent Then/Else: {_go_type(chosen)}")
        for item in chosen:
            if not isinstance(item, str):
                raise TaskError(f"non-string item in IfPresent Then/Else array: {_go_type(item)}")
        return [self._filled(item) for item in chosen]

    def _filled(self, text: str) -> str:
        def absent(match: re.Match[str]) -> str:
            raise TaskError(f"parameter {json.dumps(match[1])} not found in executor input")

        return _filled(text, self._parameters, absent)


def _filled(text: str, parameters: Json, absent: Callable[[re.Match[str]], str]) -> str:
    """`text` with the values of parameters; `absent` says what stands for one without."""

    def value(match: re.Match[str]) -> str:
        return to_argument(parameters[match[1]]) if match[1] in parameters else absent(match)

    return _PARAMETER.sub(value, text)


def _go_type(value: Json) -> str:
    """What Go calls the type of a value that it has read from JSON."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, (int, float)):
        return "float64"
    if isinstance(value, list):
        return "[]interface {}"
    return "map[string]interface {}" if isinstance(value, dict) else "<nil>"
