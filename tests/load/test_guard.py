"""When a load is too much for a cluster, in one sentence; and when it only looks so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from pytest_kubeflow.errors import PermissionDenied
from pytest_kubeflow.load.guard import PRESSURES, Guard
from pytest_kubeflow.load.latencies import CREATE, READ, Latencies
from pytest_kubeflow.load.plan import LoadPlan
from pytest_kubeflow.retries.attempts import Attempt
from tests.load.samples import node

PLAN = LoadPlan(runs=20, seconds=60.0)
RUNS = "https://kf.example.com/pipeline/apis/v2beta1/runs"


def guard(*looks: list[Any], latencies: Latencies | None = None) -> Guard:
    """One that sees these nodes, one list after the other."""
    seen = iter(looks)
    return Guard(lambda: next(seen), latencies or Latencies(), PLAN)


@pytest.mark.parametrize("pressure", PRESSURES)
def test_a_node_under_pressure_is_seen(pressure: str) -> None:
    watching = guard([node()], [node(), node("worker-2", **{pressure: "True"})])
    assert watching.look() == ""
    assert watching.look() == f"node worker-2 says {pressure} (so it is)"
    assert watching.look() == watching.reason  # it stays, and nobody is asked any more


@pytest.mark.parametrize("status", ["False", "Unknown"])
def test_a_node_that_was_ready_is_seen(status: str) -> None:
    watching = guard([node()], [node(Ready=status)])
    assert watching.look() == ""
    assert watching.look() == "node worker-1 is NotReady, and was ready: so it is"


def test_nodes_that_come_and_go_are_no_sign() -> None:
    """One that was broken before, one that joins, one that is taken away."""
    leaving = node("worker-3", Ready="False")
    leaving["metadata"]["deletionTimestamp"] = "2026-11-30T10:00:00Z"
    watching = guard(
        [node(), node("worker-2", Ready="Unknown"), node("worker-3")],
        [node(), node("worker-2", Ready="Unknown"), leaving, node("worker-4", Ready="False")],
        [node(), node("worker-2", Ready="Unknown"), node("worker-4")],
    )
    assert [watching.look() for _ in range(3)] == ["", "", ""]


def test_one_node_at_least_is_ready() -> None:
    broken = [node(Ready="Unknown"), node("worker-2", Ready="False")]
    assert guard(broken).look() == "none of 2 nodes is ready"


def test_nodes_that_cannot_be_watched_end_it() -> None:
    def refuse() -> Iterator[Any]:
        raise PermissionDenied("cannot list nodes: Kubernetes answers 403: forbidden")

    watching = Guard(refuse, Latencies(), PLAN)
    message = "the nodes cannot be watched: cannot list nodes: Kubernetes answers 403: forbidden"
    assert watching.look() == message


def test_an_api_that_refuses_too_much_is_seen() -> None:
    latencies = Latencies()
    watching = guard([node()], [node()], latencies=latencies)
    for _ in range(9):
        latencies(Attempt("pipelines", "GET", RUNS, 0.1, 503))
    assert watching.look() == ""  # of so few nothing is known
    for status in (429, 0, 200, 404):
        latencies(Attempt("pipelines", "POST", RUNS, 0.1, status))
    message = "the pipelines API refused 11 of 13 requests (503 9x, 429 1x, no response 1x), more "
    assert watching.look() == f"{message}than 10%"


def test_what_is_refused_now_and_then_is_borne() -> None:
    latencies = Latencies()
    for number in range(40):
        latencies(Attempt("Kubernetes", "GET", "/api/v1/nodes", 0.1, 200 if number % 10 else 500))
    assert guard([node()], latencies=latencies).look() == ""
    assert (latencies.requests(), latencies.refused()) == (40, 4)


def test_latencies_are_of_answered_requests_by_kind() -> None:
    latencies = Latencies()
    for method, url, status in (
        ("POST", RUNS, 200),
        ("POST", f"{RUNS}/1:terminate", 200),
        ("POST", RUNS, 503),
        ("GET", f"{RUNS}/1", 404),
        ("DELETE", f"{RUNS}/1", 200),
    ):
        latencies(Attempt("pipelines", method, url, 0.5, status))
    assert latencies.by_kind() == {("pipelines", CREATE): [0.5], ("pipelines", READ): [0.5]}
