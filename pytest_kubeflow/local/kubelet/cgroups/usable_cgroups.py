"""Where this process may limit the CPUs and the memory of others, found by trying.

A place is a cgroup that was made, given a limit, and seen to hold a process: rights, mounts,
delegation and kernels differ in too many ways to tell from what is written about them. The rules
that decide are in the kernel's Documentation/admin-guide/cgroup-v2.rst (delegation, no internal
processes) and cgroup-v1/cgroups.rst.
"""

from __future__ import annotations

import contextlib
import errno
import os
import subprocess
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pytest_kubeflow.local.kubelet.cgroups.hierarchies import Hierarchy
from pytest_kubeflow.local.kubelet.cgroups.refusals import (
    Missing,
    Refusal,
    failed,
    outside,
    readonly,
)

CONTROLLERS = ("cpu", "memory")
# Moves the process that is tried with into a cgroup, whose path ends with so many parts of ours.
_Attach = Callable[[Path, int], None]
_TRIAL_LIMIT = str(1 << 40)
# For each controller and version a limit that hinders nobody, and how it is taken back.
_TRIALS = {
    ("cpu", 1): ("cpu.cfs_quota_us", "1000000", "-1"),
    ("cpu", 2): ("cpu.max", "1000000 100000", "max 100000"),
    ("memory", 1): ("memory.limit_in_bytes", _TRIAL_LIMIT, "-1"),
    ("memory", 2): ("memory.max", _TRIAL_LIMIT, "max"),
}


@dataclass(frozen=True, slots=True)
class UsableCgroup:
    """A cgroup of this cluster's own, below which its pods are limited by `controllers`."""

    version: Literal[1, 2]
    controllers: tuple[str, ...]
    directory: Path


def candidates(hierarchies: Iterable[Hierarchy], name: str) -> list[Path]:
    """Every directory that `claim` may make; most of them it will not."""
    return [
        parent / name
        for hierarchy in hierarchies
        if hierarchy.version == 2 or hierarchy.controllers & set(CONTROLLERS)
        for parent in _lineage(hierarchy)
    ]


def claim(
    hierarchies: Sequence[Hierarchy], name: str
) -> tuple[list[UsableCgroup], dict[str, Refusal]]:
    """Make a cgroup `name` for each controller where it can be used; why the others cannot.

    Blocks for some 10 ms, as a process is started to try with.
    """
    places: list[UsableCgroup] = []
    refusals: dict[str, Refusal] = {}
    left = list(CONTROLLERS)
    with _probe() as attach:
        for hierarchy in (one for one in hierarchies if one.version == 1):
            wanted = tuple(one for one in CONTROLLERS if one in hierarchy.controllers)
            left = [one for one in left if one not in wanted]
            if wanted:
                try:
                    places.append(_claim_v1(hierarchy, wanted, name, attach))
                except Refusal as refusal:
                    refusals |= dict.fromkeys(wanted, refusal)
        unified = next((one for one in hierarchies if one.version == 2), None)
        wanted = tuple(left)
        while wanted:
            try:
                places.append(_claim_v2(unified, wanted, name, attach))
                break
            except Missing as missing:
                # The others may be had without it; all other refusals are of all controllers.
                refusals[missing.controller] = missing
                wanted = tuple(one for one in wanted if one != missing.controller)
            except Refusal as refusal:
                refusals |= dict.fromkeys(wanted, refusal)
                break
    return places, refusals


def _lineage(hierarchy: Hierarchy) -> list[Path]:
    """Possible parents, the nearest first: version 1 lets a cgroup with processes have children."""
    if hierarchy.own is None:
        return []
    if hierarchy.version == 1:
        return [hierarchy.own]
    above = [one for one in hierarchy.own.parents if one.is_relative_to(hierarchy.mount)]
    return [hierarchy.own, *above]


def _claim_v1(
    hierarchy: Hierarchy, wanted: tuple[str, ...], name: str, attach: _Attach
) -> UsableCgroup:
    if hierarchy.own is None:
        raise outside()
    if hierarchy.readonly:
        raise readonly()
    directory = hierarchy.own / name
    try:
        directory.mkdir()
        _try_limits(1, wanted, directory)
        attach(directory, 1)
    except OSError as error:
        _discard(directory)
        if error.errno == errno.EROFS:
            raise readonly() from None
        if isinstance(error, PermissionError) and os.geteuid() != 0:
            raise Refusal(
                "NotRoot",
                "cgroup v1 can be limited by root alone: run as root, or boot with cgroup v2 "
                "(systemd.unified_cgroup_hierarchy=1)",
            ) from None
        raise failed(directory, error) from None
    return UsableCgroup(1, wanted, directory)


