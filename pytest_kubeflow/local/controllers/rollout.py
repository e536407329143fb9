"""How many pods the old and the new ReplicaSets of a Deployment may have: arithmetic alone.

Rules: kubernetes/kubernetes pkg/controller/deployment/rolling.go and util/deployment_util.go.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_kubeflow.local.kube.client import Object

_DEFAULT_PART = "25%"


@dataclass(frozen=True, slots=True)
class Bounds:
    """Pods beyond the wanted number that may exist, and of the wanted that may be missing."""

    surge: int
    unavailable: int

    @staticmethod
    def of(spec: Object) -> Bounds:
        """The bounds of a Deployment's spec; without any, nothing would ever move, so: 0 and 1."""
        rolling = (spec.get("strategy") or {}).get("rollingUpdate") or {}
        wanted = replicas_of(spec)
        surge = math.ceil(_amount(rolling.get("maxSurge", _DEFAULT_PART), wanted))
        unavailable = math.floor(_amount(rolling.get("maxUnavailable", _DEFAULT_PART), wanted))
        return Bounds(surge, 1 if surge == unavailable == 0 else unavailable)


def replicas_of(spec: Object) -> int:
    """How many replicas a Deployment or ReplicaSet asks for."""
    replicas = spec.get("replicas")
    return 1 if replicas is None else int(replicas)


def _amount(value: int | str, wanted: int) -> float:
    if isinstance(value, str):
        return int(value.removesuffix("%")) * wanted / 100 if value.endswith("%") else int(value)
    return value


def new_size(spec: Object, new: Object, old: Sequence[Object]) -> int:
    """Replicas that the new ReplicaSet should have now."""
    wanted, current = replicas_of(spec), replicas_of(new["spec"])
    if _recreates(spec):
        gone = not any((one.get("status") or {}).get("replicas") for one in old)
        return wanted if gone else 0
    if current >= wanted:
        return wanted
    total = current + sum(replicas_of(one["spec"]) for one in old)
    room = max(0, wanted + Bounds.of(spec).surge - total)
    return min(wanted, current + room)


def old_sizes(spec: Object, new: Object, old: Sequence[Object]) -> list[int]:
    """Replicas that each of the `old` ReplicaSets should have now; what never served goes first."""
    sizes = [replicas_of(one["spec"]) for one in old]
    if _recreates(spec):
        return [0] * len(sizes)
    available = [_available(one) for one in old]
    least = replicas_of(spec) - Bounds.of(spec).unavailable
    starting = replicas_of(new["spec"]) - _available(new)
    removable = replicas_of(new["spec"]) + sum(sizes) - least - starting
    for index, size in enumerate(sizes):
        broken = max(0, min(size - available[index], removable))
        sizes[index] -= broken
        removable -= broken
    spare = _available(new) + sum(available) - least
    for index, size in enumerate(sizes):
        taken = max(0, min(size, spare, removable))
        sizes[index] -= taken
        spare -= taken
        removable -= taken
    return sizes


def _recreates(spec: Object) -> bool:
    return (spec.get("strategy") or {}).get("type") == "Recreate"


def _available(replica_set: Object) -> int:
    return int((replica_set.get("status") or {}).get("availableReplicas") or 0)
