from __future__ import annotations

from pytest_kubeflow.local.kube.resources import NODES
from tests.local.scheduler.conftest import Plane
from tests.local.scheduler.objects import node, pod, required, term

TAINT = {"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}


def test_the_message_speaks_of_all_nodes(plane: Plane) -> None:
    plane.add_node(node("small"))
    plane.add_node(node("tainted", taints=[TAINT]))
    name = plane.add_pod(pod({"cpu": "3"}))
    both = "0/2 nodes are available:"
    message = (
        f"{both} 1 Insufficient cpu, 1 node(s) had untolerated taint {{nvidia.com/gpu: present}}. "
        f"preemption: {both} 2 Preemption is not helpful for scheduling."
    )
    assert plane.reason(name) == message
    assert message in plane.events(name)


def test_a_product_that_no_node_has(plane: Plane) -> None:
    plane.add_node(node(labels={"nvidia.com/gpu.product": "NVIDIA-A100-SXM4-40GB"}))
    wanted = {"nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3"}
    name = plane.add_pod(pod({"nvidia.com/gpu": "1"}, nodeSelector=wanted))
    assert plane.reason(name) == (
        "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector. "
        "preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."
    )


def test_a_pod_waits_for_a_node_and_for_its_change(plane: Plane) -> None:
    name = plane.add_pod(pod(tolerations=[]))
    assert plane.reason(name) == "no nodes available to schedule pods"
    plane.add_node(node(taints=[TAINT]))
    plane.until(name, lambda one: "untolerated taint" in str(one["status"]))
    plane.do(plane.client.patch(NODES, "n1", {"spec": {"taints": None}}))
    assert plane.node_of(name) == "n1"


def test_what_a_pod_held_is_free_when_it_ends(plane: Plane) -> None:
    plane.add_node(node())
    first, second = (plane.add_pod(pod({"nvidia.com/gpu": "1"})) for _ in range(2))
    assert plane.node_of(first) == "n1"
    assert plane.reason(second) == (
        "0/1 nodes are available: 1 Insufficient nvidia.com/gpu. preemption: 0/1 nodes are "
        "available: 1 No preemption victims found for incoming pod."
    )
    plane.end_pod(first)
    assert plane.node_of(second) == "n1"


def test_who_waits_longest_comes_first(plane: Plane) -> None:
    plane.add_node(node())
    holder = plane.add_pod(pod({"cpu": "2"}))
    plane.node_of(holder)
    waiting = [plane.add_pod(pod({"cpu": "2"})) for _ in range(3)]
    for name in waiting:
        plane.reason(name)
    for name in waiting:
        plane.end_pod(holder)
        assert plane.node_of(name) == "n1"
        holder = name


def test_like_pods_spread_by_anti_affinity(plane: Plane) -> None:
    plane.add_node(node("n1"))
    plane.add_node(node("n2"))
    affinity = required("podAntiAffinity", term())
    names = [plane.add_pod(pod(labels={"app": "web"}, affinity=affinity)) for _ in range(3)]
    assert {plane.node_of(name) for name in names[:2]} == {"n1", "n2"}
    assert plane.reason(names[2]).startswith(
        "0/2 nodes are available: 2 node(s) didn't match pod anti-affinity rules."
    )


def test_a_pod_waits_for_its_company(plane: Plane) -> None:
    plane.add_node(node("n1", taints=[{**TAINT, "effect": "PreferNoSchedule"}]))
    plane.add_node(node("n2"))
    follower = plane.add_pod(pod(affinity=required("podAffinity", term())))
    assert "2 node(s) didn't match pod affinity rules" in plane.reason(follower)
    leader = pod(labels={"app": "web"}, nodeSelector={"kubernetes.io/hostname": "n1"})
    plane.add_pod(leader)
    assert plane.node_of(follower) == "n1"


def test_a_gated_pod_is_left_alone(plane: Plane) -> None:
    plane.add_node(node())
    gates = [{"name": "example.com/later"}]
    gated, free = plane.add_pod(pod(schedulingGates=gates)), plane.add_pod(pod())
    assert plane.node_of(free) == "n1"
    # One after the other: had the first been placed, it would have been before the second.
    assert plane.until(gated, lambda one: not one["spec"].get("nodeName"))
    assert plane.events(gated) == []
