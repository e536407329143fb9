"""Rules for DAGs."""

from __future__ import annotations

from typing import Any

from pytest_kubeflow.local.workflows.dependencies import (
    OF_ITEMS,
    RESULTS,
    Dependencies,
    results_named,
)
from pytest_kubeflow.local.workflows.errors import WorkflowError
from pytest_kubeflow.local.workflows.expansion import is_loop
from pytest_kubeflow.local.workflows.scope import text_of
from pytest_kubeflow.local.workflows.validation.arguments import AnyArguments, TemplateValidation
from pytest_kubeflow.local.workflows.validation.fields import (
    check_arguments,
    check_names,
    is_variable,
)
from pytest_kubeflow.local.workflows.validation.names import Names, resolve_all
from pytest_kubeflow.local.workflows.validation.template import check_no_leaf

Json = Any


def check_dag(validation: TemplateValidation, names: Names, template: Json) -> None:
    """Tasks wait for tasks that are there, and not in a circle. Raises WorkflowError."""
    check_no_leaf(template)
    name, tasks = template["name"], template["dag"].get("tasks") or []
    if not tasks:
        raise WorkflowError(f"templates.{name} must have at least one task")
    for number, task in enumerate(tasks):
        if not task.get("name"):
            raise WorkflowError(f"templates.{name}.tasks[{number}].name is required")
    dependencies = Dependencies(tasks)
    tasks = _sorted(name, tasks, dependencies)
    check_names(tasks, f"templates.{name}.tasks")
    templates = {
        task["name"]: _check_task(validation, names, template, task, dependencies) for task in tasks
    }
    _check_no_cycle(name, tasks, dependencies)
    _check_targets(validation, names, template, dependencies)
    for task in tasks:
        _check_arguments(validation, names, name, task, dependencies, templates)


def _sorted(name: str, tasks: list[Json], dependencies: Dependencies) -> list[Json]:
    """In an order in which they can run."""
    left: dict[str, int] = {}
    for task in tasks:
        if task["name"] in left:
            message = f"sorting failed: duplicated nodeName {task['name']}"
            raise WorkflowError(f"templates.{name} {message}")
        left[task["name"]] = len(dependencies.of(task["name"]))
    after: dict[str, list[str]] = {}
    for task in tasks:
        for one in dependencies.of(task["name"]):
            if one not in left:
                raise WorkflowError(f"templates.{name} sorting failed: invalid dependency {one}")
            after.setdefault(one, []).append(task["name"])
    ready = [task["name"] for task in tasks if not left[task["name"]]]
    order: list[str] = []
    while ready:
        one = ready.pop(0)
        order.append(one)
        for other in after.get(one, ()):
            left[other] -= 1
            if not left[other]:
                ready.append(other)
    if len(order) < len(left):
        raise WorkflowError(f"templates.{name} sorting failed: graph with cycle")
    by_name = {task["name"]: task for task in tasks}
    return [by_name[one] for one in order]


def _check_task(
    validation: TemplateValidation,
    names: Names,
    template: Json,
    task: Json,
    dependencies: Dependencies,
) -> Json:
    owner, name = template["name"], task["name"]
    place = f"templates.{owner}.tasks.{name}"
    by_depends = any(one.get("depends") for one in template["dag"]["tasks"])
    if (by_depends or task.get("dependencies")) and name[0].isdigit():
        raise WorkflowError(
            f"{place} name cannot begin with a digit when using either 'depends' or 'dependencies'"
        )
    if by_depends and task.get("dependencies"):
        raise WorkflowError(
            f"templates.{owner} cannot use both 'depends' and 'dependencies' in the same DAG "
            "template"
        )
    if by_depends and task.get("continueOn") is not None:
        raise WorkflowError(
            f"templates.{owner} cannot use 'continueOn' when using 'depends'. Instead use "
            "'dep-task.Failed'/'dep-task.Errored'"
        )
    try:
        found = validation.holder(task, AnyArguments())
    except WorkflowError as error:
        raise WorkflowError(f"{place} {error}") from None
    group = bool(task.get("withItems") or task.get("withParam"))
    names.add_outputs(found, f"tasks.{name}", validation.known, group=group, ancestor=False)
    for one, result in results_named(task.get("depends") or ""):
        if result not in RESULTS:
            raise WorkflowError(f"{place} task result '{result}' for task '{one}' is invalid")
    for one, of_items in dependencies.of(name).items():
        other = dependencies.tasks.get(one)
        if other is None:
            raise WorkflowError(f"{place} dependency '{one}' not defined")
        if of_items and not is_loop(other):
            raise WorkflowError(
                f"templates.{owner}.tasks.{other['name']} dependency '{one}' uses an items-based "
                f"condition such as .{' or .'.join(sorted(OF_ITEMS, reverse=True))} but does not "
                "contain any items"
            )
    return found


def _check_no_cycle(name: str, tasks: list[Json], dependencies: Dependencies) -> None:
    visited: set[str] = set()

    def visit(task: str, path: list[str]) -> None:
        if task in visited:
            return
        for one in dependencies.of(task):
            if one in path:
                circle = "->".join([*path, one])
                message = f"templates.{name}.tasks dependency cycle detected: {circle}"
                raise WorkflowError(message)
            visit(one, [*path, one])
        visited.add(task)

    for task in tasks:
        visit(task["name"], [])


def _check_targets(
    validation: TemplateValidation, names: Names, template: Json, dependencies: Dependencies
) -> None:
    name, target = template["name"], template["dag"].get("target") or ""
    try:
        resolve_all(names, validation.known, target)
    except WorkflowError as error:
        raise WorkflowError(f"templates.{name}.targets {error}") from None
    for one in target.split():
        if not is_variable(one) and one not in dependencies.tasks:
            raise WorkflowError(f"templates.{name}.targets: target '{one}' is not defined")


def _check_arguments(
    validation: TemplateValidation,
    names: Names,
    owner: str,
    task: Json,
    dependencies: Dependencies,
    templates: dict[str, Json],
) -> None:
    name, place = task["name"], f"templates.{owner}.tasks.{task['name']}"
    if task.get("hooks") is not None:
        names.add(f"tasks.{name}.status")
    names.add_outputs(
        templates[name], f"tasks.{name}", validation.known, group=False, ancestor=False
    )
    mine, ancestry = Names(names), dependencies.ancestry(name)
    for one in ancestry:
        other = dependencies.tasks[one]
        group = bool(other.get("withItems") or other.get("withParam"))
        mine.add_outputs(
            templates[one], f"tasks.{one}", validation.known, group=group, ancestor=True
        )
    try:
        mine.add_items(task)
        resolve_all(mine, validation.known, task)
    except WorkflowError as error:
        raise WorkflowError(f"{place} {error}") from None
    check_arguments(f"{place}.arguments.", task.get("arguments"))
    try:
        _check_ancestors(task.get("arguments") or {}, ancestry)
        validation.holder(task, task.get("arguments") or {})
    except WorkflowError as error:
        raise WorkflowError(f"{place} {error}") from None


def _check_ancestors(arguments: Json, ancestry: list[str]) -> None:
    """What an argument begins with comes from a task that is over by then."""
    for kind, key, shown in (
        ("parameters", "value", "parameter"),
        ("artifacts", "from", "artifact"),
    ):
        for one in arguments.get(kind) or ():
            text = text_of(one.get(key) or "")
            if text.startswith("{{tasks."):
                task = text.split(".")[1]
                if task not in ancestry:
                    message = f"missing dependency '{task}' for {shown} '{one['name']}'"
                    raise WorkflowError(message)
