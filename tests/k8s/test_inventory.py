"""Inventory: nodes of many kinds, as the API server tells them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from kubernetes.client import ApiClient, ApiException, V1Node, V1Pod

from pytest_kubeflow.errors import PermissionDenied
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.inventory import ENFORCED, NodeFacts, read_inventory

GPU = "nvidia.com/gpu"
READY = {"type": "Ready", "status": "True"}


def node(name: str, allocatable: dict[str, str], **more: Any) -> dict[str, Any]:
    labels = {"kubernetes.io/hostname": name, **more.get("labels", {})}
    status = {"allocatable": allocatable, "conditions": more.get("conditions", [READY])}
    spec = {"taints": more.get("taints"), "unschedulable": more.get("unschedulable")}
    return {"metadata": {"name": name, "labels": labels}, "spec": spec, "status": status}


def pod(name: str, where: str | None, limits: dict[str, str], *init: dict[str, str]) -> Any:
    containers = [{"name": "main", "resources": {"limits": limits}}]
    first = [{"name": f"i{n}", "resources": {"limits": one}} for n, one in enumerate(init)]
    return {
        "metadata": {"name": name, "namespace": "team"},
        "spec": {"nodeName": where, "containers": containers, "initContainers": first},
    }


def typed(objects: list[Any], kind: str) -> Any:
    """As the official client would have read them from the API's JSON."""
    client = ApiClient()
    return SimpleNamespace(items=[client._ApiClient__deserialize(one, kind) for one in objects])


def cluster(nodes: list[Any], pods: list[Any] | None = None) -> Any:
    """A cluster with these nodes and pods; without pods: one where they may not be listed."""

    def list_pods(**_: object) -> Any:
        if pods is None:
            raise ApiException(403)
        return typed(pods, "V1Pod")

    core = SimpleNamespace(
        list_node=lambda: typed(nodes, "V1Node"), list_pod_for_all_namespaces=list_pods
    )
    return cast(KubernetesClient, SimpleNamespace(core=core))


def facts(*arguments: Any, **more: Any) -> NodeFacts:
    return read_inventory(cluster([node(*arguments, **more)])).nodes[0]


def test_a_plain_node() -> None:
    found = facts("n1", {"cpu": "3920m", "memory": "16Gi", "pods": "110"})
    assert (found.cpu, found.memory, found.pods) == (3920, 2**34, 110)
    assert found.accelerators == {}
    assert found.describe() == "n1: 3.92 CPUs, 16 GiB"


def test_gpus_and_taints() -> None:
    found = facts(
        "g1",
        {"cpu": "64", "memory": "1Ti", GPU: "8", "hugepages-2Mi": "0"},
        labels={"nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3"},
        taints=[{"key": GPU, "effect": "NoSchedule"}, {"key": "a", "value": "b", "effect": "X"}],
    )
    assert found.accelerators == {GPU: 8}
    assert found.product == "NVIDIA-H100-80GB-HBM3"
    assert found.taints == (f"{GPU}:NoSchedule", "a=b:X")
    assert "8 x nvidia.com/gpu (NVIDIA-H100-80GB-HBM3)" in found.describe()


@pytest.mark.parametrize(
    "resource",
    [
        "amd.com/gpu",
        "gpu.intel.com/i915",
        "gpu.intel.com/xe",
        "huawei.com/Ascend910",
        "nvidia.com/mig-1g.5gb",
        "nvidia.com/gpu.shared",
    ],
)
def test_accelerators_of_all_vendors(resource: str) -> None:
    found = facts("n", {"cpu": "1", resource: "2", "example.com/foo": "3", "cpu.shared": "1"})
    assert found.accelerators == {resource: 2}


def test_gpus_that_are_not_to_be_had_do_not_count() -> None:
    assert facts("n", {"cpu": "1", GPU: "0"}).accelerators == {}


def test_nodes_that_take_no_pods() -> None:
    nodes = [
        node("down", {GPU: "1"}, conditions=[{"type": "Ready", "status": "Unknown"}]),
        node("cordoned", {GPU: "1"}, unschedulable=True),
        node("up", {GPU: "1"}),
    ]
    inventory = read_inventory(cluster(nodes))
    assert [one.name for one in inventory.usable] == ["up"]
    assert "not ready" in inventory.describe()
    assert "cordoned" in inventory.describe()
    assert inventory.products() == {"": 1}


@pytest.mark.parametrize(("status", "why"), [("False", "v1 needs root"), ("True", "")])
def test_limits_that_are_not_enforced(status: str, why: str) -> None:
    condition = {"type": ENFORCED, "status": status, "message": "v1 needs root"}
    found = facts("n", {"cpu": "1"}, conditions=[READY, condition])
    assert found.limits_unenforced == why
    assert ("limits not enforced: v1 needs root" in found.describe()) == bool(why)


def test_who_holds_gpus() -> None:
    pods = [
        pod("a", "g1", {GPU: "2"}),
        pod("b", "g1", {"cpu": "1"}, {GPU: "1"}),
        pod("waiting", None, {GPU: "4"}),
        pod("elsewhere", "g2", {GPU: "1"}),
    ]
    inventory = read_inventory(cluster([node("g1", {GPU: "4"})], pods))
    assert [str(one) for one in inventory.holders][:2] == [
        "team/a holds 2 x nvidia.com/gpu of g1",
        "team/b holds 1 x nvidia.com/gpu of g1",
    ]
    assert inventory.free(inventory.nodes[0]) == 1


def test_who_may_not_list_pods_sees_no_holders() -> None:
    inventory = read_inventory(cluster([node("g1", {GPU: "4"})]))
    assert inventory.holders == []
    assert inventory.free(inventory.nodes[0]) == 4


def test_who_may_not_list_nodes_is_told() -> None:
    def refuse() -> Any:
        raise ApiException(403)

    refused = SimpleNamespace(core=SimpleNamespace(list_node=refuse))
    with pytest.raises(PermissionDenied, match="cannot list nodes"):
        read_inventory(cast(KubernetesClient, refused))


def test_types_are_those_of_the_official_client() -> None:
    (found,) = typed([node("n", {"cpu": "1"})], "V1Node").items
    (held,) = typed([pod("p", "n", {})], "V1Pod").items
    assert isinstance(found, V1Node)
    assert isinstance(held, V1Pod)
