"""Limits: a pod's or container's resources as the values of cgroup files.

Values: kubernetes/kubernetes pkg/kubelet/cm/helpers_linux.go and opencontainers/cgroups (utils.go,
fs2), as a real node's kubelet and runc write them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.demand import stages
from pytest_kubeflow.local.kube.quantity import parse_quantity

_Number = TypeVar("_Number", int, Fraction)

_PERIOD_US = 100_000
_MIN_QUOTA_US = 1_000
_MIN_SHARES, _MAX_SHARES, _SHARES_PER_CPU = 2, 262_144, 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """CPUs and bytes that a cgroup may use, and the CPUs that it asks for; None: no limit."""

    cpu_request: Fraction = Fraction(0)
    cpu_limit: Fraction | None = None
    memory_limit: int | None = None

    @property
    def quota_us(self) -> int | None:
        """Microseconds of CPU time in each 100 ms."""
        if self.cpu_limit is None:
            return None
        return max(_MIN_QUOTA_US, math.ceil(self.cpu_limit * 1000) * _PERIOD_US // 1000)

    @property
    def shares(self) -> int:
        """Relative weight, in the units of version 1: 1024 for a CPU."""
        shares = math.ceil(self.cpu_request * 1000) * _SHARES_PER_CPU // 1000
        return min(max(shares, _MIN_SHARES), _MAX_SHARES)

    @property
    def weight(self) -> int:
        """The same in the units of version 2: 1 to 10000, and 100 for a CPU."""
        if self.shares == _MIN_SHARES:
            return 1
        if self.shares == _MAX_SHARES:
            return 10_000
        magnitude = math.log2(self.shares)
        return math.ceil(10 ** ((magnitude * magnitude + 125 * magnitude) / 612 - 7 / 34))

    def settings(self, version: int, controllers: Iterable[str]) -> list[tuple[str, str]]:
        """Files and what to write to them, in order; those of OPTIONAL may be missing."""
        settings: list[tuple[str, str]] = []
        for controller in controllers:
            if controller == "cpu":
                settings += self._cpu(version)
            elif self.memory_limit is not None:
                settings += self._memory(version, self.memory_limit)
        return settings

    def _cpu(self, version: int) -> list[tuple[str, str]]:
        quota = self.quota_us
        if version == 2:
            limit = [] if quota is None else [("cpu.max", f"{quota} {_PERIOD_US}")]
            return [("cpu.weight", str(self.weight)), *limit]
        shares = ("cpu.shares", str(self.shares))
        if quota is None:
            return [shares]
        return [
            shares,
            ("cpu.cfs_period_us", str(_PERIOD_US)),
            ("cpu.cfs_quota_us", str(quota)),
        ]

    def _memory(self, version: int, limit: int) -> list[tuple[str, str]]:
        # Swap would let a container that is over its limit go on, slowly, where a node kills it.
        if version == 2:
            return [("memory.max", str(limit)), ("memory.swap.max", "0")]
        return [
            ("memory.limit_in_bytes", str(limit)),
            ("memory.memsw.limit_in_bytes", str(limit)),
        ]


# Kernels without swap accounting lack these.
OPTIONAL = frozenset({"memory.swap.max", "memory.memsw.limit_in_bytes"})


def of_container(container: Object) -> Limits:
    """The limits of one container. A limit of zero is none, as for the kubelet."""
    resources = container.get("resources") or {}
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    cpu_limit = _amount(limits, "cpu")
    memory = math.ceil(_amount(limits, "memory") or 0)
    cpu_request = _amount(requests, "cpu") if "cpu" in requests else cpu_limit
    return Limits(cpu_request or Fraction(0), cpu_limit or None, memory or None)


def of_pod(pod: Object) -> Limits:
    """The sum of the containers' limits, or more if init containers need it.

    A limit that one of the containers lacks is no limit of the pod.
    """
    needed = [_sum([of_container(one) for one in containers]) for containers in stages(pod)]
    return Limits(
        cpu_request=max(one.cpu_request for one in needed),
        cpu_limit=_largest(one.cpu_limit for one in needed),
        memory_limit=_largest(one.memory_limit for one in needed),
    )


def limited(pod: Object) -> bool:
    """Whether any container of the pod has a limit on CPUs or memory."""
    every = [*pod["spec"]["containers"], *(pod["spec"].get("initContainers") or [])]
    found = [of_container(one) for one in every]
    return any(one.cpu_limit is not None or one.memory_limit is not None for one in found)


def _amount(amounts: Mapping[str, str], name: str) -> Fraction | None:
    return parse_quantity(amounts[name]) if name in amounts else None


def _sum(every: list[Limits]) -> Limits:
    cpu = [one.cpu_limit for one in every]
    memory = [one.memory_limit for one in every]
    return Limits(
        sum((one.cpu_request for one in every), Fraction(0)),
        None if None in cpu else sum((one for one in cpu if one is not None), Fraction(0)),
        None if None in memory else sum(one for one in memory if one is not None),
    )


def _largest(values: Iterable[_Number | None]) -> _Number | None:
    found = list(values)
    known = [value for value in found if value is not None]
    return max(known) if len(known) == len(found) else None
