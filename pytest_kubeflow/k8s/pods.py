"""Helper pods: short-lived pods of ours that run to their end under the strictest usual policies.

Pod Security "restricted", quotas that demand requests and limits, and Istio sidecars that would
keep a pod running for ever are all common in profile namespaces.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_kubeflow.errors import Evidence, KubeflowError, NotFound, PodFailed
from pytest_kubeflow.k8s.client import KubernetesClient, calling
from pytest_kubeflow.k8s.events import describe_events, events_of
from pytest_kubeflow.k8s.logs import last_lines
from pytest_kubeflow.waiting import Deadline, wait_until

USER = 1000
GROUP = 1000
_GLANCE = (2.0, 3.0)
_NO_SIDECAR = {"sidecar.istio.io/inject": "false"}
# Waiting reasons that mend themselves at times, but not before a test's deadline if seen again.
_HOPELESS = frozenset(
    {"CreateContainerConfigError", "ErrImageNeverPull", "ImagePullBackOff", "InvalidImageName"}
)


@dataclass(frozen=True, slots=True)
class ContainerSpec:
    """One container of a helper pod. `mounts` maps volume names to paths."""

    name: str
    image: str
    command: Sequence[str]
    mounts: Mapping[str, str]
    read_only: frozenset[str] = frozenset()
    env: Mapping[str, str] | None = None


def pod_manifest(
    name: str,
    *,
    labels: Mapping[str, str],
    containers: Sequence[ContainerSpec],
    volumes: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """A Pod that runs to its end once, without privileges. `volumes` as in a PodSpec."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "labels": {**labels, **_NO_SIDECAR},
            "annotations": dict(_NO_SIDECAR),
        },
        "spec": {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "terminationGracePeriodSeconds": 1,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": USER,
                "runAsGroup": GROUP,
                "fsGroup": GROUP,
                "fsGroupChangePolicy": "OnRootMismatch",
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [_container(one) for one in containers],
            "volumes": [dict(volume) for volume in volumes],
        },
    }


def _container(spec: ContainerSpec) -> dict[str, Any]:
    return {
        "name": spec.name,
        "image": spec.image,
        "command": list(spec.command),
        "env": [{"name": key, "value": value} for key, value in (spec.env or {}).items()],
        "volumeMounts": [
            {"name": volume, "mountPath": path, "readOnly": volume in spec.read_only}
            for volume, path in spec.mounts.items()
        ],
        "resources": {
            "requests": {"cpu": "10m", "memory": "32Mi"},
            "limits": {"cpu": "500m", "memory": "256Mi"},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        },
    }


def create_pod(kubernetes: KubernetesClient, namespace: str, manifest: Mapping[str, Any]) -> Any:
    """Create the pod; returns the V1Pod."""
    with calling(f"create pod {namespace}/{manifest['metadata']['name']}"):
        return kubernetes.core.create_namespaced_pod(namespace, dict(manifest))


def wait_for_end(
    kubernetes: KubernetesClient, namespace: str, name: str, *, deadline: Deadline
) -> Any:
    """Wait until the pod Succeeded; returns the V1Pod.

    Raises PodFailed as soon as it failed or is seen never to start, WaitTimeout at the deadline,
    both with the pod's state, events and last log lines.
    """

    def poll() -> Any:
        with calling(f"read pod {namespace}/{name}"):
            return kubernetes.core.read_namespaced_pod(name, namespace)

    def succeeded(pod: Any) -> bool:
        reason = "failed" if pod.status.phase == "Failed" else _hopeless(pod)
        if reason:
            raise PodFailed(
                f"pod {namespace}/{name} {reason}: {describe_pod(pod)}",
                evidence=pod_evidence(kubernetes, namespace, name),
            )
        return bool(pod.status.phase == "Succeeded")

    return wait_until(
        poll,
        succeeded,
        deadline=deadline,
        what=f"pod {namespace}/{name} to end",
        describe=describe_pod,
        evidence=lambda: pod_evidence(kubernetes, namespace, name),
    )


def delete_pod(kubernetes: KubernetesClient, namespace: str, name: str) -> None:
    """Delete the pod; one that is gone already is fine. Returns before it has ended."""
    try:
        with calling(f"delete pod {namespace}/{name}"):
            kubernetes.core.delete_namespaced_pod(name, namespace, grace_period_seconds=1)
    except NotFound:
        return


def _hopeless(pod: Any) -> str:
    for status in _statuses(pod):
        waiting = status.state.waiting if status.state else None
        if waiting and waiting.reason in _HOPELESS:
            return "cannot start"
    return ""


def _statuses(pod: Any) -> list[Any]:
    return [*(pod.status.init_container_statuses or []), *(pod.status.container_statuses or [])]


def describe_pod(pod: Any) -> str:
    """Phase, conditions that say why it waits, and the state of each container, on one line."""
    parts = [pod.status.phase or "Unknown"]
    if pod.status.reason:
        parts.append(f"{pod.status.reason}: {pod.status.message or ''}".rstrip(": "))
    for condition in pod.status.conditions or []:
        if condition.status == "False" and condition.type == "PodScheduled":
            parts.append(f"{condition.reason}: {condition.message or ''}".rstrip(": "))
    parts += [f"{status.name} {_state(status.state)}" for status in _statuses(pod)]
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


def pod_evidence(kubernetes: KubernetesClient, namespace: str, name: str) -> Evidence:
    """State, events and last log lines of a pod. What cannot be read says so; nothing is raised."""
    evidence = Evidence(f"pod {namespace}/{name}")
    containers: list[str] = []
    try:
        with calling(f"read pod {namespace}/{name}"):
            pod = kubernetes.core.read_namespaced_pod(name, namespace)
        evidence = evidence.and_section("state", describe_pod(pod))
        containers = [
            status.name for status in _statuses(pod) if status.state and not status.state.waiting
        ]
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
    waiting = [one.state.waiting for one in _statuses(pod) if one.state and one.state.waiting]
    reasons = [one.reason for one in waiting if one.reason not in {None, "PodInitializing"}]
    if reasons and reasons != ["ContainerCreating"]:
        what = "an image" if "Image" in reasons[0] else "a container"
        return f"waiting for {what}: {reasons[0]}"
    return "waiting for a container"
