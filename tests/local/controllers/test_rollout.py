from __future__ import annotations

from typing import Any

import pytest

from pytest_kubeflow.local.controllers.rollout import Bounds, new_size, old_sizes


def spec(replicas: int, surge: Any = "25%", unavailable: Any = "25%") -> dict[str, Any]:
    rolling = {"maxSurge": surge, "maxUnavailable": unavailable}
    return {"replicas": replicas, "strategy": {"type": "RollingUpdate", "rollingUpdate": rolling}}


def replica_set(replicas: int, available: int) -> dict[str, Any]:
    return {
        "spec": {"replicas": replicas},
        "status": {"availableReplicas": available, "replicas": replicas},
    }


@pytest.mark.parametrize(
    ("wanted", "surge", "unavailable", "expected"),
    [
        (1, "25%", "25%", Bounds(1, 0)),
        (4, "25%", "25%", Bounds(1, 1)),
        (10, 3, 0, Bounds(3, 0)),
        (1, 0, 0, Bounds(0, 1)),
        (5, "0%", "10%", Bounds(0, 1)),
    ],
)
def test_bounds(wanted: int, surge: Any, unavailable: Any, expected: Bounds) -> None:
    assert Bounds.of(spec(wanted, surge, unavailable)) == expected


def test_one_replica_is_replaced_without_a_gap() -> None:
    one = spec(1)
    old, new = replica_set(1, 1), replica_set(0, 0)
    assert new_size(one, new, [old]) == 1
    starting = replica_set(1, 0)
    assert old_sizes(one, starting, [old]) == [1]
    serving = replica_set(1, 1)
    assert old_sizes(one, serving, [old]) == [0]


def test_no_more_than_the_surge_and_no_fewer_than_the_minimum() -> None:
    wanted = spec(4)
    old = replica_set(4, 4)
    assert new_size(wanted, replica_set(0, 0), [old]) == 1
    assert old_sizes(wanted, replica_set(1, 0), [old]) == [3]
    assert new_size(wanted, replica_set(1, 0), [replica_set(3, 3)]) == 2
    assert old_sizes(wanted, replica_set(2, 0), [replica_set(3, 3)]) == [3]


def test_pods_that_never_served_go_first() -> None:
    broken, good = replica_set(1, 0), replica_set(1, 1)
    assert old_sizes(spec(1), replica_set(1, 0), [broken, good]) == [0, 1]


def test_recreate_waits_until_the_old_pods_are_gone() -> None:
    recreate = {"replicas": 2, "strategy": {"type": "Recreate"}}
    old = replica_set(2, 2)
    assert new_size(recreate, replica_set(0, 0), [old]) == 0
    assert old_sizes(recreate, replica_set(0, 0), [old]) == [0]
    assert new_size(recreate, replica_set(0, 0), [replica_set(0, 0)]) == 2


def test_scaling_down_is_at_once() -> None:
    assert new_size(spec(1), replica_set(3, 3), []) == 1
