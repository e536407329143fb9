"""The state of a detached run in one line."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime
from typing import Any

from pytest_kubeflow.errors import KubeflowError
from pytest_kubeflow.incluster.detached import DetachedRun
from pytest_kubeflow.incluster.pod import CONTAINER
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.events import describe_events, events_of
from pytest_kubeflow.k8s.pods.logs import read_log
from pytest_kubeflow.k8s.sessions.ownership import age

_OUTCOME = re.compile(
    r"^\S+::.* (PASSED|FAILED|ERROR|SKIPPED|XFAIL|XPASS)\b.*?(?:\[ *\d+%\])?$", re.MULTILINE
)
_CODES = {
    0: "passed",
    1: "failed",
    2: "interrupted",
    3: "internal error",
    4: "usage error",
    5: "nothing collected",
    78: "unfit: the preflight says why",
    137: "killed",
}
"""As docs/reference/exit-codes.md has them."""

DEADLINE = "DeadlineExceeded"


def exit_code(run: DetachedRun) -> int | None:
    """That of its session; None while it runs, or where its pod is gone."""
    terminated = _container_state(run.pod, "terminated")
    return None if terminated is None else int(terminated.exit_code)


def has_started(run: DetachedRun) -> bool:
    """Whether its container runs, or has run."""
    return any(_container_state(run.pod, one) is not None for one in ("running", "terminated"))


def describe(run: DetachedRun, kubernetes: KubernetesClient, namespace: str) -> str:
    """One line, such as "kf-run-1f2e: running since 12m, 34 passed, 1 failed so far"."""
    return f"{run.name}: {_described(run, kubernetes, namespace)}"


def _described(run: DetachedRun, kubernetes: KubernetesClient, namespace: str) -> str:
    condition, code = run.condition, exit_code(run)
    counted = _counted(run, kubernetes, namespace)
    if condition is not None and condition.reason == DEADLINE:
        if not run.is_over:
            return f"its deadline has passed, and its session ends{counted}"
        return f"ended by its deadline after {_took(run)}{counted}; kf-run retrieve has its report"
    if code is not None:
        message = _CODES.get(code, "ended")
        return f"done with exit code {code} ({message}) after {_took(run)}{counted}"
    if condition is not None:
        return f"done: {condition.reason}: {condition.message}; its pod is gone"
    running = _container_state(run.pod, "running")
    if running is not None:
        return f"running since {_since(running.started_at)}{counted}{' so far' if counted else ''}"
    return f"waiting since {_since(run.job.metadata.creation_timestamp)}: " + _pending_reason(
        run, kubernetes, namespace
    )


def _container_state(pod: Any | None, state: str) -> Any | None:
    statuses = (pod.status.container_statuses or []) if pod is not None else []
    found = next((one for one in statuses if one.name == CONTAINER), None)
    return None if found is None else getattr(found.state, state)


def _pending_reason(run: DetachedRun, kubernetes: KubernetesClient, namespace: str) -> str:
    """Why its pod does not run, in Kubernetes' own words."""
    waiting = _container_state(run.pod, "waiting")
    if waiting is not None:
        return ": ".join(filter(None, (waiting.reason, waiting.message)))
    kind, name = ("Job", run.name) if run.pod is None else ("Pod", run.pod.metadata.name)
    try:
        message = describe_events(events_of(kubernetes, namespace, kind=kind, name=name))
    except KubeflowError as error:
        return error.message
    return " ".join(message.split()) or "its pod is not made yet"


def _counted(run: DetachedRun, kubernetes: KubernetesClient, namespace: str) -> str:
    """The outcomes of tests in its log, with a comma before; empty where there are none."""
    if run.pod is None:
        return ""
    try:
        log = read_log(kubernetes, namespace, run.pod.metadata.name, CONTAINER)
    except KubeflowError:
        return ""  # it has not begun, or its node is gone
    found = counts_in(log.decode(errors="replace"))
    return "".join(f", {number} {outcome}" for outcome, number in found.items())


def counts_in(log: str) -> dict[str, int]:
    """How many tests ended in which way, by the lines of pytest's verbose log."""
    words = {"PASSED": "passed", "XPASS": "passed", "FAILED": "failed", "ERROR": "failed"}
    found = Counter(words.get(one, "skipped") for one in _OUTCOME.findall(log))
    return {key: found[key] for key in ("passed", "failed", "skipped") if found[key]}


def _since(moment: datetime | None) -> str:
    return "now" if moment is None else age((datetime.now(UTC) - moment).total_seconds())


def _took(run: DetachedRun) -> str:
    begun, condition = run.job.status.start_time, run.condition
    ended = condition.last_transition_time if condition is not None else datetime.now(UTC)
    return "no time" if begun is None else age((ended - begun).total_seconds())
