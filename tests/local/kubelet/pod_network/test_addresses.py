from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_kubeflow.local.kubelet.pod_network.addresses import NoAddressLeft, PodAddresses
from pytest_kubeflow.local.network import LOOPBACK
from tests.local.kubelet.conftest import Cluster, phase, sh


def test_each_pod_has_an_address_of_its_own_and_keeps_it() -> None:
    addresses = PodAddresses("127.99.1.0/29")
    first, second = addresses.lend("a"), addresses.lend("b")
    assert first != second
    assert addresses.lend("a") == first


def test_an_address_that_came_back_is_lent_last() -> None:
    addresses = PodAddresses("127.99.1.0/30")
    first = addresses.lend("a")
    addresses.take_back("a")
    addresses.take_back("never lent")
    assert addresses.lend("b") != first
    assert addresses.lend("c") == first


def test_no_two_pods_have_one_address() -> None:
    addresses = PodAddresses("127.99.1.0/30")
    lent = {addresses.lend("a"), addresses.lend("b")}
    assert len(lent) == 2
    with pytest.raises(NoAddressLeft, match=r"127\.99\.1\.0/30"):
        addresses.lend("c")
    addresses.take_back("a")
    assert addresses.lend("c") in lent


def test_without_a_network_all_pods_have_the_nodes_address() -> None:
    assert PodAddresses().lend("a") == LOOPBACK


def test_only_addresses_of_this_machine_alone_are_lent() -> None:
    with pytest.raises(ValueError, match="not a network of this machine alone"):
        PodAddresses("10.0.0.0/24")


@pytest.fixture
def narrow(tmp_path: Path) -> Iterator[Cluster]:
    """A node with two addresses for pods."""
    cluster = Cluster(tmp_path)
    try:
        cluster.do(cluster.start(pod_cidr="127.99.1.0/30"))
        yield cluster
    finally:
        cluster.stop()


def test_a_pod_without_an_address_waits_until_another_has_ended(narrow: Cluster) -> None:
    stay = {"terminationGracePeriodSeconds": 0}
    first, second = (narrow.create(sh("sleep 60"), **stay) for _ in range(2))
    found = [
        narrow.until(pod, lambda one: phase(one) == "Running")["status"]["podIP"]
        for pod in (first, second)
    ]
    assert sorted(found) == ["127.99.1.1", "127.99.1.2"]
    third = narrow.create(sh("true"))
    events = narrow.events(third, "FailedCreatePodSandBox")
    told = dict(events)["FailedCreatePodSandBox"]
    assert "no IP addresses available in range set: 127.99.1.0/30" in told
    narrow.delete(first)
    ended = narrow.finished(third)
    assert (phase(ended), ended["status"]["podIP"]) == ("Succeeded", found[0])
    # It has ended and is still there: its address is free all the same.
    assert phase(narrow.run(sh("true"))) == "Succeeded"
