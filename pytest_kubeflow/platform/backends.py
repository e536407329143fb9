"""Backends: the pods that Services lead to, and what of a pod tells whether it takes requests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_kubeflow.platform.selectors import is_within
from pytest_kubeflow.platform.snapshot import Object, Snapshot
from pytest_kubeflow.platform.snapshot.fields import (
    condition,
    items,
    mapping,
    number,
    pairs,
    text,
)
from pytest_kubeflow.platform.snapshot.kind import PODS, SERVICES
from pytest_kubeflow.platform.workloads.container import PROXY


def is_ending(obj: Object) -> bool:
    """Whether it is being deleted."""
    return bool(text(obj, "metadata", "deletionTimestamp"))


def is_ready(pod: Object) -> bool:
    """Whether a pod takes requests: it is ready, and not on its way out."""
    return text(condition(pod, "Ready"), "status") == "True" and not is_ending(pod)


def has_ended(pod: Object) -> bool:
    """Whether all of it is done: it will never take a request again."""
    return text(pod, "status", "phase") in {"Succeeded", "Failed"}


def pods_of(snapshot: Snapshot, service: Object) -> Sequence[Object]:
    """The pods that a Service selects, without those that have ended or are being deleted."""
    wanted = pairs(service, "spec", "selector")
    if not wanted:
        return ()
    return tuple(
        pod
        for pod in snapshot.within(PODS, text(service, "metadata", "namespace"))
        if is_within(wanted, pairs(pod, "metadata", "labels"))
        and not has_ended(pod)
        and not is_ending(pod)
    )


def service_at(snapshot: Snapshot, host: str, namespace: str) -> Object | None:
    """The Service that a host of the mesh names; short names are those of `namespace`.

    None for what is outside of the cluster, for patterns, and for Services that were not seen.
    """
    name, _, rest = host.partition(".")
    if not rest:
        return snapshot.named(SERVICES, name, namespace)
    there, _, domain = rest.partition(".")
    if domain and domain != "svc" and not domain.startswith("svc."):
        return None
    return snapshot.named(SERVICES, name, there)


def containers(pod: Object) -> Iterator[Object]:
    """Those of its spec; sidecars may be among the init containers."""
    yield from items(pod, "spec", "containers")
    yield from items(pod, "spec", "initContainers")


def proxy_of(pod: Object) -> Object | None:
    """The container of Istio's proxy in a pod."""
    return next((one for one in containers(pod) if text(one, "name") == PROXY), None)


def is_in_ambient_mesh(pod: Object) -> bool:
    """Whether the node takes a pod's traffic into the mesh, without a proxy of its own."""
    return pairs(pod, "metadata", "annotations").get("ambient.istio.io/redirection") == "enabled"


def target_port(service: Object, port: int, pod: Object) -> int | None:
    """The number of the pod's port that a Service's port leads to; None if it has none."""
    entry = next((one for one in items(service, "spec", "ports") if one.get("port") == port), None)
    if entry is None:
        return None
    if (target := number(entry, "targetPort")) is not None:
        return target
    wanted = text(entry, "targetPort")
    if not wanted:
        return port
    named = (one for container in containers(pod) for one in items(container, "ports"))
    return next(
        (number(one, "containerPort") for one in named if text(one, "name") == wanted), None
    )


def labels(obj: Object) -> dict[str, str]:
    """Those of an object."""
    return dict(pairs(mapping(obj, "metadata"), "labels"))
