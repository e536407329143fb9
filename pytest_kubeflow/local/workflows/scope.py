"""Scope: what the tasks or steps of one template may refer to, by its name.

Source: argo-workflows v3.7.3 workflow/controller/scope.go, and buildLocalScope and
processAggregateNodeOutputs of operator.go.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pytest_kubeflow.local.workflows.errors import WorkflowError
from pytest_kubeflow.local.workflows.expressions.errors import ExpressionError
from pytest_kubeflow.local.workflows.nodes import Node, NodeTree
from pytest_kubeflow.local.workflows.templating import replaced

Json = Any


def text_of(value: Json) -> str:
    """A value of a parameter as the text that it is: numbers and booleans as JSON has them."""
    if isinstance(value, str):
        return value
    return compact(value)


def compact(value: Json) -> str:
    """JSON as Go writes it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


class Scope:
    """Texts and artifacts by their names, beginning with the inputs of `template`."""

    def __init__(self, template: Json) -> None:
        self._known: dict[str, Json] = {}
        inputs = (template or {}).get("inputs") or {}
        for one in inputs.get("parameters") or ():
            self._known[f"inputs.parameters.{one['name']}"] = text_of(one.get("value", ""))
        for one in inputs.get("artifacts") or ():
            self._known[f"inputs.artifacts.{one['name']}"] = one

    @property
    def parameters(self) -> dict[str, str]:
        """What can be put into texts."""
        return {name: value for name, value in self._known.items() if isinstance(value, str)}

    def set(self, name: str, value: Json) -> None:
        self._known[name] = value

    def add_node(self, prefix: str, node: Node, tree: NodeTree) -> None:
        """Times, phase and outputs of a node; of a Retry node, those of its last attempt."""
        node = tree.last_attempt(node) or node
        for name, field in (
            ("id", "id"),
            ("startedAt", "startedAt"),
            ("finishedAt", "finishedAt"),
            ("status", "phase"),
            ("hostNodeName", "hostNodeName"),
        ):
            if node.get(field):
                self._known[f"{prefix}.{name}"] = node[field]
        self.add_outputs(prefix, node.get("outputs"))

    def add_outputs(self, prefix: str, outputs: Json) -> None:
        outputs = outputs or {}
        if prefix != "workflow":
            if "result" in outputs:
                self._known[f"{prefix}.outputs.result"] = outputs["result"]
            if "exitCode" in outputs:
                self._known[f"{prefix}.exitCode"] = outputs["exitCode"]
        for one in outputs.get("parameters") or ():
            if "value" in one:
                self._known[f"{prefix}.outputs.parameters.{one['name']}"] = text_of(one["value"])
        for one in outputs.get("artifacts") or ():
            self._known[f"{prefix}.outputs.artifacts.{one['name']}"] = one

    def add_group(self, prefix: str, nodes: Sequence[Node]) -> None:
        """What the iterations of a loop came to, as lists in JSON. Raises WorkflowError."""
        flags = [(one, one.get("nodeFlag") or {}) for one in nodes]
        kept = [one for one, flag in flags if not flag.get("hooked") and not flag.get("retried")]
        if not nodes:
            return
        kept.sort(key=_index)
        results: list[Json] = []
        rows: list[dict[str, str]] = []
        columns: dict[str, list[str]] = {}
        for node in kept:
            outputs = node.get("outputs") or {}
            if node["phase"] != "Succeeded":
                continue
            if row := {
                one["name"]: text_of(one.get("value", ""))
                for one in outputs.get("parameters") or ()
            }:
                rows.append(row)
                for name, value in row.items():
                    columns.setdefault(name, []).append(value)
            if "result" in outputs:
                results.append(_item(outputs["result"]))
        self._known[f"{prefix}.outputs.result"] = compact(results)
        self._known[f"{prefix}.outputs.parameters"] = compact(rows)
        for name, values in columns.items():
            self._known[f"{prefix}.outputs.parameters.{name}"] = compact(_lists(values))

    def resolve(self, reference: str) -> Json:
        """What a reference with or without braces names. Raises WorkflowError."""
        tag = reference.strip().removeprefix("{{").removesuffix("}}").strip()
        if tag.startswith("="):
            return self.evaluate(tag[1:])
        if tag not in self._known:
            raise WorkflowError(f'Unable to resolve: "{tag}"')
        return self._known[tag]

    def evaluate(self, expression: str) -> Json:
        """The value of an expression. Raises WorkflowError."""
        from pytest_kubeflow.local.workflows.expressions.evaluation import evaluate, nested

        try:
            return evaluate(expression, nested(self._known))
        except ExpressionError as error:
            raise WorkflowError(str(error)) from None

    def artifact(self, asked: Mapping[str, Json]) -> Json:
        """The artifact that `from` or `fromExpression` names, under its own name.

        Raises WorkflowError.
        """
        if asked.get("fromExpression"):
            found = self.evaluate(asked["fromExpression"])
        else:
            found = self.resolve(asked["from"])
        if not isinstance(found, dict):
            raise WorkflowError(f"Variable {{{{{asked.get('from', '')}}}}} is not an artifact")
        found = json.loads(json.dumps(found)) | {"name": asked["name"]}
        if asked.get("subPath"):
            below = replaced(asked["subPath"], self.parameters)
            key = found.get("s3", {}).get("key", "")
            found.setdefault("s3", {})["key"] = f"{key.rstrip('/')}/{below.lstrip('/')}"
        return found


def _index(node: Node) -> int:
    """The number of an iteration: 2 of `a(2:text)`."""
    digits = node["name"].rpartition("(")[2].partition(":")[0]
    return int(digits) if digits.isdigit() else 0


def _item(text: str) -> Json:
    try:
        return json.loads(text)
    except ValueError as error:
        raise WorkflowError(_go_complaint(text, error)) from None


def _go_complaint(text: str, error: ValueError) -> str:
    """Why Go's decoder does not take it as JSON, for the usual case."""
    first = text.lstrip()[:1]
    if not first:
        return "unexpected end of JSON input"
    if getattr(error, "pos", 0) <= len(text) - len(text.lstrip()):
        return f"invalid character '{first}' looking for beginning of value"
    return f"invalid character '{text[error.pos : error.pos + 1]}' after top-level value"  # type: ignore[attr-defined]


def _lists(values: list[str]) -> list[Json]:
    """Texts that are all lists or objects in JSON, as these."""
    found = []
    for value in values:
        try:
            one = json.loads(value)
        except ValueError:
            return list(values)
        if not isinstance(one, (list, dict)):
            return list(values)
        found.append(one)
    return found
