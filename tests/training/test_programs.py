"""The programs of suites/training as plain processes on loopback: what they say, and when not."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pytest_kubeflow.training.program import function_program, python_command, result_in
from suites.training import programs, ring
from suites.training.ring import share_of

TOKEN = "one-job-alone"


@pytest.fixture
def port() -> int:
    """One for rank 0 that is free, as is the next: not one that the kernel gives to connections."""
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        found = 10_000 + secrets.randbelow(lowest - 10_001)
        with socket.socket() as first, socket.socket() as second:
            try:
                first.bind(("127.0.0.1", found))
                second.bind(("127.0.0.1", found + 1))
            except OSError:
                continue
        return found


def trainer(rank: int, world: int, port: int) -> dict[str, str]:
    """The environment of a node of a TrainJob."""
    return {
        "PET_NODE_RANK": str(rank),
        "PET_NNODES": str(world),
        "PET_MASTER_ADDR": "127.0.0.1",
        "PET_MASTER_PORT": str(port),
    }


def start(work: Any, arguments: Mapping[str, Any], env: Mapping[str, str]) -> subprocess.Popen[str]:
    """One process, with the command that its container would have."""
    command = python_command(function_program(work, arguments, helpers=(ring,)))
    return subprocess.Popen(
        [one.replace("$$(", "$(") for one in command],
        env={
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "OMP_NUM_THREADS": "1",
            **env,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def results(work: Any, arguments: Mapping[str, Any], *envs: Mapping[str, str]) -> list[Any]:
    """What processes with these environments come to: their results, or the last they said."""
    running = [start(work, arguments, env) for env in envs]
    found = [one.communicate(timeout=150)[0] for one in running]
    return [
        result_in(text) if one.returncode == 0 else text.strip().splitlines()[-1]
        for one, text in zip(running, found, strict=True)
    ]


@pytest.mark.parametrize("world", [1, 2, 5])
def test_all_reduce(world: int, port: int) -> None:
    found = results(
        programs.all_reduce,
        {"token": TOKEN, "seed": 7},
        *(trainer(rank, world, port) for rank in range(world)),
    )
    shares = [share_of(rank, 7) for rank in range(world)]
    for rank, one in enumerate(found):
        assert (one["rank"], one["world"]) == (rank, world), one
        assert one["sum"] == [sum(column) for column in zip(*shares, strict=True)], one
        assert [member["rank"] for member in one["members"]] == list(range(world))


@pytest.mark.parametrize("operator", ["PyTorchJob", "TFJob"])
def test_the_environment_of_the_operator(operator: str, port: int) -> None:
    def env(rank: int) -> dict[str, str]:
        if operator == "TFJob":
            workers = f'["127.0.0.1:{port}", "127.0.0.1:2222"]'
            task = f'{{"type": "worker", "index": {rank}}}'
            return {"TF_CONFIG": f'{{"cluster": {{"worker": {workers}}}, "task": {task}}}'}
        return {
            "RANK": str(rank),
            "WORLD_SIZE": "2",
            "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": str(port),
        }

    found = results(programs.all_reduce, {"token": TOKEN, "seed": 0}, env(0), env(1))
    assert [one["world"] for one in found] == [2, 2], found


def test_two_of_one_rank_are_told(port: int) -> None:
    same = trainer(1, 3, port)
    found = results(
        programs.all_reduce, {"token": TOKEN, "seed": 0}, trainer(0, 3, port), same, same
    )
    host = socket.gethostname()
    assert found == [f"RuntimeError: two have rank 1: {host} and {host}"] * 3


def test_worlds_that_differ_are_told(port: int) -> None:
    found = results(
        programs.all_reduce,
        {"token": TOKEN, "seed": 0},
        trainer(0, 2, port),
        trainer(1, 3, port),
    )
    assert all("is in a world of 3, and not of 2" in one for one in found), found
    alone = results(programs.all_reduce, {"token": TOKEN, "seed": 0}, trainer(1, 1, port))
    assert alone == ["RuntimeError: this is rank 1 in a world of 1"]


def test_strangers_and_probes_are_none_of_us(port: int) -> None:
    first = start(programs.all_reduce, {"token": TOKEN, "seed": 0}, trainer(0, 2, port))
    stranger = start(programs.all_reduce, {"token": "another", "seed": 0}, trainer(1, 2, port))
    assert stranger.stdout is not None
    found = stranger.stdout.readline()
    while found.startswith("waiting for "):  # rank 0 has not begun
        found = stranger.stdout.readline()
    assert found == "asking 127.0.0.1 again: the other end has closed\n"
    with socket.create_connection(("127.0.0.1", port)) as probe:
        probe.sendall(b"GET / HTTP/1.1\r\n\r\n")
    second = start(programs.all_reduce, {"token": TOKEN, "seed": 0}, trainer(1, 2, port))
    for one in (first, second):
        found = one.communicate(timeout=150)[0]
        assert one.returncode == 0, found
    stranger.kill()
    stranger.communicate()


def test_who_is_cut_off_asks_again(port: int) -> None:
    """As where the name of rank 0 leads to a pod of an earlier attempt for a while."""
    with socket.create_server(("127.0.0.1", port)) as stranger:
        second = start(programs.all_reduce, {"token": TOKEN, "seed": 0}, trainer(1, 2, port))
        for _ in range(2):
            stranger.accept()[0].close()
    first = start(programs.all_reduce, {"token": TOKEN, "seed": 0}, trainer(0, 2, port))
    for one in (first, second):
        found = one.communicate(timeout=150)[0]
        assert one.returncode == 0, found


def test_jobs_may_share_the_network_of_a_node(port: int) -> None:
    """Who meets rank 0 of the other job asks again; who cannot listen at their port waits."""
    jobs = [
        start(programs.all_reduce, {"token": token, "seed": 0}, trainer(rank, 2, port))
        for rank in (0, 1)
        for token in ("one job", "another job")
    ]
    for one in jobs:
        found = one.communicate(timeout=150)[0]
        assert one.returncode == 0, found


def test_gradients_are_averaged(port: int) -> None:
    def train(world: int) -> list[Any]:
        envs = (trainer(rank, world, port) for rank in range(world))
        return results(programs.digits, {"token": TOKEN, "rounds": 60}, *envs)

    first, second = train(2)
    (alone,) = train(1)
    assert (first["rows"], second["rows"], alone["rows"]) == (672, 672, 1344)
    for one in (first, second, alone):
        assert one["accuracy"] > 0.9, one["accuracy"]
        assert one["first"] == pytest.approx(alone["first"], abs=1e-9)


def test_who_outlives_whom(port: int) -> None:
    arguments = {"token": TOKEN, "seed": 3}
    first = start(programs.outlives, arguments, {**trainer(0, 2, port), "POD_NAME": "a"})
    killed = start(programs.outlives, arguments, {**trainer(1, 2, port), "POD_NAME": "b"})
    assert killed.stdout is not None
    assert killed.stdout.readline() == "b is told to wait\n"
    killed.kill()
    killed.communicate()
    heir = start(programs.outlives, arguments, {**trainer(1, 2, port), "POD_NAME": "c"})
    found = [result_in(one.communicate(timeout=150)[0]) for one in (first, heir)]
    assert [one["pod"] for one in found] == ["a", "c"]
    assert found[0]["seen"] == ["b", "c"]
    wanted = [sum(pair) for pair in zip(share_of(0, 3), share_of(1, 3), strict=True)]
    assert [one["sum"] for one in found] == [wanted, wanted]
