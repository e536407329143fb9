"""Probes and lifecycle handlers of containers: exec, HTTP and TCP.

Timing and thresholds as in kubernetes/kubernetes pkg/kubelet/prober.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import aiohttp

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.network import LOOPBACK
from pytest_kubeflow.local.spawner import (
    Identity,
    Process,
    ProcessSpec,
    Spawner,
    SpawnerError,
    SpawnError,
)

_OUTPUT = 10 * 1024
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # RFC 9110
_LONGEST_HEADER, _MOST_HEADERS = 1 << 20, 10_000  # so much or more Go's client takes


@dataclass(frozen=True, slots=True)
class Inside:
    """How to act on a running container: its process and what its programs start with."""

    spawner: Spawner
    process: Process
    env: dict[str, str]
    working_dir: str
    identity: Identity
    ports: dict[str, int]
    ip: str = LOOPBACK

    async def execute(self, command: list[str], seconds: float) -> tuple[int, str]:
        """Run a command in the container; exit code and output. Raises TimeoutError."""
        read, write = os.pipe2(os.O_CLOEXEC)
        try:
            process = await self.spawner.enter(
                self.process,
                ProcessSpec(command, self.env, self.working_dir),
                identity=self.identity,
                stdout=write,
                stderr=write,
            )
        except (SpawnError, SpawnerError) as error:
            os.close(read)
            return 126, str(error)
        finally:
            os.close(write)
        reading = asyncio.create_task(_read(read))
        try:
            async with asyncio.timeout(seconds):
                status = await process.wait()
                return status.shell_code, (await reading).decode(errors="replace")
        finally:
            reading.cancel()
            process.kill()


async def _read(fd: int) -> bytes:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    transport, _ = await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(fd, "rb")
    )
    try:
        return await reader.read(_OUTPUT)
    finally:
        transport.close()


async def check(inside: Inside, probe: Object) -> str | None:
    """Act once as a probe or handler says: None if all is well, else what is wrong."""
    seconds = float(probe.get("timeoutSeconds") or 1)
    try:
        async with asyncio.timeout(seconds):
            if action := probe.get("exec"):
                code, output = await inside.execute(action.get("command") or [], seconds)
                return None if code == 0 else output
            if action := probe.get("httpGet"):
                return await _http_get(inside, action)
            if action := probe.get("tcpSocket"):
                return await _tcp_connect(inside, action)
    except TimeoutError:
        if command := (probe.get("exec") or {}).get("command"):
            return f'command timed out: "{" ".join(command)}" timed out after {seconds:g}s'
        return "timed out"
    return "this node knows exec, httpGet and tcpSocket only"


def _port(inside: Inside, action: Object) -> int:
    port: Any = action["port"]
    return inside.ports.get(port, 0) if isinstance(port, str) and not port.isdigit() else int(port)


async def _http_get(inside: Inside, action: Object) -> str | None:
    host, scheme = action.get("host") or inside.ip, (action.get("scheme") or "HTTP").lower()
    path = "/" + (action.get("path") or "/").lstrip("/")
    url = f"{scheme}://{host}:{_port(inside, action)}{path}"
    headers = {one["name"]: one["value"] for one in action.get("httpHeaders") or []}
    if wrong := [name for name in headers if not _TOKEN.fullmatch(name)]:
        return f'Get "{url}": net/http: invalid header field name "{wrong[0]}"'
    try:
        # The kubelet does not verify certificates of probes either.
        async with (
            aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=False, force_close=True),
                headers={"User-Agent": "kube-probe/embedded", **headers},
                max_field_size=_LONGEST_HEADER,
                max_headers=_MOST_HEADERS,
            ) as session,
            session.get(url, allow_redirects=False) as response,
        ):
            status = response.status
            # What does not come whole is no success (kubernetes/kubernetes pkg/probe/http).
            with contextlib.suppress(asyncio.IncompleteReadError):
                await response.content.readexactly(_OUTPUT)
    except aiohttp.ClientConnectorError as error:
        return f'Get "{url}": {_not_connected(host, _port(inside, action), error.os_error)}'
    except (aiohttp.ClientError, ValueError) as error:  # ValueError: values that HTTP has not
        return f'Get "{url}": {error}'
    return None if 200 <= status < 400 else f"HTTP probe failed with statuscode: {status}"


async def _tcp_connect(inside: Inside, action: Object) -> str | None:
    try:
        _, writer = await asyncio.open_connection(
            action.get("host") or inside.ip, _port(inside, action)
        )
    except OSError as error:
        return _not_connected(action.get("host") or inside.ip, _port(inside, action), error)
    writer.close()
    return None


def _not_connected(host: str, port: int, error: OSError) -> str:
    """In the words of Go's client, for which the kubelet is known."""
    why = os.strerror(error.errno).lower() if error.errno else str(error)
    return f"dial tcp {host}:{port}: connect: {why}"


async def watch_probe(
    inside: Inside,
    probe: Object,
    *,
    on_result: Callable[[bool], Awaitable[bool]],
    on_failure: Callable[[str], Awaitable[None]],
) -> None:
    """Probe for ever: `on_result` hears each change of the verdict and may end it with False.

    `on_failure` hears each failed attempt.
    """
    success_needed = probe.get("successThreshold") or 1
    failures_allowed = probe.get("failureThreshold") or 3
    await asyncio.sleep(probe.get("initialDelaySeconds") or 0)
    successes = failures = 0
    while True:
        problem = await check(inside, probe)
        if problem is None:
            successes, failures = successes + 1, 0
            if successes == success_needed and not await on_result(True):
                return
        else:
            successes, failures = 0, failures + 1
            await on_failure(problem)
            if failures == failures_allowed and not await on_result(False):
                return
        await asyncio.sleep(probe.get("periodSeconds") or 10)
