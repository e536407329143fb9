"""The cgroups of a pod: one for the pod, and below it one for each run of a container."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kubelet.cgroups.limits import OPTIONAL, Limits, of_container, of_pod
from pytest_kubeflow.local.kubelet.cgroups.usable_cgroups import UsableCgroup
from pytest_kubeflow.local.spawner import Mount

_VIEW = "/sys/fs/cgroup"
_EVENTS = {1: "memory.oom_control", 2: "memory.events"}


class ContainerCgroup:
    """One run of a container; without places it has no directories and tells nothing."""

    def __init__(self, places: Sequence[UsableCgroup], pod_name: str, name: str) -> None:
        self._groups = [(place, place.directory / pod_name / name) for place in places]

    @property
    def directories(self) -> list[Path]:
        """Where its processes belong, one directory per hierarchy."""
        return [directory for _, directory in self._groups]

    def create(self, limits: Limits) -> None:
        """Make it, with its limits. Raises OSError."""
        for place, directory in self._groups:
            directory.mkdir()
            _write(directory, limits.settings(place.version, place.controllers))
            # As the kubelet has it since 1.28: half a container is worth nothing.
            if place.version == 2 and (group := directory / "memory.oom.group").exists():
                group.write_text("1")

    def mounts(self) -> list[Mount]:
        """Its own cgroup at the usual place, as container runtimes show it: read-only.

        Version 2 has one directory, version 1 one for each controller.
        """
        if not self._groups or not os.path.isdir(_VIEW):
            return []
        if [place.version for place, _ in self._groups] == [2]:
            return [Mount.bind(self._groups[0][1], _VIEW, readonly=True)]
        return [
            Mount("tmpfs", _VIEW, options="mode=755,size=64k"),
            *(
                Mount.bind(directory, f"{_VIEW}/{name}", readonly=True)
                for place, directory in self._groups
                for name in (place.controllers if place.version == 1 else ("unified",))
            ),
        ]

    def oom_killed(self) -> bool:
        """Whether the kernel has killed one of its processes for want of memory."""
        for place, directory in self._groups:
            if "memory" in place.controllers:
                for line in (directory / _EVENTS[place.version]).read_text().splitlines():
                    name, _, count = line.partition(" ")
                    if name == "oom_kill":
                        return int(count) > 0
        return False

    def remove(self) -> None:
        """Remove it. One that is still busy goes with its pod, or with the cluster."""
        for directory in self.directories:
            with contextlib.suppress(OSError):
                directory.rmdir()


class PodCgroup:
    """The cgroup around a pod's containers, made with the first of them.

    With `limited` False it limits nothing, and neither do those of its containers.
    """

    def __init__(
        self, places: Sequence[UsableCgroup], pod: Object, *, limited: bool = True
    ) -> None:
        self._places = places
        self._pod = pod
        self._name = f"pod{pod['metadata']['uid']}"
        self._limited = limited
        self._limits = of_pod(pod) if places and limited else Limits()

    def container(self, spec: Object, run: int) -> ContainerCgroup:
        """Make the cgroup of a container's run (counted from 0). Raises OSError."""
        for place in self._places:
            self._create(place, place.directory / self._name)
        cgroup = ContainerCgroup(self._places, self._name, f"{spec['name']}-{run}")
        if self._places:
            cgroup.create(of_container(spec) if self._limited else Limits())
        return cgroup

    def _create(self, place: UsableCgroup, directory: Path) -> None:
        if directory.exists():
            return
        directory.mkdir()
        if place.version == 2:
            enable = " ".join(f"+{controller}" for controller in place.controllers)
            (directory / "cgroup.subtree_control").write_text(enable)
        _write(directory, self._limits.settings(place.version, place.controllers))

    def remove(self) -> None:
        """Remove it, and what is left of its containers'."""
        for place in self._places:
            directory = place.directory / self._name
            with contextlib.suppress(OSError):
                for entry in list(os.scandir(directory)):
                    if entry.is_dir():
                        os.rmdir(entry.path)
                directory.rmdir()


def _write(directory: Path, settings: list[tuple[str, str]]) -> None:
    for file, value in settings:
        try:
            # Not to be created: only files that the kernel offers can be written.
            fd = os.open(directory / file, os.O_WRONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            if file in OPTIONAL:
                continue
            raise
        try:
            os.write(fd, value.encode())
        except OSError as error:
            raise OSError(
                error.errno, f"write {value} to {directory / file}: {error.strerror}"
            ) from None
        finally:
            os.close(fd)
