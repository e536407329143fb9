"""What was seen of a notebook that is not as it should be: statuses, pod, events, logs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pytest_kubeflow.errors import Evidence, KubeflowError
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.events import describe_events, events_about
from pytest_kubeflow.k8s.logs import last_lines
from pytest_kubeflow.k8s.pods import describe_pod, started_containers
from pytest_kubeflow.notebooks.state import NotebookState
from pytest_kubeflow.notebooks.workload import NotebookWorkload
from pytest_kubeflow.redaction import Redactor

_EVENTS = 30
_REISSUED = "Reissued from"


def notebook_evidence(
    kubernetes: KubernetesClient,
    namespace: str,
    name: str,
    state: NotebookState | None,
    processed: Callable[[], Mapping[str, Any]],
) -> Evidence:
    """Everything that is known of it now. What cannot be read says so; nothing is raised.

    `processed` asks the web app for its status of the notebook.
    """
    evidence = Evidence(f"Notebook {namespace}/{name}")
    if state is None:
        evidence = evidence.and_section("state", "it does not exist")
    else:
        told = [state.describe(), f"the web app says: {_processed(processed)}"]
        if state.loses:
            told.append(state.loses)
        evidence = evidence.and_section("state", "\n".join(told))
    try:
        workload = NotebookWorkload.read(kubernetes, namespace, name)
    except KubeflowError as error:
        return evidence.and_section("pod", f"({error.message})")
    if workload.pod is None:
        evidence = evidence.and_section("pod", "(none)")
    else:
        pod = workload.pod.metadata.name
        # The server's own words come before everything that follows from them.
        for container in sorted(started_containers(workload.pod), key=lambda one: one != name):
            text = last_lines(kubernetes, namespace, pod, container)
            evidence = evidence.and_section(f"log of {container}", Redactor().redact(text))
        evidence = evidence.and_section("pod", f"{pod}: {describe_pod(workload.pod)}")
        if claims := workload.pending_claims():
            evidence = evidence.and_section("claims", claims)
    return evidence.and_section("events", _events(kubernetes, namespace, name))


def _processed(processed: Callable[[], Mapping[str, Any]]) -> str:
    try:
        status = processed().get("processed_status") or {}
    except KubeflowError as error:
        return f"({error.message})"
    return f"{status.get('phase', 'nothing')}: {status.get('message', '')}".rstrip(": ")


def _events(kubernetes: KubernetesClient, namespace: str, name: str) -> str:
    try:
        # Its StatefulSet has its name, its pod -0 after it, its claims another suffix.
        about = events_about(kubernetes, namespace, name, below=f"{name}-")
    except KubeflowError as error:
        return f"({error.message})"
    # The controller repeats on the Notebook what was said of StatefulSet and pod.
    own = [event for event in about if not (event.message or "").startswith(_REISSUED)]
    return describe_events((own or about)[-_EVENTS:])
