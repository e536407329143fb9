"""Running a template: its node, its attempts, and what kind of template it is.

Source: argo-workflows v3.7.3 workflow/controller/operator.go (executeTemplate, checkParallelism).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from pytest_kubeflow.local.workflows import retry
from pytest_kubeflow.local.workflows.dag import execute_dag
from pytest_kubeflow.local.workflows.durations import seconds_of
from pytest_kubeflow.local.workflows.errors import (
    ParallelismReached,
    TimedOut,
    TransientError,
    WorkflowError,
)
from pytest_kubeflow.local.workflows.nodes import FAILED_OR_ERROR, Node, fulfilled, moment
from pytest_kubeflow.local.workflows.run import Options, Run
from pytest_kubeflow.local.workflows.steps import execute_steps
from pytest_kubeflow.local.workflows.templates import (
    NODE_TYPES,
    PODS,
    kind_of,
    processed,
    substituted,
)

Json = Any

_DEEPEST = 100
_TOO_DEEP = (
    "Maximum recursion depth exceeded. See "
    "https://argo-workflows.readthedocs.io/en/latest/scaling/#maximum-recursion-depth"
)
_FAILED_FAST = "template has failed or errored children and failFast enabled"
_AFTER_ERRORS = frozenset({"Always", "OnError", "OnTransientError"})
REQUEUE_SECONDS = 10.0
"""Until what Kubernetes has refused for now is asked for again."""


async def execute(run: Run, name: str, holder: Json, arguments: Json, options: Options) -> Node:
    """Run what a step or task `holder` names, as far as it can be run now; its node.

    Raises WorkflowError where it comes to nothing, ParallelismReached where it has to wait.
    """
    node = run.tree.named(name)
    if node is not None and _is_settled(run, node):
        return node
    run.depth += 1
    try:
        if run.depth > _DEEPEST:
            raise WorkflowError(_TOO_DEEP)
        template = _template(run, name, holder, arguments)
    except WorkflowError as error:
        _initialized_or_error(run, node, name, holder, options, str(error))
        raise
    finally:
        run.depth -= 1
    run.depth += 1
    try:
        return await _execute(run, name, node, holder, arguments, template, options)
    finally:
        run.depth -= 1


def _is_settled(run: Run, node: Node) -> bool:
    """Whether there is nothing to be done for it but to wait, if that."""
    if fulfilled(node):
        return True
    return node["type"] == "Pod" and run.pods.find(node) is not None


def _template(run: Run, name: str, holder: Json, arguments: Json) -> Json:
    template = run.templates.get(holder["template"])
    local = {"node.name": name}
    if kind_of(template) in PODS and run.templates.retry_strategy(template) is None:
        local["pod.name"] = run.pod_name(name, template["name"])
    if holder.get("name"):
        local["tasks.name"] = local["steps.name"] = holder["name"]
    return processed(template, arguments, run.known, local)


def _initialized_or_error(
    run: Run, node: Node | None, name: str, holder: Json, options: Options, message: str
) -> Node:
    if node is not None:
        return run.tree.mark(node, "Error", message)
    return run.tree.add(
        name,
        "Skipped",
        template=holder.get("template", ""),
        scope=run.scope,
        boundary=options.boundary,
        phase="Error",
        flag=options.flag,
        message=message,
    )


async def _execute(
    run: Run,
    name: str,
    node: Node | None,
    holder: Json,
    arguments: Json,
    template: Json,
    options: Options,
) -> Node:
    _check_timeout(run, template, node)
    _check_parallelism(run, template, node, options.boundary)
    strategy = run.templates.retry_strategy(template)
    if strategy is None:
        try:
            return await _dispatch(run, name, node, template, holder, options)
        except ParallelismReached:
            raise
        except WorkflowError as error:
            _failed(run, name, error)
            raise
    parent = node or _add(run, name, "Retry", template, holder, options)
    try:
        decision = retry.decide(run, parent, strategy)
    except WorkflowError as error:
        run.tree.mark(parent, "Error", str(error))
        raise
    if decision.waits or (fulfilled(parent) and run.tree.all_fulfilled(parent)):
        return parent
    flag = {**(options.flag or {}), "retried": True}
    options = replace(options, flag=flag, deadline=decision.deadline)
    attempt = await _attempt(run, parent, template, holder, strategy, options)
    if not fulfilled(parent) and fulfilled(attempt):
        return await execute(run, name, holder, arguments, options)
    return parent


async def _attempt(
    run: Run, parent: Node, template: Json, holder: Json, strategy: Json, options: Options
) -> Node:
    """Go on with the last attempt at a template, or begin another one; its node."""
    attempts = run.tree.attempts(parent)
    last = attempts[-1] if attempts else None
    node = last if last is not None and not fulfilled(last) else None
    number = len(attempts) - 1 if node is not None else len(attempts)
    name = f"{parent['name']}({number})"
    if node is not None and _is_settled(run, node):
        return node
    local = retry.variables(number, last)
    if kind_of(template) in PODS:
        local["pod.name"] = run.pod_name(name, template["name"])
    try:
        made = substituted(template, run.known, local)
        node = await _dispatch(run, name, node, made, holder, options)
    except ParallelismReached:
        raise
    except WorkflowError as error:
        node = _failed(run, name, error)
        if node is None or retry.policy_of(strategy) not in _AFTER_ERRORS:
            raise
    finally:
        if run.tree.named(name) is not None:
            run.tree.connect(parent["name"], name)
    return node


def _failed(run: Run, name: str, error: WorkflowError) -> Node | None:
    """Give the node that could not be run its end; it, if there is one."""
    node = run.tree.named(name)
    if node is not None and not fulfilled(node):
        run.tree.mark(node, "Error", str(error))
    return node


async def _dispatch(
    run: Run, name: str, node: Node | None, template: Json, holder: Json, options: Options
) -> Node:
    kind = kind_of(template)
    if node is None:
        phase = "Pending" if kind in PODS or kind == "suspend" else "Running"
        node = _add(run, name, NODE_TYPES[kind], template, holder, options, phase=phase)
    if kind == "dag":
        return await execute_dag(run, node, template, options, execute)
    if kind == "steps":
        return await execute_steps(run, node, template, options, execute)
    if kind == "suspend":
        return _suspend(run, node, template)
    return await _execute_pod(run, node, template, options)


def _add(
    run: Run,
    name: str,
    kind: str,
    template: Json,
    holder: Json,
    options: Options,
    *,
    phase: str = "Running",
) -> Node:
    inputs = {key: value for key, value in (template.get("inputs") or {}).items() if value}
    return run.tree.add(
        name,
        kind,
        template=holder["template"],
        scope=run.scope,
        boundary=options.boundary,
        phase=phase,
        flag=options.flag,
        inputs=inputs,
    )


async def _execute_pod(run: Run, node: Node, template: Json, options: Options) -> Node:
    if run.pods.find(node) is not None or node["phase"] != "Pending":
        return node
    if not run.may_run(in_exit_handler=options.in_exit_handler):
        message = f"workflow shutdown with strategy: {run.shutdown}"
        return run.tree.mark(node, "Failed", message)
    boundary = run.tree.nodes.get(options.boundary)
    result = boundary is not None and run.templates.gives_result(
        boundary["templateName"], node["name"]
    )
    try:
        await run.pods.make(run, node, template, options, result=result)
    except TransientError as error:
        run.look_again(run.now + timedelta(seconds=REQUEUE_SECONDS))
        return run.tree.mark(node, "Pending", str(error))
    run.active += 1
    return node


def _suspend(run: Run, node: Node, template: Json) -> Node:
    """Wait, for a time if there is one; else until somebody says that the node has succeeded."""
    duration = (template["suspend"] or {}).get("duration")
    if duration:
        until = moment(node["startedAt"]) + timedelta(seconds=seconds_of(str(duration)))
        if run.now >= until:
            return run.tree.mark(node, "Succeeded")
        run.look_again(until)
    return run.tree.mark(node, "Running")


def _check_timeout(run: Run, template: Json, node: Node | None) -> None:
    if node is None or not template.get("timeout"):
        return
    due: datetime = moment(node["startedAt"]) + timedelta(seconds=seconds_of(template["timeout"]))
    if node["phase"] == "Pending":
        if run.now > due:
            run.tree.mark(node, "Failed", "timeout")
            raise TimedOut("timeout")
        run.look_again(due)


def _check_parallelism(run: Run, template: Json, node: Node | None, boundary: str) -> None:
    most = run.spec.get("parallelism")
    if most is not None and run.active >= most:
        raise ParallelismReached("Max parallelism reached")
    if node is not None and kind_of(template) in {"dag", "steps"}:
        _check_own(run, template, node)
    if boundary and (node is None or node["phase"] not in {"Pending", "Running"}):
        around = run.tree[boundary]
        parent = run.templates.get(around["templateName"])
        _check_fail_fast(run, parent, around)
        most = parent.get("parallelism")
        if most and _active_children(run, boundary) >= most:
            raise ParallelismReached("Max parallelism reached")


def _check_own(run: Run, template: Json, node: Node) -> None:
    _check_fail_fast(run, template, node)
    most = template.get("parallelism")
    if most and run.active_pods(node["id"]) >= most:
        raise ParallelismReached("Max parallelism reached")


def _check_fail_fast(run: Run, template: Json, node: Node) -> None:
    if not template.get("failFast") or not any(
        one["phase"] in FAILED_OR_ERROR for one in _counted(run, node["id"])
    ):
        return
    if run.active_pods(node["id"]) == 0:
        groups = [
            one
            for one in run.tree
            if one["type"] == "StepGroup" and one.get("boundaryID") == node["id"]
        ]
        if kind_of(template) == "steps" and groups:
            run.tree.mark(groups[-1], "Failed", _FAILED_FAST)
        run.tree.mark(node, "Failed", _FAILED_FAST)
    raise ParallelismReached("Max parallelism reached")


def _counted(run: Run, boundary: str) -> list[Node]:
    return [
        one
        for one in run.tree
        if one.get("boundaryID") == boundary and one["type"] in {"Pod", "Steps", "DAG"}
    ]


def _active_children(run: Run, boundary: str) -> int:
    return sum(one["phase"] in {"Pending", "Running"} for one in _counted(run, boundary))
