"""Commands of container components: the clauses that depend on inputs.

`{"Concat": [...]}` and `{"IfPresent": {...}}` are JSON inside an argument, as the SDK writes
dsl.ConcatPlaceholder and dsl.IfPresentPlaceholder. What refers to outputs or to paths is left for
the launcher. Rules: kubeflow/pipelines backend/src/v2/driver/util.go.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from pytest_kubeflow.local.pipelines.driver.values import TaskError

Json = Any

_CLAUSE = re.compile(r'\s*\{\s*"(Concat|IfPresent)"\s*:')


def resolve_arguments(arguments: Iterable[str], present: set[str]) -> list[str]:
    """`arguments` with their clauses resolved; `present` are the inputs that have a value."""
    resolved: list[str] = []
    for argument in arguments:
        if not _CLAUSE.match(argument):
            resolved.append(argument)
            continue
        try:
            resolved += _items(json.loads(argument), present)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise TaskError(f"an argument that is no placeholder: {argument}") from None
    return resolved


def _items(clause: Json, present: set[str]) -> list[str]:
    if isinstance(clause, str):
        return [clause]
    if isinstance(clause, list):
        return [item for one in clause for item in _items(one, present)]
    if "Concat" in clause:
        return ["".join(_items(clause["Concat"], present))]
    choice = clause["IfPresent"]
    branch = "Then" if choice["InputName"] in present else "Else"
    return _items(choice.get(branch) or [], present)
