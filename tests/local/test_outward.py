"""The way from a network of our own: settings that lead to this machine, and names."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.local.network.machine import Machine
from pytest_kubeflow.local.network.nameservers import Resolver, name_servers
from pytest_kubeflow.local.network.outward import MachinePorts

_SEEN = "198.18.0.12"


def ports() -> MachinePorts:
    network: Any = SimpleNamespace(machine=None, host=lambda _: _SEEN)
    return MachinePorts(network)


@pytest.mark.parametrize(
    ("setting", "seen"),
    [
        ("http://localhost:3141/root/pypi/+simple", f"http://{_SEEN}:3141/root/pypi/+simple"),
        ("https://127.0.0.1/simple", f"https://{_SEEN}/simple"),
        ("http://[::1]:8080/", f"http://{_SEEN}:8080/"),
        ("localhost:3128", f"{_SEEN}:3128"),
        ("localhost", _SEEN),
        (
            "http://user:pass@127.0.1.1:9 https://pypi.org",
            f"http://user:pass@{_SEEN}:9 https://pypi.org",
        ),
        ("https://pypi.org/simple", "https://pypi.org/simple"),
        ("https://localhost.example.com/simple", "https://localhost.example.com/simple"),
        ("http://notlocalhost:1/", "http://notlocalhost:1/"),
        ("http://10.127.0.0.1/", "http://10.127.0.0.1/"),
    ],
)
def test_settings_that_lead_to_the_machine_lead_there_from_a_pod(setting: str, seen: str) -> None:
    assert ports().as_seen(setting) == seen


@given(st.text())
def test_any_text_may_be_a_setting(text: str) -> None:
    seen = ports()
    once = seen.as_seen(text)
    assert seen.as_seen(once) == once


@pytest.mark.parametrize(
    ("text", "servers"),
    [
        ("nameserver 192.0.2.1\nnameserver 2001:db8::1\n", ["192.0.2.1", "2001:db8::1"]),
        ("search a.example\n# nameserver 192.0.2.9\nnameserver\nnameserver x\n", ["127.0.0.1"]),
        ("  nameserver\t192.0.2.1 # ours\noptions edns0\n", ["192.0.2.1"]),
        ("nameserver fe80::1%eth0\n", ["fe80::1%eth0"]),
    ],
)
def test_name_servers_are_those_of_the_machine(
    tmp_path: Path, text: str, servers: list[str]
) -> None:
    file = tmp_path / "resolv.conf"
    file.write_text(text)
    assert name_servers(file) == servers
    assert name_servers(tmp_path / "none") == ["127.0.0.1"]


def test_the_next_server_is_asked_where_one_refuses(tmp_path: Path) -> None:
    """Both are on loopback: nobody listens at the first."""
    file = tmp_path / "resolv.conf"
    file.write_text("nameserver 127.94.17.1\nnameserver 127.94.17.2\n")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        try:
            server.bind(("127.94.17.2", 53))
        except PermissionError:
            pytest.skip("ordinary users have no port 53")
        assert asyncio.run(resolved(server, file)) == b"answer to query"


async def resolved(server: socket.socket, file: Path) -> bytes:
    loop = asyncio.get_running_loop()
    server.setblocking(False)
    transport, _ = await loop.create_datagram_endpoint(
        lambda: Resolver(Machine(), file), local_addr=("127.0.0.1", 0)
    )
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.setblocking(False)
        where = cast("tuple[str, int]", transport.get_extra_info("sockname"))
        await loop.sock_connect(client, where)
        async with asyncio.timeout(60):
            await loop.sock_sendall(client, b"query")
            query, asker = await loop.sock_recvfrom(server, 512)
            await loop.sock_sendto(server, b"answer to " + query, asker)
            answer = await loop.sock_recv(client, 512)
    transport.close()
    return answer
