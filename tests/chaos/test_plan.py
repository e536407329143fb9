"""A plan is drawn from its seed, follows rules, and can be replayed from its log."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from tests.chaos.fault import Fault, Injected
from tests.chaos.plan import ALL, Plan, Rule, key_of

REQUESTS = [
    (server, method, f"/api/{number % 40}/things")
    for server in ("gateway", "kubernetes")
    for method in ("GET", "POST")
    for number in range(1000)
]


def outcomes(plan: Plan) -> list[Injected]:
    for server, method, path in REQUESTS:
        plan.fault_for(server, method, path, at=0.0)
    return plan.log


def test_the_same_seed_meets_the_same_requests_in_any_order() -> None:
    def drawn(seed: int, shuffled: bool) -> set[tuple[str, str, str, int, Fault]]:
        plan = Plan(seed, rate=0.04)
        order = [*REQUESTS]
        if shuffled:
            random.Random(1).shuffle(order)  # noqa: S311  no secret
        for server, method, path in order:
            plan.fault_for(server, method, path, at=0.0)
        return {(one.server, one.method, one.key, one.nth, one.fault) for one in plan.log}

    assert drawn(7, shuffled=False) == drawn(7, shuffled=True)
    assert drawn(7, shuffled=False) != drawn(8, shuffled=False)


def test_about_four_in_a_hundred_meet_one_of_each_kind() -> None:
    log = outcomes(Plan(3, rate=0.04))
    assert 120 < len(log) < 200
    assert {one.fault for one in log} == set(ALL)
    assert Fault.HANG not in ALL


def test_kinds_are_chosen_by_server() -> None:
    log = outcomes(Plan(3, rate=0.2, kinds={"gateway": (Fault.CUT,), "": (Fault.DELAY,)}))
    assert {(one.server, one.fault) for one in log} == {
        ("gateway", Fault.CUT),
        ("kubernetes", Fault.DELAY),
    }


def test_a_401_is_not_repeated() -> None:
    plan = Plan(1, rate=0.9, kinds={"": (Fault.UNAUTHORIZED,)})
    met = [plan.fault_for("gateway", "GET", "/", at=0.0) for _ in range(200)]
    assert met.count(Fault.UNAUTHORIZED) > 5
    assert (Fault.UNAUTHORIZED, Fault.UNAUTHORIZED) not in pairwise(met)


def test_a_log_is_replayed() -> None:
    log = outcomes(Plan(11, rate=0.04))
    read = [Injected.from_json(one.to_json()) for one in log]
    assert read == log
    assert outcomes(Plan.replaying(read)) == log


def test_rules_strike_the_requests_that_they_name() -> None:
    rule = Rule(Fault.CUT, method="GET", path="/api/1*/things", server="gateway", nth=2, times=2)
    log = outcomes(Plan(rules=[rule]))
    assert [(one.server, one.method, one.path) for one in log] == [
        ("gateway", "GET", "/api/10/things"),
        ("gateway", "GET", "/api/11/things"),
    ]
    assert len(outcomes(Plan(rules=[Rule(Fault.CUT, nth=0)]))) == len(REQUESTS)


@pytest.mark.parametrize(
    ("path", "key"),
    [
        (
            "/pipeline/apis/v2beta1/runs/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f?x=1",
            "/pipeline/apis/v2beta1/runs/*",
        ),
        ("/api/v1/namespaces/kf-test-3f9a1c2b/pods", "/api/v1/namespaces/kf-test-*/pods"),
        ("/apis/kubeflow.org/v1/profiles", "/apis/kubeflow.org/v1/profiles"),
        ("/ml_metadata.MetadataStoreService/GetContextByTypeAndName",) * 2,
    ],
)
def test_what_is_random_in_a_path_is_left_out(path: str, key: str) -> None:
    assert key_of(path) == key
