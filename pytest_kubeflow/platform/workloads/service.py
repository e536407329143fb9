"""Service: whether there are ready pods behind one, and whose."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_kubeflow.platform.backends import pods_of
from pytest_kubeflow.platform.snapshot import Snapshot
from pytest_kubeflow.platform.snapshot.fields import items, mapping, pairs, text
from pytest_kubeflow.platform.snapshot.kind import ENDPOINT_SLICES, SERVICES
from pytest_kubeflow.platform.workloads.owner import Owner, Workloads

_SERVICE = "kubernetes.io/service-name"


def lacks_endpoints(snapshot: Snapshot, namespace: str, name: str) -> bool:
    """Whether it is known that nothing behind a Service is ready: not of servers outside."""
    service = snapshot.named(SERVICES, name, namespace)
    if not snapshot.saw(ENDPOINT_SLICES) or text(service, "spec", "type") == "ExternalName":
        return False
    return not any(
        mapping(endpoint, "conditions").get("ready") is not False
        for one in snapshot.within(ENDPOINT_SLICES, namespace)
        if pairs(one, "metadata", "labels").get(_SERVICE) == name
        for endpoint in items(one, "endpoints")
    )


def behind(snapshot: Snapshot, namespace: str, name: str) -> Iterator[Owner]:
    """The workloads whose pods a Service selects."""
    service = snapshot.named(SERVICES, name, namespace)
    if service is None:
        return
    workloads = snapshot.once(Workloads)
    yield from sorted({workloads.owner_of(pod) for pod in pods_of(snapshot, service)})
