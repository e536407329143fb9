"""What was seen of an experiment that is not as it should be: conditions, trials, pods, logs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pytest_kubeflow.errors import Evidence, KubeflowError
from pytest_kubeflow.k8s.events import told_about
from pytest_kubeflow.k8s.objects.conditions import conditions_of, holds
from pytest_kubeflow.k8s.pods.lifecycle import describe_pod, started_containers
from pytest_kubeflow.k8s.pods.logs import last_lines
from pytest_kubeflow.k8s.pods.start import container_statuses
from pytest_kubeflow.katib.state import ExperimentState
from pytest_kubeflow.katib.trial import Trial
from pytest_kubeflow.katib.workload import ExperimentWorkload, collector_of
from pytest_kubeflow.redaction import Redactor

_EVENTS = 30
_BAD = ("Failed", "MetricsUnavailable", "Running", "Pending", "Killed")
"""The states of trials in the order in which their pods are worth looking at."""


def experiment_evidence(workload: ExperimentWorkload, state: ExperimentState | None) -> Evidence:
    """Everything that is known of it now. What cannot be read says so; nothing is raised.

    `state` is what was last seen of it; None if it is not there.
    """
    evidence = Evidence(f"Experiment {workload.namespace}/{workload.name}")
    if state is None:
        return evidence.and_section("state", "it does not exist")
    found = [*map(str, state.conditions), state.progress()]
    evidence = evidence.and_section("conditions", "\n".join(found))
    try:
        trials = workload.trials(state.space)
        suggestion = workload.suggestion()
        pods = workload.suggestion_pods()
    except KubeflowError as error:
        return evidence.and_section("trials", f"({error.message})")
    evidence = evidence.and_section("trials", "\n".join(map(Trial.describe, trials)) or "(none)")
    for heading, text in _of_trial(workload, trials):
        evidence = evidence.and_section(heading, text)
    found = (
        [str(one) for one in conditions_of(suggestion)] if suggestion is not None else ["(none)"]
    )
    found += [f"pod {pod.metadata.name}: {describe_pod(pod)}" for pod in pods]
    evidence = evidence.and_section("suggestion", "\n".join(found))
    for pod in pods[:1]:
        for container in started_containers(pod):
            text = last_lines(workload.kubernetes, workload.namespace, pod.metadata.name, container)
            evidence = evidence.and_section(f"log of {container}", Redactor().redact(text))
    return evidence.and_section("events", _events(workload))


def _of_trial(workload: ExperimentWorkload, trials: Sequence[Trial]) -> list[tuple[str, str]]:
    """The pod and the logs of the trial that is worst."""
    worst = min(
        (one for one in trials if one.state in _BAD),
        key=lambda one: _BAD.index(one.state),
        default=None,
    )
    if worst is None:
        return []
    try:
        pods = workload.pods(worst)
    except KubeflowError as error:
        return [(f"pod of {worst.name}", f"({error.message})")]
    if not pods:
        return [(f"pod of {worst.name}", "(none)")]
    pod = pods[0]
    sections = []
    # Its own words are in the collector's log, which comes first.
    first = collector_of(pod)
    for container in sorted(started_containers(pod), key=lambda one: one != first):
        text = last_lines(workload.kubernetes, workload.namespace, pod.metadata.name, container)
        sections.append((f"log of {container} of {worst.name}", Redactor().redact(text)))
    return [*sections, (f"pod of {worst.name}", f"{pod.metadata.name}: {describe_pod(pod)}")]


def _events(workload: ExperimentWorkload) -> str:
    # Trials, Jobs, pods and the suggestion's Deployment all begin with its name.
    return told_about(
        workload.kubernetes,
        workload.namespace,
        workload.name,
        below=f"{workload.name}-",
        most=_EVENTS,
    )


def why_failed(workload: ExperimentWorkload, state: ExperimentState) -> str:
    """What of its suggestion or its trials made it fail, in Katib's words; one line."""
    suggestion = workload.suggestion()
    if suggestion is not None and holds(suggestion, "Failed"):
        said = [one.message for one in conditions_of(suggestion) if one.type == "Failed"]
        return f"its Suggestion has failed: {said[-1]}"
    bad = [one for one in workload.trials(state.space) if one.state in _BAD[:2]]
    if not bad:
        return ""
    worst = bad[0]
    message = f"trial {worst.name} is {worst.state}: {worst.reason}"
    pods = workload.pods(worst)
    if not pods:
        return f"{message}; its pod is gone, as spec.trialTemplate.retain is not set"
    return f"{message}; {_last_words(workload, pods[0])}"


def _last_words(workload: ExperimentWorkload, pod: Any) -> str:
    primary = [
        f"{status.name} exit code {status.state.terminated.exit_code}"
        for status in container_statuses(pod)
        if status.state and status.state.terminated
    ]
    container = collector_of(pod) or (started_containers(pod) or [""])[0]
    log = last_lines(
        workload.kubernetes, workload.namespace, pod.metadata.name, container, lines=20
    )
    lines = [line for line in Redactor().redact(log).splitlines() if line.strip()]
    message = f"; it said: {_without_prefix(lines)}" if lines else ""
    return f"its containers ended: {', '.join(primary)}{message}"


def _without_prefix(lines: Sequence[str]) -> str:
    """The last line of the program itself; the collector adds its own, and a prefix to all."""
    words = [line.split("] ", 1)[-1].strip() for line in lines]
    errors = [line for line in words if "Error" in line or "error" in line]
    return (errors or words)[-1][-300:]
