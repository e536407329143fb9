"""What was seen of a server's pod: logs, state, claims, events."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pytest_kubeflow.errors import Evidence, KubeflowError
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.events import describe_events, events_about
from pytest_kubeflow.k8s.pods.lifecycle import describe_pod, started_containers
from pytest_kubeflow.k8s.pods.logs import last_lines
from pytest_kubeflow.redaction import Redactor
from pytest_kubeflow.webapps.workload import ServerWorkload

_EVENTS = 30


def with_workload(
    evidence: Evidence,
    kubernetes: KubernetesClient,
    namespace: str,
    read: Callable[[], ServerWorkload],
    *,
    names: tuple[str, ...],
    repeated: Callable[[Any], bool] = lambda _event: False,
) -> Evidence:
    """`evidence` with what the pod shows now. What cannot be read says so; nothing is raised.

    Events are those about what is called as one of `names`, or as that with a dash and more after
    it; those that are `repeated` are left out where there are others.
    """
    try:
        workload = read()
    except KubeflowError as error:
        return evidence.and_section("pod", f"({error.message})")
    if workload.pod is None:
        evidence = evidence.and_section("pod", "(none)")
    else:
        pod = workload.pod.metadata.name
        # The server's own words come before everything that follows from them.
        for container in sorted(
            started_containers(workload.pod), key=lambda one: one != workload.container
        ):
            text = last_lines(kubernetes, namespace, pod, container)
            evidence = evidence.and_section(f"log of {container}", Redactor().redact(text))
        evidence = evidence.and_section("pod", f"{pod}: {describe_pod(workload.pod)}")
        if claims := workload.pending_claims():
            evidence = evidence.and_section("claims", claims)
    return evidence.and_section("events", _events(kubernetes, namespace, names, repeated))


def _events(
    kubernetes: KubernetesClient,
    namespace: str,
    names: tuple[str, ...],
    repeated: Callable[[Any], bool],
) -> str:
    about: list[Any] = []
    try:
        for name in names:
            about += events_about(kubernetes, namespace, name, below=f"{name}-")
    except KubeflowError as error:
        return f"({error.message})"
    own = [event for event in about if not repeated(event)]
    return describe_events((own or about)[-_EVENTS:])
