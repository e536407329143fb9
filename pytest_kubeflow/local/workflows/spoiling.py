"""Named faults of the interpreter: a Workflow is run as if less had been asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Json = Any


def _without_order(spec: Json) -> None:
    for template in spec["templates"]:
        for task in (template.get("dag") or {}).get("tasks") or ():
            task.pop("dependencies", None)
            task.pop("depends", None)
        if template.get("steps"):
            template["steps"] = [[step for group in template["steps"] for step in group]]


def _without_conditions(spec: Json) -> None:
    for step in _parts(spec):
        step.pop("when", None)


def _without_exit_handler(spec: Json) -> None:
    spec.pop("onExit", None)


def _keeping_claims(spec: Json) -> None:
    spec["volumeClaimGC"] = {"strategy": "Never"}


def _going_on(spec: Json) -> None:
    for step in _parts(spec):
        step["continueOn"] = {"failed": True, "error": True}


def _with_fewer_items(spec: Json) -> None:
    for step in _parts(spec):
        if step.get("withItems"):
            step["withItems"] = step["withItems"][:-1]


def _without_attempts(spec: Json) -> None:
    spec.pop("retryStrategy", None)
    for template in spec["templates"]:
        template.pop("retryStrategy", None)


def _one_by_one(spec: Json) -> None:
    spec["parallelism"] = 1


SPOILING: Mapping[str, Callable[[Json], None]] = {
    "conditions-ignored": _without_conditions,
    "exit-tasks-lost": _without_exit_handler,
    "order-ignored": _without_order,
    "workflow-claims-left": _keeping_claims,
    "workflow-failures-ignored": _going_on,
    "workflow-items-lost": _with_fewer_items,
    "workflow-one-by-one": _one_by_one,
    "workflow-retries-lost": _without_attempts,
}
"""By fault, what it does to a specification."""


def _parts(spec: Json) -> list[Json]:
    """All steps and tasks."""
    found: list[Json] = []
    for template in spec["templates"]:
        found += (template.get("dag") or {}).get("tasks") or ()
        found += [step for group in template.get("steps") or () for step in group]
    return found
