from __future__ import annotations

import pytest

from pytest_kubeflow.local.scheduler.predicates import Rejection, rejection
from pytest_kubeflow.local.scheduler.snapshot import Snapshot
from tests.local.scheduler.objects import Object, node, pod, required, snapshot, term

WEB = {"app": "web"}
AFFINITY = Rejection(("node(s) didn't match pod affinity rules",))
ANTI = Rejection(("node(s) didn't match pod anti-affinity rules",), lasting=False)
EXISTING = Rejection(("node(s) didn't satisfy existing pods anti-affinity rules",), lasting=False)


def zoned() -> tuple[Object, Object, Object]:
    return (
        node("a1", labels={"zone": "a"}),
        node("a2", labels={"zone": "a"}),
        node("b1", labels={"zone": "b"}),
    )


def verdicts(one: Object, cluster: Snapshot) -> dict[str, Rejection | None]:
    return {name: rejection(one, where, cluster) for name, where in cluster.nodes.items()}


def test_a_pod_goes_to_its_friends_by_host_and_by_zone() -> None:
    cluster = snapshot(*zoned(), a1=[pod(labels=WEB)])
    by_host = pod(affinity=required("podAffinity", term()))
    assert verdicts(by_host, cluster) == {"a1": None, "a2": AFFINITY, "b1": AFFINITY}
    by_zone = pod(affinity=required("podAffinity", term("zone")))
    assert verdicts(by_zone, cluster) == {"a1": None, "a2": None, "b1": AFFINITY}


def test_without_friends_there_is_nowhere_to_go_but_for_the_first_of_a_kind() -> None:
    cluster = snapshot(*zoned(), a1=[pod()])
    affinity = required("podAffinity", term())
    assert set(verdicts(pod(affinity=affinity), cluster).values()) == {AFFINITY}
    assert set(verdicts(pod(affinity=affinity, labels=WEB), cluster).values()) == {None}


def test_a_node_outside_of_the_topology_is_no_place_for_affinity() -> None:
    cluster = snapshot(node("bare"))
    first = pod(affinity=required("podAffinity", term("zone")), labels=WEB)
    assert verdicts(first, cluster) == {"bare": AFFINITY}


def test_a_pod_keeps_away_from_others() -> None:
    cluster = snapshot(*zoned(), a1=[pod(labels=WEB)])
    by_host = pod(affinity=required("podAntiAffinity", term()))
    assert verdicts(by_host, cluster) == {"a1": ANTI, "a2": None, "b1": None}
    by_zone = pod(affinity=required("podAntiAffinity", term("zone")))
    assert verdicts(by_zone, cluster) == {"a1": ANTI, "a2": ANTI, "b1": None}


def test_others_keep_a_pod_away() -> None:
    guard = pod(affinity=required("podAntiAffinity", term("zone")))
    cluster = snapshot(*zoned(), a2=[guard])
    assert verdicts(pod(labels=WEB), cluster) == {"a1": EXISTING, "a2": EXISTING, "b1": None}
    assert set(verdicts(pod(labels={"app": "db"}), cluster).values()) == {None}


@pytest.mark.parametrize(
    ("fields", "meant"),
    [
        ({}, False),
        ({"namespaces": ["other"]}, True),
        ({"namespaceSelector": {}}, True),
        ({"namespaceSelector": {"matchLabels": {"team": "b"}}}, True),
        ({"namespaceSelector": {"matchLabels": {"team": "a"}}}, False),
    ],
)
def test_namespaces_of_a_term(fields: Object, meant: bool) -> None:
    cluster = snapshot(node(), n1=[pod(labels=WEB, namespace="other")])
    one = pod(affinity=required("podAntiAffinity", term(**fields)))
    assert verdicts(one, cluster) == {"n1": ANTI if meant else None}


def test_a_term_without_a_label_selector_means_nobody() -> None:
    cluster = snapshot(node(), n1=[pod(labels=WEB)])
    one = pod(affinity=required("podAntiAffinity", {"topologyKey": "kubernetes.io/hostname"}))
    assert verdicts(one, cluster) == {"n1": None}
