"""What to start: a program, and optionally the container to start it in."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Mount:
    """One mount in a container, at the absolute path `target` of the container.

    `bind` shows `source` (a file or directory of the host, with everything mounted below it),
    `tmpfs` is an empty file system with mount options such as `size=64m,mode=1777`, `proc` is the
    container's own /proc, `dev` a minimal /dev with shared memory and pseudo terminals. `inner`
    shows `source`, a path of the container itself, a second time.
    Mount points that are missing are made.
    """

    kind: Literal["bind", "tmpfs", "proc", "dev", "inner"]
    target: str
    source: str = ""
    readonly: bool = False
    options: str = ""

    @staticmethod
    def bind(source: Path | str, target: str, *, readonly: bool = False) -> Mount:
        # Symbolic links are followed here, in the host's view: inside they would lead elsewhere.
        return Mount("bind", target, os.path.realpath(source), readonly)

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "target": self.target,
            "source": self.source,
            "readonly": self.readonly,
            "options": self.options,
        }


@dataclass(frozen=True, slots=True)
class Identity:
    """User, groups and capabilities (`CHOWN`, ...) of a process in a container.

    For an ordinary user the container shows `uid` and `gid`, while files belong to that user;
    supplementary groups are then ignored, as the kernel lets nobody else take them.
    `system_calls` is the program of the kernel's BPF by which seccomp(2) filters what it and its
    descendants ask of the kernel; without one, nothing does.
    """

    uid: int = 0
    gid: int = 0
    groups: Sequence[int] = ()
    capabilities: Sequence[str] = ()
    system_calls: bytes = b""

    def to_json(self) -> dict[str, Any]:
        return {
            "uid": self.uid,
            "gid": self.gid,
            "groups": list(self.groups),
            "capabilities": list(self.capabilities),
            "system_calls": self.system_calls.hex(),
        }


@dataclass(frozen=True, slots=True)
class Container:
    """Isolation for one process and its descendants: own root, mounts, PIDs, host name and IPC.

    `root` is an empty or prepared directory of the host that becomes `/`, writable unless
    `readonly_root`. With a `base`, `/` begins with what is in that directory, and with what is in
    `layers` where that has nothing, and all of these stay as they are: `root`, empty then, takes
    what is written. The network is the host's, or with `own_network` one
    that has a loopback interface and no more. `cgroups` are the directories of the cgroup, one per
    hierarchy, that the process joins before its program starts; see `Spawner.cover`.
    """

    root: Path
    hostname: str
    mounts: Sequence[Mount] = ()
    identity: Identity = field(default_factory=Identity)
    readonly_root: bool = False
    cgroups: Sequence[Path] = ()
    base: Path | None = None
    layers: Sequence[Path] = ()
    own_network: bool = False
    network: int | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "root": os.path.realpath(self.root),
            "base": os.path.realpath(self.base) if self.base is not None else None,
            "layers": [os.path.realpath(one) for one in self.layers],
            "hostname": self.hostname[:63],
            "mounts": [mount.to_json() for mount in self.mounts],
            "readonly_root": self.readonly_root,
            "own_network": self.own_network,
            "cgroups": [str(directory) for directory in self.cgroups],
            **self.identity.to_json(),
        }


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """A program with its arguments and its whole environment: nothing is inherited.

    Without `container` it is a process of the host that only shares the cluster's end.
    """

    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    working_dir: str | None = None
    container: Container | None = None


@dataclass(frozen=True, slots=True)
class ExitStatus:
    """How a process ended: an exit code, or the signal that killed it."""

    code: int | None = None
    signal: int | None = None

    @property
    def shell_code(self) -> int:
        """One number as shells and container runtimes give it: 128 + signal if killed."""
        return 128 + self.signal if self.signal is not None else self.code or 0

    @staticmethod
    def of_wait_status(status: int) -> ExitStatus:
        code = os.waitstatus_to_exitcode(status)
        return ExitStatus(signal=-code) if code < 0 else ExitStatus(code=code)

    @staticmethod
    def killed() -> ExitStatus:
        return ExitStatus(signal=signal.SIGKILL)
