"""Rules for steps."""

from __future__ import annotations

from typing import Any

from pytest_kubeflow.local.workflows.errors import WorkflowError
from pytest_kubeflow.local.workflows.validation.arguments import AnyArguments, TemplateValidation
from pytest_kubeflow.local.workflows.validation.fields import check_arguments, name_complaints
from pytest_kubeflow.local.workflows.validation.names import Names, resolve_all
from pytest_kubeflow.local.workflows.validation.template import check_no_leaf

Json = Any


def check_steps(validation: TemplateValidation, names: Names, template: Json) -> None:
    """Each step has a name of its own, a template, and arguments that are there.

    Raises WorkflowError.
    """
    check_no_leaf(template)
    seen: set[str] = set()
    for number, group in enumerate(template["steps"]):
        for step in group:
            _check(validation, names, template["name"], number, step, seen)


def _check(
    validation: TemplateValidation,
    names: Names,
    owner: str,
    number: int,
    step: Json,
    seen: set[str],
) -> None:
    name, place = step.get("name") or "", f"templates.{owner}.steps[{number}]"
    if not name:
        raise WorkflowError(f"{place}.name is required")
    if name in seen:
        raise WorkflowError(f"{place}.name '{name}' is not unique")
    if complaint := name_complaints(name):
        raise WorkflowError(f"{place}.name '{name}' is invalid: {complaint}")
    seen.add(name)
    prefix = f"steps.{name}"
    names.add(f"{prefix}.status")
    try:
        names.add_items(step)
    except WorkflowError as error:
        raise WorkflowError(f"{place}.{name} {error}") from None
    check_arguments(f"{place}.{name}.arguments.", step.get("arguments"))
    try:
        template = validation.holder(step, AnyArguments())
    except WorkflowError as error:
        raise WorkflowError(f"{place}.{name} {error}") from None
    if step.get("onExit") or (step.get("hooks") or {}).get("exit"):
        names.add_outputs(template, prefix, validation.known, group=False, ancestor=False)
    for hook, value in (step.get("hooks") or {}).items():
        if hook != "exit" and not value.get("expression"):
            raise WorkflowError(f"{place}.{name}.{hook} Expression required")
    try:
        resolve_all(names, validation.known, step)
    except WorkflowError as error:
        raise WorkflowError(f"templates.{owner}.steps {error}") from None
    group = bool(step.get("withItems") or step.get("withParam"))
    names.add_outputs(template, prefix, validation.known, group=group, ancestor=False)
    try:
        validation.holder(step, step.get("arguments") or {})
    except WorkflowError as error:
        raise WorkflowError(f"{place}.{name} {error}") from None
