"""Programs that the spawner's tests run as root and as an ordinary user.

    python scenarios.py NAME DIRECTORY

DIRECTORY is empty and belongs to the user. Each prints one JSON object.
"""

# ruff: noqa: T201

import asyncio
import contextlib
import json
import os
import shlex
import signal
import socket
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from pytest_kubeflow.local.spawner import (
    Container,
    Identity,
    Mount,
    Process,
    ProcessSpec,
    Spawner,
    SpawnerError,
    SpawnError,
)
from pytest_kubeflow.local.spawner.inside import linux

PATH = {"PATH": "/usr/bin:/bin"}


def container(root: Path, script: str, *mounts: Mount, **settings: Any) -> ProcessSpec:
    root.mkdir(parents=True)
    for name in ("bin", "sbin", "lib", "lib64"):
        if os.path.islink(f"/{name}"):
            os.symlink(os.readlink(f"/{name}"), root / name)
    system = (
        Mount.bind("/usr", "/usr", readonly=True),
        Mount("proc", "/proc"),
        Mount("dev", "/dev"),
    )
    return ProcessSpec(
        argv=["sh", "-c", script],
        env=PATH,
        container=Container(root, "pod-1", (*system, *mounts), **settings),
    )


async def output(spawner: Spawner, spec: ProcessSpec, inside: Process | None = None) -> str:
    read, write = os.pipe()
    if inside is None:
        process = await spawner.spawn(spec, stdout=write, stderr=write)
    else:
        process = await spawner.enter(inside, spec, identity=Identity(), stdout=write, stderr=write)
    os.close(write)
    with os.fdopen(read) as stream:
        text = await asyncio.to_thread(stream.read)
    await process.wait()
    return text


async def isolation(directory: Path) -> dict[str, Any]:
    os.environ["HOST_SECRET"] = "planted"
    (directory / "volume").mkdir()
    (directory / "volume/host").write_text("from the host")
    (directory / "fixed").mkdir()
    async with Spawner() as spawner:
        spec = container(
            directory / "root",
            "echo pid=$$; echo uid=$(id -u); echo host=$(hostname); echo env=$(env | sort); "
            "echo home=$(ls /home /root /work 2>/dev/null); "
            "echo caps=$(grep CapEff /proc/self/status);"
            "echo seen=$(cat /data/host); echo made > /data/inside; echo tmp > /fresh; "
            "touch /usr/x /fixed/x 2>/dev/null || echo readonly=yes; "
            "echo 1 2>/dev/null > /proc/sys/kernel/core_pattern || echo sysctl=refused; "
            "echo fds=$(ls /proc/self/fd | wc -l); "
            "echo shm=$(echo ok > /dev/shm/f && cat /dev/shm/f)",
            Mount.bind(directory / "volume", "/data"),
            Mount.bind(directory / "fixed", "/fixed", readonly=True),
        )
        lines = (await output(spawner, spec)).splitlines()
    return {
        **dict(line.split("=", 1) for line in lines if "=" in line),
        "inside": (directory / "volume/inside").read_text(),
    }


async def networks(directory: Path) -> dict[str, Any]:
    """What a container with a network of its own, and one with the host's, can reach."""
    script = (
        "import socket\n"
        "own = socket.create_server(('127.0.0.1', 0))\n"
        "socket.create_connection(own.getsockname())\n"
        "print('itself', end=' ')\n"
        "print('host' if socket.socket().connect_ex(('127.0.0.1', {port})) == 0 else '')"
    )
    found = {}
    with socket.create_server(("127.0.0.1", 0)) as server:
        program = shlex.quote(script.format(port=server.getsockname()[1]))
        async with Spawner() as spawner:
            for own in (True, False):
                spec = container(
                    directory / str(own), f"/usr/bin/python3 -c {program}", own_network=own
                )
                found[str(own)] = (await output(spawner, spec)).split()
    return found


