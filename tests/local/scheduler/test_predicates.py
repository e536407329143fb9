from __future__ import annotations

from typing import Any

import pytest

from pytest_kubeflow.local.scheduler.predicates import obstacles

NODE: dict[str, Any] = {
    "metadata": {"name": "n1", "labels": {"kubernetes.io/hostname": "n1", "gpus": "4"}},
    "spec": {},
    "status": {"allocatable": {"cpu": "2", "memory": "4Gi", "pods": "3", "nvidia.com/gpu": "1"}},
}


def pod(limits: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    resources = {"limits": limits} if limits else {}
    return {
        "metadata": {"name": "p", "namespace": "default"},
        "spec": {"containers": [{"name": "main", "resources": resources}], **spec},
    }


def with_taint(effect: str) -> dict[str, Any]:
    taint = {"key": "nvidia.com/gpu", "value": "present", "effect": effect}
    return {**NODE, "spec": {"taints": [taint]}}


def test_a_pod_that_fits_has_no_obstacle() -> None:
    assert obstacles(pod({"cpu": "500m", "memory": "1Gi"}), NODE, []) == []


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"cpu": "2001m"}, "Insufficient cpu"),
        ({"memory": "4097Mi"}, "Insufficient memory"),
        ({"nvidia.com/gpu": "2"}, "Insufficient nvidia.com/gpu"),
        ({"amd.com/gpu": "1"}, "Insufficient amd.com/gpu"),
    ],
)
def test_what_is_lacking_is_named(limits: dict[str, str], reason: str) -> None:
    assert obstacles(pod(limits), NODE, []) == [reason]


def test_what_others_use_is_not_free() -> None:
    assert obstacles(pod({"cpu": "1500m"}), NODE, [pod({"cpu": "1"})]) == ["Insufficient cpu"]
    assert obstacles(pod({"cpu": "1"}), NODE, [pod({"cpu": "1"})]) == []


def test_a_full_node_takes_no_more_pods() -> None:
    assert obstacles(pod(), NODE, [pod(), pod(), pod()]) == ["Too many pods"]


def test_node_selector() -> None:
    assert obstacles(pod(nodeSelector={"kubernetes.io/hostname": "n1"}), NODE, []) == []
    assert obstacles(pod(nodeSelector={"nvidia.com/gpu.product": "A100"}), NODE, []) == [
        "node(s) didn't match Pod's node affinity/selector"
    ]


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
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}
    assert (obstacles(pod(affinity={"nodeAffinity": required}), NODE, []) == []) is fits


@pytest.mark.parametrize(
    ("toleration", "fits"),
    [
        ({"key": "nvidia.com/gpu", "operator": "Exists"}, True),
        ({"operator": "Exists"}, True),
        ({"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}, True),
        ({"key": "nvidia.com/gpu", "value": "absent"}, False),
        ({"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoExecute"}, False),
    ],
)
def test_taints_need_a_toleration(toleration: dict[str, str], fits: bool) -> None:
    found = obstacles(pod(tolerations=[toleration]), with_taint("NoSchedule"), [])
    assert found == ([] if fits else ["node(s) had untolerated taint {nvidia.com/gpu: present}"])


def test_preferred_taints_do_not_keep_pods_away() -> None:
    assert obstacles(pod(), with_taint("PreferNoSchedule"), []) == []


def test_a_cordoned_node_takes_nothing() -> None:
    cordoned = {**NODE, "spec": {"unschedulable": True}}
    assert obstacles(pod(), cordoned, []) == ["node(s) were unschedulable"]
