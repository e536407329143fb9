from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from pytest_kubeflow.local.gateway.backends import Backend, Backends
from pytest_kubeflow.local.gateway.virtualhosts import Destination, VirtualHosts


def ingress(host: str, service: str, path: str = "/") -> dict[str, Any]:
    backend = {"service": {"name": service, "port": {"number": 80}}}
    paths = [{"path": path, "pathType": "Prefix", "backend": backend}]
    return {
        "metadata": {"namespace": "team"},
        "spec": {"rules": [{"host": host, "http": {"paths": paths}}]},
    }


def virtual_service(
    *http: dict[str, Any],
    hosts: list[str],
    gateways: tuple[str, ...] = ("kubeflow/kubeflow-gateway",),
) -> dict[str, Any]:
    spec = {"hosts": hosts, "gateways": list(gateways), "http": list(http)}
    return {"metadata": {"namespace": "team"}, "spec": spec}


def route(*services: str, weights: tuple[int, ...] = (), **more: Any) -> dict[str, Any]:
    destinations = [
        {"destination": {"host": f"{one}.team.svc.cluster.local", "port": {"number": 80}}}
        for one in services
    ]
    for one, weight in zip(destinations, weights, strict=False):
        one["weight"] = weight  # type: ignore[assignment]
    return {"route": destinations, **more}


def hosts(*virtual_services: Any, ingresses: Any = ()) -> VirtualHosts:
    table = VirtualHosts()
    table.replace(ingresses, virtual_services)
    return table


def served_by(table: VirtualHosts, host: str, path: str = "/") -> str | None:
    rule = table.find(host, path)
    return rule.destination().service if rule is not None else None


def test_an_ingress_shows_a_service_at_a_host() -> None:
    table = hosts(ingresses=[ingress("iris.example.com", "iris-predictor")])
    rule = table.find("iris.example.com", "/v1/models/iris")
    assert rule is not None
    assert rule.destination() == Destination("team", "iris-predictor", 80)
    assert rule.rewritten("/v1/models/iris") == "/v1/models/iris"
    assert table.find("rose.example.com", "/v1/models/iris") is None
    assert table.knows("iris.example.com")
    assert not table.knows("rose.example.com")


def test_the_longest_path_wins_and_an_exact_one_before_all() -> None:
    table = hosts(
        virtual_service(
            route("all", match=[{"uri": {"prefix": "/"}}]),
            route("deep", match=[{"uri": {"prefix": "/a/b/"}}]),
            route("exact", match=[{"uri": {"exact": "/a/b/c"}}]),
            hosts=["h"],
        )
    )
    assert served_by(table, "h", "/x") == "all"
    assert served_by(table, "h", "/a/b/d") == "deep"
    assert served_by(table, "h", "/a/b/c") == "exact"


def test_a_prefix_is_rewritten() -> None:
    match = [{"uri": {"prefix": "/serving/team/iris/"}}]
    table = hosts(virtual_service(route("iris", match=match, rewrite={"uri": "/"}), hosts=["*"]))
    rule = table.find("anything", "/serving/team/iris/v1/models")
    assert rule is not None
    assert rule.rewritten("/serving/team/iris/v1/models") == "/v1/models"
    assert table.find("anything", "/serving/team/rose/v1/models") is None


@pytest.mark.parametrize("gateways", [(), ("mesh",), ("team/own-gateway",), ("kubeflow-gateway",)])
def test_what_is_for_another_gateway_is_not_shown_to_all_hosts(gateways: tuple[str, ...]) -> None:
    table = hosts(virtual_service(route("inner"), hosts=["*"], gateways=gateways))
    assert served_by(table, "anything") is None


def test_headers_of_a_request_are_put_added_and_taken_away() -> None:
    changes = {"set": {"X-Root": "/a/"}, "add": {"X-More": "2"}, "remove": ["X-Old"]}
    http = route("one", headers={"request": changes})
    rule = hosts(virtual_service(http, hosts=["*"])).find("anything", "/")
    assert rule is not None
    before = [(b"x-root", b"forged"), (b"X-Old", b"1"), (b"x-more", b"1"), (b"accept", b"*/*")]
    assert rule.headers.apply(before) == [
        (b"x-more", b"1"),
        (b"accept", b"*/*"),
        (b"x-root", b"/a/"),
        (b"x-more", b"2"),
    ]


@pytest.mark.parametrize(
    ("duration", "seconds"),
    [("300s", 300), ("1m30s", 90), ("1h", 3600), ("250ms", 0.25), ("0s", None), (None, None)],
)
def test_a_route_may_have_a_longest_time(duration: str | None, seconds: float | None) -> None:
    table = hosts(virtual_service(route("one", timeout=duration), hosts=["*"]))
    rule = table.find("anything", "/")
    assert rule is not None
    assert rule.timeout == seconds


def test_routes_of_a_host_hide_those_of_all_hosts() -> None:
    anywhere = virtual_service(route("any", match=[{"uri": {"prefix": "/a/"}}]), hosts=["*"])
    one = virtual_service(route("one", match=[{"uri": {"prefix": "/b/"}}]), hosts=["h"])
    table = hosts(anywhere, one)
    assert served_by(table, "h", "/b/") == "one"
    assert served_by(table, "h", "/a/") is None
    assert served_by(table, "other", "/a/") == "any"


def test_requests_are_shared_by_weight() -> None:
    table = hosts(virtual_service(route("old", "new", weights=(80, 20)), hosts=["h"]))
    found = Counter(served_by(table, "h") for _ in range(2000))
    assert set(found) == {"old", "new"}
    assert 300 < found["new"] < 500


def test_a_route_without_destinations_is_none() -> None:
    assert served_by(hosts(virtual_service({"route": []}, {}, hosts=["h"])), "h") is None


def test_backends_take_turns_and_leave_out_who_refused() -> None:
    key, destination = ("team", "iris"), Destination("team", "iris", 80)
    port = {"name": "http", "port": 8080}
    addresses = [{"ip": f"127.1.1.{n}", "targetRef": {"name": f"p{n}"}} for n in (1, 2)]
    unready = [{"ip": "127.1.1.3", "targetRef": {"name": "p3"}}]
    subset = {"addresses": addresses, "notReadyAddresses": unready, "ports": [port]}
    services = {key: {"spec": {"ports": [{"name": "http", "port": 80}]}}}
    backends = Backends(services, {key: {"subsets": [subset]}})
    first, second = (Backend(f"127.1.1.{n}", 8080, "team", f"p{n}") for n in (1, 2))
    assert [backends.following(destination) for _ in range(4)] == [first, second, first, second]
    assert {backends.following(destination, [first]) for _ in range(3)} == {second}
    assert backends.following(destination, [first, second]) is None
    assert backends.ready(Destination("team", "iris", 81)) == []
    assert backends.ready(Destination("team", "rose", 80)) == []
