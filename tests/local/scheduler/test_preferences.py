from __future__ import annotations

from typing import Any

from pytest_kubeflow.local.scheduler.preferences import best
from pytest_kubeflow.local.scheduler.snapshot import Snapshot
from tests.local.scheduler.objects import Object, node, pod, snapshot, term


def chosen(one: Object, cluster: Snapshot) -> Any:
    return best(one, list(cluster.nodes.values()), cluster)["metadata"]["name"]


def test_of_equal_nodes_the_first() -> None:
    assert chosen(pod(), snapshot(node("a"), node("b"))) == "a"


def test_the_idle_node() -> None:
    busy = [pod({"cpu": "1", "memory": "1Gi"})]
    assert chosen(pod(), snapshot(node("a"), node("b"), a=busy)) == "b"


def test_preferred_node_affinity_outweighs_idleness() -> None:
    wanted = {"matchExpressions": [{"key": "disk", "operator": "In", "values": ["ssd"]}]}
    preferred = [{"weight": 1, "preference": wanted}]
    one = pod(
        affinity={"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": preferred}}
    )
    busy = [pod({"cpu": "1"})]
    assert chosen(one, snapshot(node("a"), node("b", labels={"disk": "ssd"}), b=busy)) == "b"


def test_a_node_with_a_soft_taint_comes_last() -> None:
    soft = {"key": "old", "effect": "PreferNoSchedule"}
    cluster = snapshot(node("a", taints=[soft]), node("b"), b=[pod({"cpu": "1"})])
    assert chosen(pod(), cluster) == "b"
    assert chosen(pod(tolerations=[{"key": "old", "operator": "Exists"}]), cluster) == "a"


def test_preferred_company() -> None:
    cluster = snapshot(node("a"), node("b"), b=[pod(labels={"app": "web"})])
    weighted = [{"weight": 10, "podAffinityTerm": term()}]
    preferred = {"preferredDuringSchedulingIgnoredDuringExecution": weighted}
    assert chosen(pod(affinity={"podAffinity": preferred}), cluster) == "b"
    assert chosen(pod(affinity={"podAntiAffinity": preferred}), cluster) == "a"
