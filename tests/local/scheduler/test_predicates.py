from __future__ import annotations

from typing import Any

import pytest

from pytest_kubeflow.local.scheduler.predicates import Rejection, rejection
from tests.local.scheduler.objects import Object, node, pod, snapshot

NO_MATCH = Rejection(("node(s) didn't match Pod's node affinity/selector",))


def between(one: Object, where: Object, others: list[Object] | None = None) -> Rejection | None:
    return rejection(one, where, snapshot(where, **{where["metadata"]["name"]: others or []}))


def test_a_pod_that_fits_has_no_obstacle() -> None:
    assert between(pod({"cpu": "500m", "memory": "1Gi"}), node()) is None
    assert between(pod({"nvidia.com/gpu": "0"}), node()) is None


@pytest.mark.parametrize(
    ("limits", "reasons"),
    [
        ({"cpu": "2001m"}, ("Insufficient cpu",)),
        ({"memory": "4097Mi"}, ("Insufficient memory",)),
        ({"nvidia.com/gpu": "2"}, ("Insufficient nvidia.com/gpu",)),
        ({"amd.com/gpu": "1"}, ("Insufficient amd.com/gpu",)),
        ({"cpu": "3", "memory": "5Gi"}, ("Insufficient cpu", "Insufficient memory")),
    ],
)
def test_what_a_whole_node_lacks_is_named(limits: dict[str, str], reasons: tuple[str]) -> None:
    assert between(pod(limits), node()) == Rejection(reasons, lasting=True)


def test_what_others_use_is_not_free_until_they_end() -> None:
    found = between(pod({"cpu": "1500m"}), node(), [pod({"cpu": "1"})])
    assert found == Rejection(("Insufficient cpu",), lasting=False)
    assert between(pod({"cpu": "1"}), node(), [pod({"cpu": "1"})]) is None


def test_a_full_node_takes_no_more_pods() -> None:
    found = between(pod(), node(), [pod(), pod(), pod()])
    assert found == Rejection(("Too many pods",), lasting=False)


def test_node_selector() -> None:
    assert between(pod(nodeSelector={"kubernetes.io/hostname": "n1"}), node()) is None
    product = {"nvidia.com/gpu.product": "A100"}
    assert between(pod(nodeSelector=product), node()) == NO_MATCH
    assert between(pod(nodeSelector=product), node(labels=product)) is None


def with_affinity(*terms: Object) -> Object:
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
    return pod(affinity={"nodeAffinity": required})


@pytest.mark.parametrize(
    ("operator", "values", "fits"),
    [
        ("In", ["4"], True),
        ("NotIn", ["4"], False),
        ("Exists", [], True),
        ("DoesNotExist", [], False),
        ("Gt", ["3"], True),
        ("Lt", ["3"], False),
        ("Gt", ["many"], False),
    ],
)
def test_node_affinity(operator: str, values: list[str], fits: bool) -> None:
    term = {"matchExpressions": [{"key": "gpus", "operator": operator, "values": values}]}
    found = between(with_affinity(term), node(labels={"gpus": "4"}))
    assert found == (None if fits else NO_MATCH)


def test_terms_are_alternatives_and_empty_ones_match_nothing() -> None:
    here = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n1"]}]}
    there = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n2"]}]}
    both = {**here, "matchExpressions": [{"key": "gpus", "operator": "Exists"}]}
    assert between(with_affinity(there, here), node()) is None
    assert between(with_affinity(there), node()) == NO_MATCH
    assert between(with_affinity(both), node()) == NO_MATCH
    assert between(with_affinity({}), node()) == NO_MATCH


@pytest.mark.parametrize(
    ("toleration", "effects"),
    [
        ({"key": "nvidia.com/gpu", "operator": "Exists"}, {"NoSchedule", "NoExecute"}),
        ({"operator": "Exists"}, {"NoSchedule", "NoExecute"}),
        ({"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}, {"NoSchedule"}),
        ({"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoExecute"}, {"NoExecute"}),
        ({"key": "nvidia.com/gpu", "value": "absent"}, set()),
        ({"value": "present"}, set()),
    ],
)
@pytest.mark.parametrize("effect", ["NoSchedule", "NoExecute"])
def test_taints_need_a_toleration(
    toleration: dict[str, str], effects: set[str], effect: str
) -> None:
    tainted = node(taints=[{"key": "nvidia.com/gpu", "value": "present", "effect": effect}])
    found = between(pod(tolerations=[toleration]), tainted)
    words = ("node(s) had untolerated taint {nvidia.com/gpu: present}",)
    assert found == (None if effect in effects else Rejection(words))


def test_preferred_taints_do_not_keep_pods_away() -> None:
    assert between(pod(), node(taints=[{"key": "old", "effect": "PreferNoSchedule"}])) is None


def test_a_cordoned_node_takes_what_tolerates_that() -> None:
    cordoned: dict[str, Any] = {**node(), "spec": {"unschedulable": True}}
    assert between(pod(), cordoned) == Rejection(("node(s) were unschedulable",))
    toleration = {"key": "node.kubernetes.io/unschedulable", "operator": "Exists"}
    assert between(pod(tolerations=[toleration]), cordoned) is None


def test_a_volume_may_be_out_of_reach() -> None:
    terms = [{"matchExpressions": [{"key": "zone", "operator": "In", "values": ["a"]}]}]
    volume = {"spec": {"nodeAffinity": {"required": {"nodeSelectorTerms": terms}}}}
    near, far = node(labels={"zone": "a"}), node(labels={"zone": "b"})
    assert rejection(pod(), near, snapshot(near), [volume]) is None
    assert rejection(pod(), far, snapshot(far), [volume]) == Rejection(
        ("node(s) had volume node affinity conflict",)
    )


def test_the_first_that_objects_speaks_for_the_node() -> None:
    tainted = node(taints=[{"key": "k", "effect": "NoSchedule"}])
    found = between(pod({"cpu": "9"}, nodeSelector={"no": "such"}), tainted)
    assert found == Rejection(("node(s) had untolerated taint {k: }",))
