"""Routes: what a path at Kubeflow's gateway leads to, by its VirtualServices."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_kubeflow.platform.backends import pods_of, service_at
from pytest_kubeflow.platform.snapshot import Object, Snapshot
from pytest_kubeflow.platform.snapshot.fields import items, name_of, text, texts
from pytest_kubeflow.platform.snapshot.kind import VIRTUAL_SERVICES

GATEWAY = "kubeflow/kubeflow-gateway"
"""Kubeflow's own Gateway, which its VirtualServices belong to."""


def objects_at(snapshot: Snapshot, path: str) -> tuple[str, ...]:
    """What a request for `path` passes, as findings name objects: Gateway, Service, Deployment."""
    found = [f"Gateway {GATEWAY}"]
    service = _service_at(snapshot, path)
    if service is not None:
        found.append(f"Service {name_of(service)}")
        namespace = text(service, "metadata", "namespace")
        for pod in pods_of(snapshot, service):
            for owner in items(pod, "metadata", "ownerReferences"):
                kind, name = text(owner, "kind"), text(owner, "name")
                if kind == "ReplicaSet":
                    kind, name = "Deployment", name.rpartition("-")[0]
                found.append(f"{kind} {namespace}/{name}")
    return tuple(dict.fromkeys(found))


def hosts_of(route: Object) -> Iterator[str]:
    """The hosts that a VirtualService leads to."""
    for rule in items(route, "spec", "http"):
        for target in items(rule, "route"):
            if host := text(target, "destination", "host"):
                yield host


def _service_at(snapshot: Snapshot, path: str) -> Object | None:
    """The Service of the rule whose prefix is the longest that fits, as far as it was seen."""
    best: tuple[int, Object | None] = (0, None)
    for route in snapshot.all(VIRTUAL_SERVICES):
        if GATEWAY not in texts(route, "spec", "gateways"):
            continue
        namespace = text(route, "metadata", "namespace")
        for rule in items(route, "spec", "http"):
            prefixes = [text(one, "uri", "prefix") for one in items(rule, "match")]
            fits = max((len(one) for one in prefixes if one and path.startswith(one)), default=0)
            if fits > best[0]:
                hosts = (text(one, "destination", "host") for one in items(rule, "route"))
                best = fits, service_at(snapshot, next(hosts, ""), namespace)
    return best[1]
