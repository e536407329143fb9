"""Rules for templates that are one pod."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_kubeflow.local.workflows.errors import WorkflowError
from pytest_kubeflow.local.workflows.scope import text_of
from pytest_kubeflow.local.workflows.templates import KINDS
from pytest_kubeflow.local.workflows.templating import PLACEHOLDER
from pytest_kubeflow.local.workflows.validation.names import Names, resolve_all

Json = Any
_CHOICES = (
    "choose one of: container, containerSet, steps, script, resource, dag, suspend, template, "
    "template ref"
)


def check_type(template: Json) -> None:
    """A template is one thing. Raises WorkflowError."""
    name, kinds = template.get("name", ""), [one for one in KINDS if template.get(one) is not None]
    if not kinds:
        raise WorkflowError(f"templates.{name} template type unspecified. {_CHOICES}")
    if len(kinds) > 1:
        raise WorkflowError(f"templates.{name} multiple template types specified. {_CHOICES}")


def check_no_leaf(template: Json) -> None:
    """What is for pods alone. Raises WorkflowError."""
    if template.get("activeDeadlineSeconds") is not None:
        message = (
            f"templates.{template['name']}.activeDeadlineSeconds is only valid for leaf templates"
        )
        raise WorkflowError(message)


def check_leaf(names: Names, known: Mapping[str, str], template: Json, spec: Json) -> None:
    """Variables, mounts, images and deadlines. Raises WorkflowError."""
    name = template["name"]
    try:
        resolve_all(names, known, template)
    except WorkflowError as error:
        raise WorkflowError(f"templates.{name}: {error}") from None
    if "container" in template:
        _check_mounts(template)
    for kind in ("container", "script"):
        default = ((spec.get("templateDefaults") or {}).get(kind) or {}).get("image")
        if kind in template and not template[kind].get("image") and not default:
            raise WorkflowError(f"templates.{name}.{kind}.image may not be empty")
    deadline = template.get("activeDeadlineSeconds")
    if deadline is not None and not _is_count(text_of(deadline)):
        raise WorkflowError(
            f"templates.{name}.activeDeadlineSeconds must be a positive integer > 0 or an argo "
            "variable"
        )
    if template.get("parallelism") is not None:
        raise WorkflowError(
            f"templates.{name}.parallelism is only valid for steps and dag templates"
        )


def _is_count(text: str) -> bool:
    return text.isdigit() or text.startswith(("{{", PLACEHOLDER))


def _check_mounts(template: Json) -> None:
    name, seen = template["name"], dict[str, str]()
    for number, one in enumerate(template["container"].get("volumeMounts") or ()):
        path = one.get("mountPath", "")
        if path in seen:
            raise WorkflowError(
                f"templates.{name}.container.volumeMounts[{number}].mountPath '{path}' already "
                f"mounted in {seen[path]}"
            )
        seen[path] = f"container.volumeMounts.{one.get('name', '')}"
    for number, one in enumerate((template.get("inputs") or {}).get("artifacts") or ()):
        path = one.get("path", "")
        if path in seen:
            raise WorkflowError(
                f"templates.{name}.inputs.artifacts[{number}].path '{path}' already mounted in "
                f"{seen[path]}"
            )
        seen[path] = f"inputs.artifacts.{one['name']}"
