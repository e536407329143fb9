"""Ring: all ranks of a job, each with a way to the next. This module's source is sent to the nodes.

It needs no more than Python has, and what gloo and NCCL need of a cluster: a place to meet, which
Trainer and the training operator name in the environment, names of pods that resolve, and any port
of any pod. No rank believes another: who passes a value on round the ring says who it is.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import socket
import struct
import threading
import time
from typing import Any

SIZE = 8
"""Numbers that each rank puts into a sum."""


def share_of(rank: int, seed: int) -> list[int]:
    """What a rank puts in: numbers that no other rank has, and no other job."""
    return [(rank + 1) ** power + seed for power in range(1, SIZE + 1)]


def place() -> tuple[int, int, str, int]:
    """Rank, world, and where rank 0 is, as Trainer, PyTorchJobs or TFJobs say it."""
    env = os.environ
    if "PET_MASTER_ADDR" in env and "PET_NODE_RANK" in env:
        names = ("PET_NODE_RANK", "PET_NNODES", "PET_MASTER_ADDR", "PET_MASTER_PORT")
    elif "TF_CONFIG" in env:
        found = json.loads(env["TF_CONFIG"])
        workers = found["cluster"]["worker"]
        host, _, port = workers[0].rpartition(":")
        return int(found["task"]["index"]), len(workers), host, int(port)
    else:
        names = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
    rank, world, host, port = (env[name] for name in names)
    return int(rank), int(world), host, int(port)


class Ring:
    """`rank` of `world`. `seconds` are how long the others are waited for, `token` what they know.

    Raises RuntimeError where two have one rank, or where they disagree about the world.
    """

    def __init__(self, token: str, seconds: float = 600.0) -> None:
        self.token = token
        self._ends = time.monotonic() + seconds
        self._said: set[str] = set()
        self.rank, self.world, self._master, self._port = place()
        self.host = socket.gethostname()
        if not 0 <= self.rank < self.world:
            raise RuntimeError(f"this is rank {self.rank} in a world of {self.world}")
        self._listener = listening(0)
        self._before, self._after = self._link(self._meet())
        own = {"rank": self.rank, "host": self.host, "world": self.world}
        self.members = self.gather(own)

    def gather(self, value: Any) -> list[Any]:
        """What all have, by rank: each hands on to the next what it has heard from the one before.

        A value is whatever JSON can write.
        """
        found = {self.rank: value}
        passed = {"rank": self.rank, "value": value}
        for _ in range(self.world - 1):
            if self.rank == 0:  # somebody has to begin
                send(self._after, passed)
                heard = receive(self._before)
            else:
                heard = receive(self._before)
                send(self._after, passed)
            passed = heard
            found[heard["rank"]] = heard["value"]
        return [found[rank] for rank in sorted(found)]

    def sum(self, values: list[Any]) -> list[Any]:
        """The sums of the numbers that all have, position by position: an all-reduce.

        Added in the order of the ranks, so that all of them get the same to the last bit.
        """
        return [sum(column) for column in zip(*self.gather(values))]  # noqa: B905  as of Python 3.8

    def _address(self) -> str:
        """The name by which others reach this pod: in the domain in which rank 0 has its own."""
        domain = self._master.partition(".")[2]
        if self._master.replace(".", "").isdigit():
            return self._master
        return f"{self.host}.{domain}" if domain else self.host

    def _meet(self) -> list[dict[str, Any]]:
        """Everybody tells rank 0 who they are, itself among them, and learns who there is."""
        if self.rank == 0:
            endpoint = listening_when_free(self._port, self._ends)
            hearing = threading.Thread(target=self._receive_all, args=(endpoint,), daemon=True)
            hearing.start()
        own = {
            "token": self.token,
            "rank": self.rank,
            "world": self.world,
            "host": self.host,
            "address": self._address(),
            "port": self._listener.getsockname()[1],
        }
        found = self._ask_first(own)
        if "problem" in found:
            if self.rank == 0:
                hearing.join(5)  # let the others hear of it, too
            raise RuntimeError(found["problem"])
        members: list[dict[str, Any]] = found["members"]
        return members

    def _ask_first(self, own: dict[str, Any]) -> dict[str, Any]:
        """What rank 0 tells who says `own`; who is cut off asks again.

        The name of rank 0 may still lead to a pod of an earlier attempt, and a mesh's proxy takes
        connections before the program behind it does.
        """
        while True:
            with self._connect(self._master, self._port) as way:
                try:
                    send(way, own)
                    found: dict[str, Any] = receive(way)
                except OSError as error:
                    if time.monotonic() > self._ends:
                        raise
                    why = str(error)
                else:
                    return found
            self._wait(f"asking {self._master} again: {why}")

    def _receive_all(self, endpoint: socket.socket) -> None:
        """Of rank 0: hear everybody, and tell all of them the same."""
        known: dict[int, dict[str, Any]] = {}
        waiting: list[socket.socket] = []
        heard, problem = 0, ""
        while heard < self.world:
            way, _ = endpoint.accept()
            one = greeting(way, self.token)
            if one is None:
                continue
            waiting.append(way)
            if one == known.get(one["rank"]):  # it was cut off, and asks again
                continue
            heard += 1
            other = known.setdefault(one["rank"], one)
            if one["world"] != self.world:
                problem = f"{one['host']} is in a world of {one['world']}, and not of {self.world}"
            elif other is not one:
                problem = f"two have rank {one['rank']}: {other['host']} and {one['host']}"
            if problem or heard == self.world:
                found = {"problem": problem} if problem else {"members": list(known.values())}
                while waiting:
                    with waiting.pop() as way, contextlib.suppress(OSError):
                        send(way, found)
        endpoint.close()

    def _link(self, members: list[dict[str, Any]]) -> tuple[socket.socket, socket.socket]:
        """A way from the rank before this one, and one to the next."""
        where = {one["rank"]: one for one in members}
        after = where[(self.rank + 1) % self.world]
        way = self._connect(after["address"], after["port"])
        send(way, {"token": self.token, "rank": self.rank})
        while True:
            before, _ = self._listener.accept()
            one = greeting(before, self.token)
            if one is not None and one["rank"] == (self.rank - 1) % self.world:
                return before, way

    def _connect(self, host: str, port: int) -> socket.socket:
        """A connection, as soon as there is somebody; what keeps it from that is printed."""
        while True:
            try:
                way = socket.create_connection((host, port), timeout=10)
            except OSError as error:
                if time.monotonic() > self._ends:
                    raise RuntimeError(f"{host}:{port} is not reached: {error}") from error
                self._wait(f"waiting for {host}:{port}: {error}")
            else:
                way.settimeout(max(1.0, self._ends - time.monotonic()))
                return way

    def _wait(self, why: str) -> None:
        """Wait a little, and say once what for."""
        if why not in self._said:
            self._said.add(why)
            print(why, flush=True)  # noqa: T201  its log
        time.sleep(0.1)


def listening(port: int) -> socket.socket:
    """A socket that takes connections from everywhere, by IPv6 too where there is any."""
    if socket.has_dualstack_ipv6():
        return socket.create_server(
            ("", port), family=socket.AF_INET6, backlog=128, dualstack_ipv6=True
        )
    return socket.create_server(("", port), backlog=128)


def listening_when_free(port: int, ends: float) -> socket.socket:
    """As `listening`, once nobody else is, until `ends`: pods may share the network of a node."""
    message = ""
    while True:
        try:
            return listening(port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > ends:
                raise
            if not message:
                message = f"waiting for port {port}: {error}"
                print(message, flush=True)  # noqa: T201  its log
        time.sleep(0.1)


def greeting(way: socket.socket, token: str) -> dict[str, Any] | None:
    """What somebody says who is of the same job; None for a stranger, who is cut off."""
    way.settimeout(10)
    try:
        found: dict[str, Any] = receive(way)
    except (OSError, ValueError):
        found = {}
    if found.get("token") != token:
        way.close()
        return None
    way.settimeout(600)
    return found


def send(way: socket.socket, value: Any) -> None:
    """One message: its length, and JSON."""
    data = json.dumps(value).encode()
    way.sendall(struct.pack(">I", len(data)) + data)


def receive(way: socket.socket) -> Any:
    """One message. Raises OSError where the other one is gone, ValueError for what is none."""
    (length,) = struct.unpack(">I", _read(way, 4))
    if length > 1 << 26:
        raise ValueError("this is no message of a ring")
    return json.loads(_read(way, length))


def _read(way: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = way.recv(count - len(data))
        if not more:
            raise ConnectionError("the other end has closed")
        data += more
    return data
