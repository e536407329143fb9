"""What was seen of a service that is not as it should be: conditions, pods, events, logs."""

from __future__ import annotations

from typing import Any

from pytest_kubeflow.errors import Evidence, KubeflowError
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.events import told_about
from pytest_kubeflow.k8s.pods.lifecycle import describe_pod
from pytest_kubeflow.k8s.pods.logs import read_log
from pytest_kubeflow.k8s.pods.start import container_statuses
from pytest_kubeflow.redaction import Redactor
from pytest_kubeflow.serving.state import ServiceState
from pytest_kubeflow.serving.workload import CONTAINER, INITIALIZER, Workload

_EVENTS = 30
_READ_LINES = 2_000
_FIRST, _LAST = 14, 25
"""Lines of a long log: a server that goes on without its model says why at its start only."""


def service_evidence(
    kubernetes: KubernetesClient, namespace: str, name: str, state: ServiceState | None
) -> Evidence:
    """Everything that is known of it now. What cannot be read says so; nothing is raised.

    `state` is what was last seen of it; None if it is not there.
    """
    evidence = Evidence(f"InferenceService {namespace}/{name}")
    if state is None:
        evidence = evidence.and_section("state", "it does not exist")
    else:
        found = [str(one) for one in state.conditions] or [state.describe()]
        if state.failure:
            found.append(f"model: {state.failure}")
        evidence = evidence.and_section("conditions", "\n".join(found))
    try:
        workload = Workload.read(kubernetes, namespace, name)
    except KubeflowError as error:
        return evidence.and_section("pods", f"({error.message})")
    pod = workload.newest
    if pod is not None:
        # The loader's own words come before everything that follows from them.
        for heading, text in _logs(kubernetes, namespace, pod):
            evidence = evidence.and_section(heading, text)
    evidence = evidence.and_section("pods", _pods(workload))
    return evidence.and_section("events", _events(kubernetes, namespace, name))


def _pods(workload: Workload) -> str:
    if workload.pods is None:
        return "(we may not list them)"
    return (
        "\n".join(f"{pod.metadata.name}: {describe_pod(pod)}" for pod in workload.pods) or "(none)"
    )


def _events(kubernetes: KubernetesClient, namespace: str, name: str) -> str:
    # Its Deployment, ReplicaSets, revisions and pods all begin with its name.
    return told_about(kubernetes, namespace, name, below=f"{name}-predictor", most=_EVENTS)


def _logs(kubernetes: KubernetesClient, namespace: str, pod: Any) -> list[tuple[str, str]]:
    """The logs of what loads the model and of what serves it, as far as they have begun.

    A container that was started again has just forgotten what it died of: so the log before.
    """
    sections = []
    for status in container_statuses(pod):
        if status.name not in {INITIALIZER, CONTAINER}:
            continue
        state = status.state
        has_begun = bool(state and not state.waiting) or status.restart_count > 0
        if not has_begun:
            continue
        is_anew = status.restart_count > 0 and not (state and state.terminated)
        try:
            text = read_log(
                kubernetes,
                namespace,
                pod.metadata.name,
                status.name,
                tail_lines=_READ_LINES,
                previous=is_anew,
                timeout=10.0,
            ).decode(errors="replace")
        except KubeflowError as error:
            text = f"({error.message})"
        before = ", before it was started again" if is_anew else ""
        sections.append((f"log of {status.name}{before}", _shortened(Redactor().redact(text))))
    return sections


def _shortened(text: str) -> str:
    """The beginning and the end of a log."""
    lines = text.rstrip().splitlines()
    left_out = len(lines) - _FIRST - _LAST
    if left_out <= 0:
        return text
    return "\n".join([*lines[:_FIRST], f"... {left_out} lines more ...", *lines[-_LAST:]])


def last_words(evidence: Evidence) -> str:
    """The line with which the loader or the server ended, for a message of one line."""
    for heading, text in evidence.sections:
        if heading.startswith("log of "):
            lines = [line.strip() for line in text.splitlines() if line.strip()]
            if lines and not lines[-1].startswith("("):
                return lines[-1][-300:]
    return ""
