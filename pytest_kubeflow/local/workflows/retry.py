"""Retries: whether a Retry node gets another attempt, and when.

Source: argo-workflows v3.7.3 workflow/controller/operator.go (processNodeRetries).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pytest_kubeflow.local.workflows.durations import seconds_of, written
from pytest_kubeflow.local.workflows.errors import WorkflowError
from pytest_kubeflow.local.workflows.expressions.errors import ExpressionError
from pytest_kubeflow.local.workflows.nodes import FAILED_OR_ERROR, Node, fulfilled, moment
from pytest_kubeflow.local.workflows.run import Run
from pytest_kubeflow.local.workflows.scope import text_of

Json = Any

POLICIES = frozenset({"Always", "OnError", "OnFailure", "OnTransientError"})
_TRANSIENT = re.compile(
    r"exceeded quota|too many requests|etcdserver: |connection refused|i/o timeout|Unauthorized"
)


@dataclass(frozen=True, slots=True)
class Decision:
    """`waits`: the next attempt is not due yet. `deadline`: when all have to be over."""

    waits: bool = False
    deadline: datetime | None = None


def policy_of(strategy: Json) -> str:
    """When attempts are repeated."""
    return str(
        strategy.get("retryPolicy") or ("Always" if strategy.get("expression") else "OnFailure")
    )


def decide(run: Run, node: Node, strategy: Json) -> Decision:
    """Bring a Retry node to its end if its last attempt is to be the last. Raises WorkflowError."""
    attempts = run.tree.attempts(node)
    if fulfilled(node) or not attempts or not fulfilled(attempts[-1]):
        return Decision()
    last = attempts[-1]
    run.tree.set(node, "outputs", last.get("outputs"))
    if last["phase"] not in FAILED_OR_ERROR:
        run.tree.mark(node, "Succeeded")
        return Decision()
    if run.shutdown or run.is_late:
        _end(run, node, last, _stopped(run))
        return Decision()
    deadline = None
    if backoff := strategy.get("backoff"):
        outcome = _back_off(run, node, attempts, strategy, backoff)
        if outcome.waits or fulfilled(node):
            return outcome
        deadline = outcome.deadline
    if not _again(strategy, last):
        _end(run, node, last, last.get("message", ""))
    elif (limit := _limit(strategy)) is not None and len(attempts) > limit:
        _end(run, node, last, "No more retries left")
    elif strategy.get("expression") and not _wanted(strategy["expression"], attempts):
        _end(run, node, last, "retryStrategy.expression evaluated to false")
    return Decision(deadline=deadline)


def variables(number: int, last: Node | None) -> dict[str, str]:
    """What an attempt may know of the one before."""
    return {"retries": str(number)} | _last_retry(last, exit_code="0")


def _last_retry(last: Node | None, exit_code: str) -> dict[str, str]:
    last = last or {}
    duration = 0.0
    if last.get("finishedAt"):
        duration = (moment(last["finishedAt"]) - moment(last["startedAt"])).total_seconds()
    return {
        "lastRetry.exitCode": (last.get("outputs") or {}).get("exitCode", exit_code),
        "lastRetry.status": last.get("phase", ""),
        "lastRetry.duration": f"{duration:g}",
        "lastRetry.message": last.get("message", ""),
    }


def _end(run: Run, node: Node, last: Node, message: str) -> None:
    run.tree.mark(node, last["phase"], message)


def _stopped(run: Run) -> str:
    if run.shutdown:
        return f"Stopped with strategy '{run.shutdown}'"
    assert run.deadline is not None
    return f"retry exceeded workflow deadline {run.deadline:%Y-%m-%d %H:%M:%S} +0000 UTC"


def _limit(strategy: Json) -> int | None:
    limit = strategy.get("limit")
    if limit is None:
        return None
    try:
        return int(text_of(limit))
    except ValueError:
        message = f'strconv.ParseInt: parsing "{limit}": invalid syntax'
        raise WorkflowError(message) from None


def _again(strategy: Json, last: Node) -> bool:
    policy = policy_of(strategy)
    if policy not in POLICIES:
        raise WorkflowError(f"{policy} is not a valid RetryPolicy")
    if policy == "OnTransientError":
        return _TRANSIENT.search(last.get("message", "")) is not None
    return (
        policy == "Always" or policy == {"Failed": "OnFailure", "Error": "OnError"}[last["phase"]]
    )


def _wanted(expression: str, attempts: list[Node]) -> bool:
    from pytest_kubeflow.local.workflows.expressions.evaluation import nested, truth

    known = {"retries": str(len(attempts) - 1)} | _last_retry(attempts[-1], exit_code="-1")
    try:
        return truth(expression, nested(known))
    except ExpressionError as error:
        raise WorkflowError(str(error)) from None


def _back_off(
    run: Run, node: Node, attempts: list[Node], strategy: Json, backoff: Json
) -> Decision:
    last, deadline = attempts[-1], None
    if backoff.get("maxDuration"):
        longest = timedelta(seconds=seconds_of(text_of(backoff["maxDuration"])))
        deadline = moment(attempts[0]["startedAt"]) + longest
        if datetime.now(UTC) > deadline:
            _end(run, node, last, "Max duration limit exceeded")
            return Decision()
    if not backoff.get("duration"):
        raise WorkflowError("no base duration specified for retryStrategy")
    wait = seconds_of(text_of(backoff["duration"]))
    factor = int(text_of(backoff.get("factor") or 0))
    if factor > 0:
        wait *= factor ** (len(attempts) - 1)
    if backoff.get("cap"):
        wait = min(wait, seconds_of(text_of(backoff["cap"])))
    due = moment(last["finishedAt"]) + timedelta(seconds=wait)
    if deadline is not None and due > deadline:
        _end(run, node, last, "Backoff would exceed max duration limit")
        return Decision()
    limit = _limit(strategy)
    if run.now < due and limit is not None and len(attempts) <= limit:
        run.look_again(due)
        run.tree.mark(node, node["phase"], f"Backoff for {written(wait)}")
        return Decision(waits=True)
    run.tree.mark(node, node["phase"], "")
    return Decision(deadline=deadline)