def _claim_v2(
    hierarchy: Hierarchy | None,
    wanted: tuple[str, ...],
    name: str,
    attach: _Attach,
) -> UsableCgroup:
    if hierarchy is None:
        raise Refusal(
            "NotMounted",
            "the cgroup file system is not mounted: mount -t cgroup2 none /sys/fs/cgroup",
        )
    if hierarchy.own is None:
        raise outside()
    if hierarchy.readonly:
        raise readonly()
    _offered(hierarchy, wanted)
    why: Refusal | None = None
    for parent in _lineage(hierarchy):
        if not os.access(parent / "cgroup.subtree_control", os.W_OK):
            continue
        try:
            directory = _try_v2(parent, wanted, name, attach)
        except Refusal as refusal:
            why = why or refusal
        else:
            return UsableCgroup(2, wanted, directory)
    raise why or Refusal(
        "NoDelegation",
        "no cgroup is delegated to this user: start with "
        "systemd-run --user --scope -p Delegate=yes COMMAND, or run as root",
    )


def _offered(hierarchy: Hierarchy, wanted: tuple[str, ...]) -> None:
    """Refuse what not even the topmost visible cgroup has: the kernel lacks it, or hides it."""
    offered = _controllers(hierarchy.mount)
    for controller in wanted:
        if controller not in offered:
            raise Missing(
                controller,
                f"cgroup v2 of this machine has no controller {controller}: if the kernel has "
                f"it, boot with cgroup_enable={controller}, or delegate it to this container",
            )


def _try_v2(parent: Path, wanted: tuple[str, ...], name: str, attach: _Attach) -> Path:
    offered = _controllers(parent)
    for controller in wanted:
        if controller not in offered:
            raise Missing(
                controller,
                f"the cgroup {parent} that is delegated to this user has no controller "
                f"{controller}: let systemd delegate it (Delegate=cpu memory pids in a drop-in "
                "of user@.service)",
            )
    directory = parent / name
    enable = " ".join(f"+{controller}" for controller in wanted)
    control = parent / "cgroup.subtree_control"
    new = set(wanted) - set(control.read_text().split())
    try:
        if new:
            control.write_text(enable)
        directory.mkdir()
        (directory / "cgroup.subtree_control").write_text(enable)
        _try_limits(2, wanted, directory)
        leaf = directory / "trial"
        leaf.mkdir()
        attach(leaf, 2)
    except OSError as error:
        _discard(directory)
        with contextlib.suppress(OSError):
            control.write_text(" ".join(f"-{controller}" for controller in new))
        if error.errno == errno.EROFS:
            raise readonly() from None
        if error.errno == errno.EBUSY:
            raise Refusal(
                "HoldsProcesses",
                f"the cgroup {parent} holds processes itself, so it cannot hand down limits: move "
                f"them into a cgroup below it first (mkdir {parent}/init; for pid in $(cat "
                f"{parent}/cgroup.procs); do echo $pid > {parent}/init/cgroup.procs; done)",
            ) from None
        raise failed(directory, error) from None
    return directory


def _controllers(directory: Path) -> list[str]:
    try:
        return (directory / "cgroup.controllers").read_text().split()
    except OSError as error:
        raise failed(directory, error) from None


def _try_limits(version: Literal[1, 2], wanted: tuple[str, ...], directory: Path) -> None:
    for controller in wanted:
        file, limit, none = _TRIALS[controller, version]
        (directory / file).write_text(limit)
        (directory / file).write_text(none)


@contextlib.contextmanager
def _probe() -> Iterator[_Attach]:
    """A process to try with: what is yielded moves it into a cgroup, or raises OSError."""
    with subprocess.Popen(["/bin/sh", "-c", "read _"], stdin=subprocess.PIPE) as process:
        used: list[Path] = []

        def attach(directory: Path, depth: int) -> None:
            (directory / "cgroup.procs").write_text(str(process.pid))
            used.append(directory)
            # The process itself must say so: a directory that is no cgroup takes any text.
            where = Path(f"/proc/{process.pid}/cgroup").read_text().splitlines()
            if not any(line.endswith("/".join(("", *directory.parts[-depth:]))) for line in where):
                raise OSError(errno.ESRCH, "a process that was moved there is not there")

        try:
            yield attach
        finally:
            process.kill()
            process.wait()
            for directory in used:
                if directory.name == "trial":
                    _discard(directory)


def _discard(directory: Path) -> None:
    """Remove what a trial has made; what still holds the probe goes with the cluster."""
    for path in (directory / "trial", directory):
        with contextlib.suppress(OSError):
            path.rmdir()
