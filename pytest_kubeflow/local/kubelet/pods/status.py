"""The status of a pod, computed from the states of its containers.

Rules: kubernetes/kubernetes pkg/kubelet/kubelet_pods.go (getPhase) and pkg/kubelet/status.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.times import now
from pytest_kubeflow.local.kubelet.cgroups import CONDITION as ENFORCED
from pytest_kubeflow.local.kubelet.containers.status import ContainerStatus
from pytest_kubeflow.local.network import LOOPBACK

OWN_CONDITIONS = (
    ENFORCED,
    "PodReadyToStartContainers",
    "Initialized",
    "Ready",
    "ContainersReady",
    "PodScheduled",
)


def pod_status(
    pod: Object,
    init: Sequence[ContainerStatus],
    main: Sequence[ContainerStatus],
    *,
    started_at: str,
    volumes_ready: bool,
    ip: str = LOOPBACK,
    host_ip: str = LOOPBACK,
    stopped: bool = False,
    failure: tuple[str, str] | None = None,
    unenforced: tuple[str, str] | None = None,
    previous: Sequence[Object] = (),
    ephemeral: Sequence[ContainerStatus] = (),
) -> Object:
    """The whole `status` of the pod; without an `ip` while it has none.

    `stopped`: the pod was asked to end and all of its containers have. `failure` is reason and
    message of a failure of the pod itself, `unenforced` those of limits that only stand on paper.
    `previous` are the conditions last written, whose
    transition times hold while nothing changes; conditions of others are kept.
    """
    policy = "Never" if stopped else pod["spec"].get("restartPolicy", "Always")
    phase = "Failed" if failure else _phase(policy, init, main)
    finished = phase in {"Succeeded", "Failed"}
    initialized = _initialized(init)
    ready = initialized and not finished and all(status.ready for status in main)
    wanted: dict[str, tuple[bool, str | None, str | None]] = {
        "PodReadyToStartContainers": (volumes_ready and not finished, None, None),
        "Initialized": (initialized, *_why_not_initialized(phase, init)),
        "Ready": (ready and _gates_open(pod), *_why_not_ready(phase, main)),
        "ContainersReady": (ready, *_why_not_ready(phase, main)),
        "PodScheduled": (True, None, None),
    }
    if unenforced is not None:
        wanted[ENFORCED] = (False, *unenforced)
    conditions = _conditions(pod, previous, wanted)
    status: Object = {
        "phase": phase,
        "conditions": conditions,
        "hostIP": host_ip,
        "hostIPs": [{"ip": host_ip}],
        **({"podIP": ip, "podIPs": [{"ip": ip}]} if ip else {}),
        "startTime": started_at,
        "qosClass": _qos(pod),
        "containerStatuses": [one.to_json() for one in main],
        "reason": failure[0] if failure else None,
        "message": failure[1] if failure else None,
    }
    if init:
        status["initContainerStatuses"] = [one.to_json() for one in init]
    if ephemeral:
        status["ephemeralContainerStatuses"] = [one.to_json() for one in ephemeral]
    return status


def rejected_status(pod: Object, reason: str, message: str, started_at: str) -> Object:
    """The status of a pod that this node does not take."""
    return {
        "phase": "Failed",
        "reason": reason,
        "message": f"Pod was rejected: {message}",
        "startTime": started_at,
        "qosClass": _qos(pod),
    }


def _initialized(init: Sequence[ContainerStatus]) -> bool:
    return all(
        (status.started or status.exit_code is not None) if status.sidecar else status.completed
        for status in init
    )


def _phase(policy: str, init: Sequence[ContainerStatus], main: Sequence[ContainerStatus]) -> str:
    if not _initialized(init):
        failed = any("terminated" in one.state and one.exit_code for one in init)
        return "Failed" if failed and policy == "Never" else "Pending"
    codes = [status.exit_code for status in main]
    # A container that has not been started yet outweighs others that run.
    if any(one.exit_code is None and not one.running for one in main):
        return "Pending"
    if any(status.running for status in main):
        return "Running"
    if policy == "Always":
        return "Running"
    if not any(codes):
        return "Succeeded"
    return "Failed" if policy == "Never" else "Running"


def _why_not_initialized(
    phase: str, init: Sequence[ContainerStatus]
) -> tuple[str | None, str | None]:
    if phase == "Succeeded":
        return "PodCompleted", None
    if _initialized(init):
        return None, None
    names = [one.name for one in init if "terminated" not in one.state or one.exit_code]
    return "ContainersNotInitialized", (f"containers with incomplete status: [{' '.join(names)}]")


def _why_not_ready(phase: str, main: Sequence[ContainerStatus]) -> tuple[str | None, str | None]:
    if phase == "Succeeded":
        return "PodCompleted", None
    if phase == "Failed":
        return "PodFailed", None
    names = [one.name for one in main if not one.ready]
    if not names:
        return None, None
    return "ContainersNotReady", f"containers with unready status: [{' '.join(names)}]"


def _gates_open(pod: Object) -> bool:
    known = {
        condition["type"]: condition["status"]
        for condition in (pod.get("status") or {}).get("conditions") or []
    }
    gates = pod["spec"].get("readinessGates") or []
    return all(known.get(gate["conditionType"]) == "True" for gate in gates)


def _conditions(
    pod: Object,
    previous: Sequence[Object],
    wanted: dict[str, tuple[bool, str | None, str | None]],
) -> list[Object]:
    current = (pod.get("status") or {}).get("conditions") or []
    known = {condition["type"]: condition for condition in (*current, *previous)}
    conditions = []
    for name, (holds, reason, message) in wanted.items():
        status = "True" if holds else "False"
        condition: dict[str, Any] = {"type": name, "status": status, "lastProbeTime": None}
        old = known.get(name)
        same = old is not None and old["status"] == status
        condition["lastTransitionTime"] = old["lastTransitionTime"] if same and old else now()
        if (not holds or reason == "PodCompleted") and reason:
            condition["reason"] = reason
            if message:
                condition["message"] = message
        conditions.append(condition)
    return conditions + [one for one in current if one["type"] not in OWN_CONDITIONS]


def _qos(pod: Object) -> str:
    """Guaranteed, Burstable or BestEffort, by the containers' requests and limits."""
    guaranteed, any_set = True, False
    for container in [*pod["spec"]["containers"], *(pod["spec"].get("initContainers") or [])]:
        resources = container.get("resources") or {}
        limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
        for name in ("cpu", "memory"):
            any_set = any_set or name in limits or name in requests
            if name not in limits or requests.get(name, limits[name]) != limits[name]:
                guaranteed = False
    if not any_set:
        return "BestEffort"
    return "Guaranteed" if guaranteed else "Burstable"
