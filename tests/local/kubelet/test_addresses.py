from __future__ import annotations

import pytest

from pytest_kubeflow.local.kubelet.addresses import HOST_IP, NoAddressLeft, PodAddresses


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
    assert PodAddresses().lend("a") == HOST_IP


def test_only_loopback_is_lent() -> None:
    with pytest.raises(ValueError, match="not a loopback network"):
        PodAddresses("10.0.0.0/24")
