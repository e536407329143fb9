"""Objects of a cluster as its API shows them, with no more fields than a check may look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pytest_kubeflow.platform.snapshot import Object
from pytest_kubeflow.platform.snapshot.kind import (
    CLAIMS,
    CONFIG_MAPS,
    DEFINITIONS,
    DEPLOYMENTS,
    ENDPOINT_SLICES,
    NAMESPACES,
    NODES,
    PODS,
    REPLICA_SETS,
    SERVICES,
    WARNINGS,
)
from tests.platform.snapshots import an_object


def ago(minutes: float = 0, seconds: float = 0) -> str:
    """A time in the past."""
    when = datetime.now(UTC) - timedelta(minutes=minutes, seconds=seconds)
    return when.isoformat().replace("+00:00", "Z")


def named(kind: str, name: str) -> list[dict[str, Any]]:
    """A reference to the owner."""
    return [{"kind": kind, "name": name, "controller": True}]


def a_container(
    name: str = "main",
    *,
    waiting: str = "",
    message: str = "",
    restarts: int = 0,
    last: dict[str, Any] | None = None,
    ended: dict[str, Any] | None = None,
    ready: bool = False,
    image: str = "example.org/main:1",
    **spec: Any,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What is asked for and its status: it runs, unless it waits or has ended."""
    state: dict[str, Any] = {"running": {"startedAt": ago(5)}}
    if waiting:
        state = {"waiting": {"reason": waiting, "message": message}}
    elif ended is not None:
        state = {"terminated": ended}
    status = {
        "name": name,
        "image": image,
        "ready": ready,
        "restartCount": restarts,
        "state": state,
        "lastState": {"terminated": last} if last is not None else {},
    }
    return {"name": name, "image": image, **spec}, status


def a_pod(
    name: str,
    *containers: tuple[dict[str, Any], dict[str, Any]],
    namespace: str = "kubeflow",
    owner: tuple[str, str] | None = None,
    phase: str = "Running",
    age: float = 60,
    claims: Sequence[str] = (),
    metadata: dict[str, Any] | None = None,
    spec: dict[str, Any] | None = None,
    status: dict[str, Any] | None = None,
) -> Object:
    """A pod an hour old."""
    return an_object(
        PODS,
        name,
        namespace,
        metadata={
            "creationTimestamp": ago(age),
            **({"ownerReferences": named(*owner)} if owner else {}),
            **(metadata or {}),
        },
        spec={
            "nodeName": "node-a",
            "containers": [one for one, _ in containers],
            "volumes": [{"persistentVolumeClaim": {"claimName": one}} for one in claims],
            **(spec or {}),
        },
        status={
            "phase": phase,
            "containerStatuses": [one for _, one in containers],
            **(status or {}),
        },
    )


def a_condition(
    kind: str, status: str, message: str = "", reason: str = "", age: float = 30
) -> dict[str, Any]:
    """Of that status for half an hour."""
    return {
        "type": kind,
        "status": status,
        "message": message,
        "reason": reason,
        "lastTransitionTime": ago(age),
    }


def a_deployment(
    name: str,
    *conditions: dict[str, Any],
    namespace: str = "kubeflow",
    image: str = "example.org/main:1",
    wanted: int = 1,
    ready: int = 1,
    age: float = 60,
    **spec: Any,
) -> Object:
    """A Deployment an hour old."""
    return an_object(
        DEPLOYMENTS,
        name,
        namespace,
        metadata={"creationTimestamp": ago(age), "generation": 1},
        spec={
            "replicas": wanted,
            "template": {"spec": {"containers": [{"name": "main", "image": image}]}},
            **spec,
        },
        status={
            "readyReplicas": ready,
            "updatedReplicas": wanted,
            "observedGeneration": 1,
            "conditions": list(conditions),
        },
    )


def a_replica_set(name: str, deployment: str, namespace: str = "kubeflow") -> Object:
    """The one behind a Deployment's pods."""
    owner = named("Deployment", deployment)
    return an_object(REPLICA_SETS, name, namespace, metadata={"ownerReferences": owner})


def a_warning(
    kind: str, name: str, reason: str, message: str, namespace: str = "kubeflow"
) -> Object:
    """An event of type Warning."""
    return an_object(
        WARNINGS,
        f"{name}.{reason}",
        namespace,
        involvedObject={"kind": kind, "namespace": namespace, "name": name},
        reason=reason,
        message=message,
        lastTimestamp=ago(1),
    )


def a_claim(
    name: str,
    storage_class: str | None = "standard",
    *,
    namespace: str = "kubeflow",
    phase: str = "Pending",
    age: float = 60,
    annotations: Mapping[str, str] | None = None,
) -> Object:
    """A claim that has waited for an hour."""
    return an_object(
        CLAIMS,
        name,
        namespace,
        metadata={"creationTimestamp": ago(age), "annotations": dict(annotations or {})},
        spec={} if storage_class is None else {"storageClassName": storage_class},
        status={"phase": phase},
    )


def a_node(name: str, *conditions: dict[str, Any], version: str = "v1.34.1", **spec: Any) -> Object:
    """A node; ready, if nothing else is said."""
    found = list(conditions) or [a_condition("Ready", "True")]
    info = {"kubeletVersion": version, "containerRuntimeVersion": "containerd://2.1.0"}
    return an_object(NODES, name, spec=spec, status={"conditions": found, "nodeInfo": info})


def a_namespace(name: str, *conditions: dict[str, Any], **metadata: Any) -> Object:
    """A namespace an hour old."""
    return an_object(
        NAMESPACES,
        name,
        metadata={"creationTimestamp": ago(60), **metadata},
        status={"conditions": list(conditions)},
    )


def a_definition(
    name: str, *conditions: dict[str, Any], served: Sequence[str] = ("v1",), **fields: Any
) -> Object:
    """A CustomResourceDefinition an hour old, in force if nothing else is said."""
    versions = [{"name": one, "served": True, "storage": True} for one in served]
    stored = fields.pop("stored", list(served))
    metadata = {"creationTimestamp": ago(60), **fields.pop("metadata", {})}
    spec = {"group": name.partition(".")[2], "versions": versions, **fields.pop("spec", {})}
    found = list(conditions) or [a_condition("Established", "True")]
    return an_object(
        DEFINITIONS,
        name,
        metadata=metadata,
        spec=spec,
        status={"conditions": found, "storedVersions": stored},
    )


def a_service(name: str, namespace: str = "kubeflow", **selector: str) -> Object:
    """A Service."""
    return an_object(SERVICES, name, namespace, spec={"selector": selector})


def a_slice(service: str, namespace: str = "kubeflow", *, ready: bool = True) -> Object:
    """Where a Service leads."""
    return an_object(
        ENDPOINT_SLICES,
        f"{service}-x",
        namespace,
        metadata={"labels": {"kubernetes.io/service-name": service}},
        endpoints=[{"addresses": ["10.0.0.1"], "conditions": {"ready": ready}}],
    )


def a_config(name: str, namespace: str = "kubeflow", **data: str) -> Object:
    """A ConfigMap."""
    return an_object(CONFIG_MAPS, name, namespace, data=data)
