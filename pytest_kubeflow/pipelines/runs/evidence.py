"""What was seen of a run that went wrong: states, pods, events, last log lines. Bounded."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from pytest_kubeflow.errors import Evidence, KubeflowError
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.events import describe_events, events_of
from pytest_kubeflow.k8s.pods.lifecycle import describe_pod
from pytest_kubeflow.k8s.pods.run_pods import RunPods
from pytest_kubeflow.pipelines.runs.last_words import (
    DRIVER,
    component_exit,
    component_words,
    last_words,
    launcher_reason,
)
from pytest_kubeflow.pipelines.runs.view import RunView
from pytest_kubeflow.pipelines.tasks.task import NOT_STARTED, Task
from pytest_kubeflow.plain_text import plain
from pytest_kubeflow.redaction import Redactor

_BY_COMPONENT = re.compile(r"main: Error \(exit code \d+\)")
_NOT_RUN = frozenset({"PENDING", "", NOT_STARTED})
_WORDS = 5
_LONGEST_WORDS = 500
_LOGS = 3
_LOG_LINES = 40
_EVENTS = 30
_PODS = 50


def blamed(tasks: Sequence[Task]) -> list[Task]:
    """The tasks to look at first: failed ones, else those that hang; no DAGs around them."""
    leaves = [task for task in tasks if not task.is_dag]
    for states in ({"FAILED"}, {"CANCELED", "RUNNING", "PENDING", ""}):
        if found := [task for task in leaves if task.state in states]:
            return found
    return []


def verdict(task: Task) -> str:
    """Half a sentence about a task that did not end well: its state, why, its last words."""
    if task.state in _NOT_RUN:
        return f"task {task.label} is {task.state}" + (f" ({task.error})" if task.error else "")
    try:
        log = plain(Redactor().redact(task.log()))
    except KubeflowError as error:
        log, words = "", f"({error.message})"
    else:
        words = component_words(log)
    why = _why(task, log)
    message = f"task {task.label} is {task.state}" + (f" ({why})" if why else "")
    if why.startswith(DRIVER):
        return message  # there was no component yet
    last = last_words(words, _WORDS)
    return f"{message}; it said last: {last[-_LONGEST_WORDS:]}" if last else message


def _why(task: Task, log: str) -> str:
    """Why it failed: what Argo sees of a component is how the launcher ended."""
    if not _BY_COMPONENT.match(task.error):
        return task.error
    return component_exit(log) or launcher_reason(log) or task.error


def task_table(tasks: Sequence[Task], logs: Mapping[str, str]) -> str:
    """One line a task: name, state, seconds, error; `logs` by the labels of tasks."""
    width = max((len(task.label) for task in tasks), default=0)
    lines = []
    for task in tasks:
        seconds = "" if task.duration is None else f"{task.duration:.1f} s"
        name, why = task.label, _why(task, logs.get(task.label, ""))
        message = "; ".join(filter(None, (why, task.unread)))
        lines.append(f"{name:<{width}}  {task.state:<11}  {seconds:>8}  {message}".rstrip())
    return "\n".join(lines)


def last_log_lines(task: Task, lines: int = _LOG_LINES) -> str:
    """The end of a task's log, or in brackets why there is none."""
    try:
        text = task.log()
    except KubeflowError as error:
        return f"({error.message})"
    # What is cut may be no longer known for the key that it is the half of.
    return "\n".join(plain(Redactor().redact(text)).rstrip().splitlines()[-lines:])


def run_evidence(
    view: RunView,
    read_tasks: Callable[[], Sequence[Task]],
    *,
    kubernetes: KubernetesClient | None,
    namespace: str,
    pods: RunPods | None,
) -> Evidence:
    """Everything that is known of the run now, most telling first.

    That is what Kubernetes warns of, pods that are not fine, the logs of the tasks to look at
    first; then tables, and what is no warning. What cannot be read says so; nothing is raised.
    """
    first: list[tuple[str, str]] = []
    last = [("state", f"{view.state or 'PENDING'} {view.error}".rstrip())]
    logs: dict[str, str] = {}
    tasks: Sequence[Task] = ()
    gap = ""
    try:
        tasks = read_tasks()
        logs = {
            task.label: last_log_lines(task)
            for task in blamed(tasks)[:_LOGS]
            if task.pod_name and task.state != NOT_STARTED
        }
    except KubeflowError as error:
        gap = f"({error.message})"
    if kubernetes is not None and pods is not None:
        found = _pods(kubernetes, namespace, pods)
        first += [("warnings", found.warnings)] if found.warnings else []
        (first if found.is_telling else last).append(("pods", found.pods))
        last += [("events", found.events)] if found.events is not None else []
    first += [(f"log of {label}", log) for label, log in logs.items()]
    table = ("tasks", gap or task_table(tasks, logs))
    return Evidence(f"run {view.name} ({view.run_id})", (*first, table, *last))


class _Pods(NamedTuple):
    """What Kubernetes says of a run's pods and their claims; `events` are those beside warnings."""

    pods: str
    is_telling: bool
    warnings: str = ""
    events: str | None = None


def _pods(kubernetes: KubernetesClient, namespace: str, of_run: RunPods) -> _Pods:
    try:
        pods = of_run.now()
    except KubeflowError as error:
        return _Pods(f"({error.message})", is_telling=True)
    unwell = [pod for pod in pods if pod.status.phase != "Succeeded"]
    message = "\n".join(f"{pod.metadata.name}: {describe_pod(pod)}" for pod in unwell[:_PODS])
    if len(unwell) > _PODS:
        message += f"\n... and {len(unwell) - _PODS} more"
    shown = _Pods(message or f"(none but {len(pods)} that succeeded)", is_telling=bool(message))
    claims = {
        volume.persistent_volume_claim.claim_name
        for pod in unwell
        for volume in pod.spec.volumes or ()
        if volume.persistent_volume_claim
    }
    names = {pod.metadata.name for pod in pods} | claims
    try:
        events = [
            event
            for event in events_of(kubernetes, namespace)
            if event.involved_object.name in names
        ]
    except KubeflowError as error:
        return shown._replace(events=f"({error.message})")
    warnings = [event for event in events if event.type == "Warning"]
    others = [event for event in events if event.type != "Warning"]
    return shown._replace(
        warnings=describe_events(warnings[-_EVENTS:]), events=describe_events(others[-_EVENTS:])
    )
