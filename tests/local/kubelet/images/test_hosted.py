"""Who works while a component runs is told of it, and of nothing else that comes and goes."""

from __future__ import annotations

import asyncio
import socket

from pytest_kubeflow.local.kubelet.images.hosted import HostedContainer, HostedPrograms

SERVER, TOOL = "example.com/server:1", "example.com/tool:1"


async def ended(_container: HostedContainer) -> int:
    return 0


async def no_port(_port: int) -> socket.socket:
    raise AssertionError("there are no ports")


def test_the_first_and_the_last_container_of_a_component_are_told() -> None:
    programs, found = HostedPrograms(), list[bool]()
    server, tool = programs.add(SERVER), programs.add(TOOL, body=ended)
    programs.on_change(lambda: found.append(programs.runs(SERVER)))

    async def check() -> None:
        async with server.listening(no_port):
            assert found == [True]
            async with server.listening(no_port), tool.listening(no_port):
                assert found == [True]
                assert programs.runs(TOOL)
            assert found == [True]
        assert found == [True, False]

    asyncio.run(check())