async def networks_without_the_right(directory: Path) -> dict[str, Any]:
    """The same where root may not configure networks, as in many containers."""
    linux.limit_capabilities(one for one in linux.CAPABILITIES if one != "NET_ADMIN")
    arguments = [sys.executable, __file__, "networks", str(directory)]
    done = await asyncio.create_subprocess_exec(*arguments, stdout=asyncio.subprocess.PIPE)
    seen: dict[str, Any] = json.loads((await done.communicate())[0])
    return seen


async def endings(directory: Path) -> dict[str, Any]:
    async with Spawner() as spawner:

        async def end(spec: ProcessSpec) -> int:
            return (await (await spawner.spawn(spec)).wait()).shell_code

        async def failure(spec: ProcessSpec) -> str:
            try:
                await end(spec)
            except SpawnError as error:
                return error.message
            return ""

        missing = container(directory / "c", "")
        return {
            "host": await end(ProcessSpec(["sh", "-c", "exit 3"], PATH)),
            "container": await end(container(directory / "a", "exit 4")),
            "signal": await end(ProcessSpec(["sh", "-c", "kill -15 $$"], PATH)),
            "segfault": await end(container(directory / "b", "sh -c 'kill -11 $$'; exit $?")),
            "missing": await failure(
                ProcessSpec(["no-such-program"], PATH, container=missing.container)
            ),
            "absolute": await failure(ProcessSpec(["/no/such"], PATH)),
            "large": await end(
                ProcessSpec(["true"], PATH | {f"V{i}": "x" * 9000 for i in range(99)})
            ),
        }


async def tree(directory: Path) -> dict[str, Any]:
    """A container whose processes fork, change session and ignore SIGTERM is killed as a whole."""
    async with Spawner() as spawner:
        script = (
            "trap '' TERM; (trap '' TERM; setsid sh -c \"trap '' TERM; sleep 4567\" &) ; "
            "sleep 4567 & echo up > /ready; wait; wait"
        )
        process = await spawner.spawn(container(directory / "root", script))
        inside = await output(
            spawner,
            ProcessSpec(
                ["sh", "-c", "until [ -e /ready ]; do :; done; cat /proc/[0-9]*/cmdline; id -u"],
                PATH,
            ),
            process,
        )
        process.signal(signal.SIGTERM)
        survived_term = process.running
        process.kill()
        status = await process.wait()
        # In the spawner's PID namespace, where the containers' processes are visible too.
        left = await output(spawner, ProcessSpec(["sh", "-c", "cat /proc/[0-9]*/cmdline"], PATH))
    return {
        "inside": inside.replace("\0", " "),
        "survived_term": survived_term,
        "code": status.shell_code,
        "left": left.replace("\0", " "),
    }


async def serve(directory: Path) -> dict[str, Any]:
    """Runs until it is killed: with a container, a host process, a tree that nobody can read."""
    state = directory / "state"
    (state / "locked/inner").mkdir(parents=True)
    (state / "locked/inner/file").write_text("x")
    (state / "locked/inner").chmod(0)
    (state / "locked").chmod(0)
    spawner = Spawner(remove=[state])
    await spawner.start()
    marker = sys.argv[3]
    cgroup: list[Path] = []
    if os.getuid() == 0 and os.access("/sys/fs/cgroup/memory/cgroup.procs", os.W_OK):
        cgroup = [own_cgroup() / f"spawner-test-{os.getpid()}"]
        await spawner.cover(cgroup)
        cgroup[0].mkdir()
    script = f"mount; echo > /up; (setsid sleep {marker} &); sleep {marker}"
    tmpfs = Mount("tmpfs", "/scratch")
    await spawner.spawn(container(state / "root", script, tmpfs, cgroups=cgroup))
    await spawner.spawn(ProcessSpec(["setsid", "sleep", marker], PATH))
    found = {"guard": spawner.pid, "cgroups": [str(one) for one in cgroup]}
    print(json.dumps(found), flush=True)
    await asyncio.Event().wait()
    return {}


