"""Enforcement: whether this node enforces limits, how, and if not why not."""

from __future__ import annotations

import asyncio
import secrets
from pathlib import Path

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kubelet.cgroups.groups import PodCgroup
from pytest_kubeflow.local.kubelet.cgroups.hierarchies import Hierarchy, hierarchies
from pytest_kubeflow.local.kubelet.cgroups.limits import limited
from pytest_kubeflow.local.kubelet.cgroups.refusals import Refusal
from pytest_kubeflow.local.kubelet.cgroups.usable_cgroups import (
    CONTROLLERS,
    UsableCgroup,
    candidates,
    claim,
)
from pytest_kubeflow.local.spawner import Spawner

CONDITION = "ResourceLimitsEnforced"


class Enforcement:
    """The cgroups of one node. Before `open`, and where nothing can be enforced, there are none."""

    def __init__(self, node_name: str) -> None:
        self._name = f"pytest-kubeflow-{node_name[:40]}-{secrets.token_hex(4)}"
        self._places: list[UsableCgroup] = []
        self._refusals: dict[str, Refusal] = {}

    async def open(self, spawner: Spawner) -> None:
        """Find out what can be enforced here; the spawner removes at the end what this makes."""
        known = _hierarchies()
        await spawner.cover(candidates(known, self._name))
        self._places, self._refusals = await asyncio.to_thread(claim, known, self._name)

    @property
    def places(self) -> list[UsableCgroup]:
        return self._places

    @property
    def complete(self) -> bool:
        """Whether both CPUs and memory are limited."""
        return not self._refusals

    def pod(self, pod: Object, *, limited: bool = True) -> PodCgroup:
        return PodCgroup(self._places, pod, limited=limited)

    def refused(self, pod: Object) -> tuple[str, str] | None:
        """Reason and message, if the pod has limits that may not be enforced."""
        return (self.reason, self.message) if self._refusals and limited(pod) else None

    @property
    def reason(self) -> str:
        """One word: what enforces, or what hinders."""
        if self._refusals:
            return next(iter(self._refusals.values())).reason
        versions = {place.version for place in self._places}
        return "CgroupHybrid" if len(versions) > 1 else f"CgroupV{versions.pop()}"

    @property
    def message(self) -> str:
        """What is enforced and by what; what is not, why, and what would help."""
        found = [
            f"limits of {_listed(place.controllers)} are enforced by cgroup v{place.version} "
            f"({place.directory})"
            for place in self._places
        ]
        by_message: dict[str, list[str]] = {}
        for controller in CONTROLLERS:
            if controller in self._refusals:
                by_message.setdefault(self._refusals[controller].message, []).append(controller)
        found += [
            f"limits of {_listed(controllers)} are not enforced: {message}"
            for message, controllers in by_message.items()
        ]
        return "; ".join(found)


def _listed(names: list[str] | tuple[str, ...]) -> str:
    return " and ".join(names)


def _hierarchies() -> list[Hierarchy]:
    return hierarchies(_read("cgroup"), _read("mountinfo"))


def _read(name: str) -> str:
    """What /proc says of this process; a kernel without cgroups says nothing of them."""
    file = Path("/proc/self") / name
    return file.read_text() if file.exists() else ""
