"""What templates of several nodes give, what those nodes get, and what follows each of them.

Source: argo-workflows v3.7.3 workflow/controller (getTemplateOutputsFromScope, runOnExitNode).
"""

from __future__ import annotations

from typing import Any

from pytest_kubeflow.local.workflows.errors import ParallelismReached, WorkflowError
from pytest_kubeflow.local.workflows.expansion import is_loop
from pytest_kubeflow.local.workflows.expressions.errors import ExpressionError
from pytest_kubeflow.local.workflows.expressions.when import holds
from pytest_kubeflow.local.workflows.nodes import Node, fulfilled
from pytest_kubeflow.local.workflows.run import Execute, Options, Run
from pytest_kubeflow.local.workflows.scope import Scope, text_of
from pytest_kubeflow.local.workflows.templating import replaced

Json = Any


def of_template(template: Json, scope: Scope) -> Json:
    """The outputs of a DAG or of steps, from those of its nodes. Raises WorkflowError."""
    wanted = template.get("outputs") or {}
    found: dict[str, list[Json]] = {}
    for one in wanted.get("parameters") or ():
        if one.get("valueFrom") is None:
            raise WorkflowError("output parameters must have a valueFrom specified")
        kept = {key: value for key, value in one.items() if key != "valueFrom"}
        found.setdefault("parameters", []).append(kept | {"value": _value(one["valueFrom"], scope)})
    for one in wanted.get("artifacts") or ():
        try:
            artifact = scope.artifact(one)
        except WorkflowError as error:
            if one.get("optional") and "Unable to resolve" in str(error):
                continue
            raise WorkflowError(f"unable to resolve outputs from scope: {error}") from None
        kept = {key: one[key] for key in ("globalName",) if key in one}
        found.setdefault("artifacts", []).append(artifact | kept)
    return found or None


def _value(source: Json, scope: Scope) -> str:
    try:
        if source.get("expression"):
            return text_of(scope.evaluate(source["expression"]))
        return text_of(scope.resolve(source["parameter"])) if source.get("parameter") else ""
    except WorkflowError:
        if source.get("default") is None:
            raise
        return text_of(source["default"])


def with_artifacts(step: Json, scope: Scope) -> Json:
    """A step or task with the artifacts that its arguments refer to.

    What is not to run refers to nothing. Raises WorkflowError, also for a `when` without a value.
    """
    try:
        if not holds(step.get("when", "")):
            return step
    except ExpressionError as error:
        # Of a loop it may be the item that is missing.
        if not is_loop(step):
            raise WorkflowError(str(error)) from None
    arguments = step.get("arguments") or {}
    if not arguments.get("artifacts"):
        return step
    found = []
    for one in arguments["artifacts"]:
        if not one.get("from") and not one.get("fromExpression"):
            found.append(one)
            continue
        try:
            found.append(scope.artifact(one))
        except WorkflowError as error:
            if one.get("optional"):
                continue
            raise WorkflowError(f"unable to resolve references: {error}") from None
    return step | {"arguments": arguments | {"artifacts": found}}


async def run_exit_hook(
    run: Run, step: Json, node: Node, prefix: str, scope: Scope, options: Options, execute: Execute
) -> bool:
    """Run what a step or task has for its end; whether nothing of that goes on."""
    hook = (step.get("hooks") or {}).get("exit")
    if hook is None and step.get("onExit"):
        hook = {"template": step["onExit"]}
    if hook is None or not run.may_run(in_exit_handler=True):
        return True
    last = run.tree.last_attempt(node) or node
    scope.add_outputs(prefix, last.get("outputs"))
    scope.set(f"{prefix}.status", node["phase"])
    known = {**run.known, **scope.parameters}
    if hook.get("expression") and not _applies(hook["expression"], known):
        return True
    name = f"{node['name']}.onExit"
    given = with_artifacts({"arguments": replaced(hook.get("arguments") or {}, known)}, scope)
    options = Options(options.boundary, in_exit_handler=True, flag={"hooked": True})
    try:
        handler = await execute(
            run, name, {"template": hook["template"]}, given["arguments"], options
        )
    except ParallelismReached:
        return False
    run.tree.connect(node["name"], name)
    return fulfilled(handler)


def _applies(expression: str, known: dict[str, str]) -> bool:
    from pytest_kubeflow.local.workflows.expressions.evaluation import nested, truth

    try:
        return truth(expression, nested(known))
    except ExpressionError as error:
        raise WorkflowError(str(error)) from None
