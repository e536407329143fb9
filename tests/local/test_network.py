"""MachineNetwork on this machine: real devices, routes and filters, seen from another network."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_kubeflow.local.network import LoopbackNetwork, is_this_machine
from pytest_kubeflow.local.network.founding import ISOLATED, ROUTABLE, own_network
from pytest_kubeflow.local.network.machinenetwork import MachineNetwork
from pytest_kubeflow.local.network.netlink import Network
from pytest_kubeflow.local.network.routed import unrouted_network

_SECONDS = 60


@pytest.fixture
def network() -> Iterator[MachineNetwork]:
    try:
        held = MachineNetwork()
    except OSError as error:
        pytest.skip(f"this machine lets nobody have a network of its own: {error}")
    yield held
    held.close()


def test_every_address_is_this_machine(network: MachineNetwork) -> None:
    with socket.create_server((network.host(3), 0)) as server:
        address = server.getsockname()
        with socket.create_connection(address, _SECONDS) as client:
            assert client.getpeername() == address
    assert is_this_machine(network.host_ip)
    assert not is_this_machine("192.0.2.1")


def test_two_networks_do_not_meet(network: MachineNetwork) -> None:
    other = MachineNetwork()
    try:
        assert other.pods != network.pods
    finally:
        other.close()
    assert not is_this_machine(other.host_ip)


def test_cluster_ips_that_are_routed_already_are_left_alone(network: MachineNetwork) -> None:
    other = MachineNetwork([network.pods.replace("128/25", "0/24")])
    try:
        assert [line.partition(": ")[2] for line in other.refused] == [
            "another cluster of this machine has them"
        ]
    finally:
        other.close()


def test_nobody_else_gets_there(network: MachineNetwork) -> None:
    """From a network namespace with a cable to this machine, which other machines stand for."""
    number = os.getpid() % 250
    ours, theirs = f"kft{number}a", f"kft{number}b"
    here = f"203.0.113.{number & ~3 | 1}"
    there = f"203.0.113.{number & ~3 | 2}"
    script = (
        "import socket, sys\n"
        "try: socket.create_connection((sys.argv[1], int(sys.argv[2])), 3); print('reached')\n"
        "except OSError as error: print('not reached')\n"
    )
    command = ["unshare", "--net", "sleep", "infinity"]
    inside = subprocess.Popen(command)
    try:
        enter = ["nsenter", f"--net=/proc/{inside.pid}/ns/net"]
        _until_other_namespace(inside.pid)
        made = _run("ip", "link", "add", ours, "type", "veth", "peer", "name", theirs)
        if made.returncode:
            pytest.skip(f"this machine has no veth devices: {made.stderr.strip()}")
        _run("ip", "link", "set", theirs, "netns", str(inside.pid))
        _run("ip", "addr", "add", f"{here}/30", "dev", ours)
        _run("ip", "link", "set", ours, "up")
        _run(*enter, "ip", "addr", "add", f"{there}/30", "dev", theirs)
        _run(*enter, "ip", "link", "set", theirs, "up")
        _run(*enter, "ip", "route", "add", "default", "via", here)

        def reached(address: str) -> str:
            with socket.create_server((address, 0)) as server:
                port = str(server.getsockname()[1])
                done = _run(*enter, sys.executable, "-c", script, address, port)
                return done.stdout.strip()

        assert reached(here) == "reached"
        assert reached(network.host(1)) == "not reached"
    finally:
        inside.kill()
        inside.wait()
        _run("ip", "link", "del", ours)


def test_the_kernel_takes_it_back_from_a_killed_process(network: MachineNetwork) -> None:
    script = (
        "import os, signal\n"
        "from pytest_kubeflow.local.network.machinenetwork import MachineNetwork\n"
        "held = MachineNetwork(); print(held.host_ip, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == -signal.SIGKILL
    with socket.socket() as gone, pytest.raises(OSError, match="Cannot assign"):
        gone.bind((done.stdout.strip(), 0))


@pytest.mark.parametrize(
    ("routed", "chosen"),
    [
        ([], "198.18.0.0/15"),
        (["192.0.2.0/24"], "198.18.0.0/15"),
        (["198.18.0.0/30"], "172.30.0.0/15"),  # of a proxy that gives names addresses from there
        (["198.18.0.0/16", "172.16.0.0/12"], "100.126.0.0/15"),
    ],
)
def test_a_clusters_own_network_hides_nothing(routed: list[str], chosen: str) -> None:
    assert str(unrouted_network([Network(one) for one in routed])) == chosen


def test_where_all_is_routed_there_is_none() -> None:
    with pytest.raises(OSError, match="routes parts of"):
        unrouted_network([Network("0.0.0.0/1"), Network("128.0.0.0/1")])


def test_where_there_is_none_it_is_loopback_and_the_node_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused(path: str, *_: object) -> int:
        raise PermissionError(1, "Operation not permitted", path)

    monkeypatch.setattr("pytest_kubeflow.local.network.devices.os.open", refused)
    network, conditions = own_network()
    try:
        assert isinstance(network, LoopbackNetwork)
        status, reason, message = conditions[ROUTABLE]
        assert (status, reason) == ("False", "LoopbackAddresses")
        assert "Operation not permitted" in message
        assert conditions[ISOLATED][:2] == ("False", "SharedNetwork")
    finally:
        network.close()


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _until_other_namespace(pid: int) -> None:
    """Return once the process `pid` has a network namespace of its own."""
    own = Path("/proc/self/ns/net").readlink()
    while Path(f"/proc/{pid}/ns/net").readlink() == own:
        pass
