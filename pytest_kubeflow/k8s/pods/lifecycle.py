"""Pods: made, waited for, removed; and what is to be told of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pytest_kubeflow.errors import Evidence, KubeflowError, NotFound, PodFailed
from pytest_kubeflow.k8s.calling import calling
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.events import describe_events, events_of
from pytest_kubeflow.k8s.pods.logs import last_lines
from pytest_kubeflow.k8s.pods.start import StartWatch, container_statuses
from pytest_kubeflow.k8s.sessions.made import MADE
from pytest_kubeflow.k8s.turn import in_turn
from pytest_kubeflow.retries.evidence import reading_evidence
from pytest_kubeflow.waiting import Deadline, wait_until

_GLANCE = (2.0, 3.0)
# What the kubelet, the scheduler and others write into the status of a pod that they take away.
_TAKEN = frozenset(
    {
        "Evicted",
        "NodeAffinity",
        "NodeLost",
        "NodeShutdown",
        "Preempted",
        "Preempting",
        "Shutdown",
        "Terminated",
        "TopologyAffinityError",
        "UnexpectedAdmissionError",
    }
)


class PodLost(PodFailed):
    """The cluster took a pod away: evicted, preempted, drained, its node shut down.

    It is no failure of what the pod did, which can be done again.
    """


def create_pod(
    kubernetes: KubernetesClient,
    namespace: str,
    manifest: Mapping[str, Any],
    *,
    deadline: Deadline | None = None,
) -> Any:
    """Create the pod; returns the V1Pod. With a deadline it waits until a quota has room for it.

    Raises AdmissionRefused for what a rule of the namespace or the cluster never admits.
    """
    what = f"pod {namespace}/{manifest['metadata']['name']}"

    def create() -> Any:
        with calling(f"create {what}"):
            return kubernetes.core.create_namespaced_pod(namespace, dict(manifest))

    pod = create() if deadline is None else in_turn(create, what, deadline=deadline)
    MADE.add("pod")
    return pod


def read_pod(kubernetes: KubernetesClient, namespace: str, name: str) -> Any:
    """The V1Pod. Raises NotFound, and the other errors of `calling`."""
    with calling(f"read pod {namespace}/{name}"):
        return kubernetes.core.read_namespaced_pod(name, namespace)


def wait_for_end(
    kubernetes: KubernetesClient,
    namespace: str,
    name: str,
    *,
    deadline: Deadline,
    start_timeout: float = 120.0,
) -> Any:
    """Wait until the pod Succeeded; returns the V1Pod.

    Raises PodFailed as soon as it failed, or if for `start_timeout` seconds something is in its
    way that rarely mends itself (StartWatch); PodLost if the cluster took it away; WaitTimeout at
    the deadline; all with the pod's state, events and last log lines.
    """
    start = StartWatch(kubernetes, namespace, start_timeout)

    def poll() -> Any:
        try:
            return read_pod(kubernetes, namespace, name)
        except NotFound:
            raise PodLost(
                f"pod {namespace}/{name} was deleted by somebody else before it had ended"
            ) from None

    def ended(kind: type[PodFailed], how: str) -> PodFailed:
        return kind(
            f"pod {namespace}/{name} {how}", evidence=pod_evidence(kubernetes, namespace, name)
        )

    def succeeded(pod: Any) -> bool:
        if pod.status.phase == "Failed" and (why := _taken(pod)):
            raise ended(PodLost, f"{why}: {describe_pod(pod)}")
        if pod.status.phase == "Failed":
            raise ended(PodFailed, f"failed: {describe_pod(pod)}{_remedy(pod)}")
        if why := start.hopeless(pod):
            raise ended(PodFailed, f"cannot start: {why}")
        return bool(pod.status.phase == "Succeeded")

    return wait_until(
        poll,
        succeeded,
        deadline=deadline,
        what=f"pod {namespace}/{name} to end",
        describe=describe_pod,
        evidence=lambda: pod_evidence(kubernetes, namespace, name),
    )


def wait_until_removed(
    kubernetes: KubernetesClient, namespace: str, name: str, *, deadline: Deadline
) -> None:
    """Wait until a pod that is being deleted is gone, and nothing of it runs any more."""

    def poll() -> Any:
        try:
            return read_pod(kubernetes, namespace, name)
        except NotFound:
            return None

    wait_until(
        poll,
        lambda pod: pod is None,
        deadline=deadline,
        what=f"pod {namespace}/{name} to be gone",
        describe=describe_pod,
    )


def _taken(pod: Any) -> str:
    """How the cluster took this failed pod away; empty if it failed by itself."""
    reason = pod.status.reason or ""
    if reason in _TAKEN or reason.startswith("OutOf"):
        return "was taken away"
    for condition in pod.status.conditions or []:
        if condition.type == "DisruptionTarget" and condition.status == "True":
            message = ": ".join(filter(None, (condition.reason, condition.message)))
            return f"was taken away ({message})" if message else "was taken away"
    return "was deleted by somebody else" if pod.metadata.deletion_timestamp else ""


def _remedy(pod: Any) -> str:
    states = [status.state.terminated for status in container_statuses(pod) if status.state]
    if any(ended and ended.reason == "OOMKilled" for ended in states):
        return "; give helper pods more memory with --kf-pod-limits=memory=..."
    return ""


def delete_pod(kubernetes: KubernetesClient, namespace: str, name: str) -> None:
    """Delete the pod; one that is gone already is fine. Returns before it has ended."""
    try:
        with calling(f"delete pod {namespace}/{name}"):
            kubernetes.core.delete_namespaced_pod(name, namespace, grace_period_seconds=1)
    except NotFound:
        return


def describe_pod(pod: Any) -> str:
    """Phase, conditions that say why it waits, and the state of each container, on one line."""
    parts = [pod.status.phase or "Unknown"]
    if pod.status.reason:
        parts.append(f"{pod.status.reason}: {pod.status.message or ''}".rstrip(": "))
    for condition in pod.status.conditions or []:
        if condition.status == "False" and condition.type == "PodScheduled":
            parts.append(f"{condition.reason}: {condition.message or ''}".rstrip(": "))
    parts += [f"{status.name} {_state(status.state)}" for status in container_statuses(pod)]
    return "; ".join(parts)


def _state(state: Any) -> str:
    if state is None:
        return "unknown"
    if state.terminated:
        ended = state.terminated
        reason = f" {ended.reason}" if ended.reason else ""
        message = f" ({ended.message.strip()})" if ended.message else ""
        return f"exit code {ended.exit_code}{reason}{message}"
    if state.waiting:
        message = f" ({state.waiting.message})" if state.waiting.message else ""
        return f"waiting: {state.waiting.reason}{message}"
    return "running"


@reading_evidence()
def pod_evidence(kubernetes: KubernetesClient, namespace: str, name: str) -> Evidence:
    """State, events and last log lines of a pod. What cannot be read says so; nothing is raised."""
    evidence = Evidence(f"pod {namespace}/{name}")
    containers: Sequence[str] = ()
    try:
        pod = read_pod(kubernetes, namespace, name)
        evidence = evidence.and_section("state", describe_pod(pod))
        containers = started_containers(pod)
    except KubeflowError as error:
        evidence = evidence.and_section("state", f"({error.message})")
    try:
        events = describe_events(events_of(kubernetes, namespace, kind="Pod", name=name))
    except KubeflowError as error:
        events = f"({error.message})"
    evidence = evidence.and_section("events", events)
    for container in containers:
        log = last_lines(kubernetes, namespace, name, container)
        evidence = evidence.and_section(f"log of {container}", log)
    return evidence


def started_containers(pod: Any) -> list[str]:
    """The names of its containers that have run: others have no log, and asking for one is 400."""
    return [
        status.name
        for status in container_statuses(pod)
        if status.state and (status.state.running or status.state.terminated)
    ]


def waiting_pods(kubernetes: KubernetesClient, namespace: str, *, label: str) -> dict[str, str]:
    """What pods that have not started wait for, on one line, by the value of their label `label`.

    For a node, for an image, for a container; one call for the whole namespace, of some seconds at
    most.
    """
    with calling(f"list pods in {namespace}"):
        pods = kubernetes.core.list_namespaced_pod(
            namespace,
            label_selector=label,
            field_selector="status.phase=Pending",
            _request_timeout=_GLANCE,
        ).items
    return {pod.metadata.labels[label]: _waits_for(pod) for pod in pods}


def _waits_for(pod: Any) -> str:
    for condition in pod.status.conditions or []:
        if condition.status == "False" and condition.type == "PodScheduled":
            return f"waiting for a node: {condition.message or condition.reason}"
    waiting = [
        one.state.waiting for one in container_statuses(pod) if one.state and one.state.waiting
    ]
    reasons = [one.reason for one in waiting if one.reason not in {None, "PodInitializing"}]
    if reasons and reasons != ["ContainerCreating"]:
        what = "an image" if "Image" in reasons[0] else "a container"
        return f"waiting for {what}: {reasons[0]}"
    return "waiting for a container"
