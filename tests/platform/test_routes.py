"""What a path at the gateway leads to."""

from __future__ import annotations

from typing import Any

from pytest_kubeflow.platform.routes import objects_at
from pytest_kubeflow.platform.snapshot import Object
from pytest_kubeflow.platform.snapshot.kind import PODS, SERVICES, VIRTUAL_SERVICES
from tests.platform.snapshots import an_object, snapshot_of

GATEWAY = "Gateway kubeflow/kubeflow-gateway"


def _route(name: str, prefix: str, **spec: Any) -> Object:
    rule = {
        "match": [{"uri": {"prefix": prefix}}],
        "route": [{"destination": {"host": f"{name}.kubeflow.svc.cluster.local"}}],
    }
    spec = {"gateways": ["kubeflow/kubeflow-gateway"], "http": [rule], **spec}
    return an_object(VIRTUAL_SERVICES, name, "kubeflow", spec=spec)


def _service(name: str) -> Object:
    return an_object(SERVICES, name, "kubeflow", spec={"selector": {"app": name}})


def _pod(name: str, owner: str) -> Object:
    reference = {"kind": "ReplicaSet", "name": f"{owner}-5"}
    metadata = {"labels": {"app": name}, "ownerReferences": [reference]}
    return an_object(PODS, f"{owner}-5-x", "kubeflow", metadata=metadata)


def test_the_longest_prefix_tells_the_service_and_its_workload() -> None:
    snapshot = snapshot_of(
        _route("dashboard", "/"),
        _route("ml-pipeline-ui", "/pipeline"),
        _route("elsewhere", "/pipeline/", gateways=["mesh"]),
        _service("dashboard"),
        _service("ml-pipeline-ui"),
        _pod("ml-pipeline-ui", "ui"),
    )
    assert objects_at(snapshot, "/pipeline/x") == (
        GATEWAY,
        "Service kubeflow/ml-pipeline-ui",
        "Deployment kubeflow/ui",
    )
    assert objects_at(snapshot, "/api/x") == (GATEWAY, "Service kubeflow/dashboard")


def test_a_path_whose_route_was_not_seen() -> None:
    assert objects_at(snapshot_of(), "/x") == (GATEWAY,)
    assert objects_at(snapshot_of(_route("gone", "/x")), "/x") == (GATEWAY,)