def own_cgroup() -> Path:
    """A cgroup that this process may make children of: version 1, memory, as root."""
    lines = Path("/proc/self/cgroup").read_text().splitlines()
    path = next(line.split(":", 2)[2] for line in lines if ":memory:" in line)
    return Path("/sys/fs/cgroup/memory") / path.lstrip("/")


async def cgroups(directory: Path) -> dict[str, Any]:
    """A container and what enters it are in the cgroup that was asked for, a sibling is not."""
    cgroup = own_cgroup() / f"spawner-test-{os.getpid()}"
    async with Spawner() as spawner:
        await spawner.cover([cgroup, cgroup.with_name("never-made")])
        (cgroup / "below/deeper").mkdir(parents=True)
        membership = "grep :memory: /proc/self/cgroup"
        spec = container(
            directory / "root", f"{membership}; touch /up; sleep 100", cgroups=[cgroup / "below"]
        )
        process = await spawner.spawn(spec)
        inside = await output(
            spawner,
            ProcessSpec(["sh", "-c", f"until [ -e /up ]; do :; done; {membership}; sleep 0"], PATH),
            process,
        )
        members = (cgroup / "below/cgroup.procs").read_text().split()
        outside = await output(spawner, ProcessSpec(["sh", "-c", membership], PATH))
        missing = container(directory / "b", "true", cgroups=[cgroup / "missing"])
        try:
            await spawner.spawn(missing)
            failure = ""
        except SpawnError as error:
            failure = error.message
        process.kill()
        await process.wait()
        unlimited = await output(spawner, container(directory / "c", membership))
    return {
        "inside": inside.split(":")[-1].strip(),
        "members": len(members),
        "outside": cgroup.name in outside,
        "unlimited": cgroup.name in unlimited,
        "failure": failure,
        "left": cgroup.exists(),
    }


async def refused(directory: Path) -> dict[str, Any]:
    try:
        async with Spawner(remove=[directory]):
            return {"error": ""}
    except SpawnerError as error:
        return {"error": str(error)}


async def many(directory: Path) -> dict[str, Any]:
    """Many containers at a time, entered while they end: every start gets its own end."""
    async with Spawner() as spawner:

        async def one(number: int) -> bool:
            spec = container(directory / str(number), f"exit {number}")
            process = await spawner.spawn(spec)
            with contextlib.suppress(SpawnError):  # it may have ended already
                inner = await spawner.enter(
                    process, ProcessSpec(["true"], PATH), identity=Identity()
                )
                await inner.wait()
            return (await process.wait()).code == number

        return {"right": all(await asyncio.gather(*(one(number) for number in range(60))))}


async def layers(directory: Path) -> dict[str, Any]:
    """Two containers that begin with the same layer."""
    base = directory / "base"
    (base / "etc").mkdir(parents=True)
    (base / "etc/motd").write_text("of the layer\n")
    (base / "tmp").mkdir()
    (base / "tmp").chmod(0o1777)
    (base / "link").symlink_to("etc/motd")
    script = (
        "stat -c %a / /tmp; cat /link; echo written >> /etc/motd; rm /link; mv /tmp /moved; "
        "echo new > /moved/new; cat /etc/motd; ls / | tr '\\n' ' '"
    )
    async with Spawner() as spawner:
        seen = []
        for name in ("a:1,", "b"):
            spec = container(directory / name, script)
            assert spec.container is not None
            links = [path for path in (directory / name).iterdir() if path.is_symlink()]
            for path in links:
                path.rename(base / path.name)
            seen.append(
                await output(spawner, replace(spec, container=replace(spec.container, base=base)))
            )
    return {
        "seen": seen,
        "kept": (base / "etc/motd").read_text() + str((base / "link").is_symlink()),
        "copied": not (directory / "b/upper").exists(),
    }


if __name__ == "__main__":
    scenario = globals()[sys.argv[1]]
    print(json.dumps(asyncio.run(scenario(Path(sys.argv[2])))))
