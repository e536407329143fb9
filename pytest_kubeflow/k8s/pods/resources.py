"""ContainerResources: what a helper pod's container requests, and its limits.

Little by default. Where a LimitRange of the namespace wants more or allows less, what nobody asked
for by name is fitted to it; what somebody did is left as it is, to be refused.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from pytest_kubeflow.errors import PermissionDenied
from pytest_kubeflow.k8s.calling import calling
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.quantity import parse_quantity

DEFAULTS = {"cpu": ("10m", "500m"), "memory": ("32Mi", "256Mi")}
"""Request and limit of a container, by resource."""

_TYPES = {"Container", "Pod"}
_UNITS = {"cpu": 1000}


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a namespace allows one container of one resource: least, most, limit to request."""

    least: Fraction | None = None
    most: Fraction | None = None
    ratio: Fraction | None = None

    def tightened(self, least: str | None, most: str | None, ratio: str | None) -> Bounds:
        """These bounds and others as well."""
        return Bounds(
            _of(max, self.least, least), _of(min, self.most, most), _of(min, self.ratio, ratio)
        )

    def clamp(self, amount: Fraction) -> Fraction:
        """The nearest amount that is allowed."""
        if self.least is not None:
            amount = max(amount, self.least)
        return amount if self.most is None else min(amount, self.most)


@dataclass(frozen=True, slots=True)
class ContainerResources:
    """Amounts as Kubernetes writes them, by resource: those that were asked for by name."""

    requests: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, str] = field(default_factory=dict)

    def fitted(self, bounds: Mapping[str, Bounds]) -> ContainerResources:
        """With a default where nothing was asked for, as near to ours as `bounds` allow."""
        requests, limits = dict(self.requests), dict(self.limits)
        for name, (request, limit) in DEFAULTS.items():
            requests[name], limits[name] = _fit(
                name,
                (self.requests.get(name), request),
                (self.limits.get(name), limit),
                bounds.get(name, Bounds()),
            )
        return ContainerResources(requests, limits)

    def manifest(self) -> dict[str, dict[str, str]]:
        """As `resources` of a container."""
        return {"requests": dict(self.requests), "limits": dict(self.limits)}


def _of(choose: Any, ours: Fraction | None, text: str | None) -> Fraction | None:
    theirs = None if text is None else parse_quantity(text)
    known = [amount for amount in (ours, theirs) if amount is not None]
    return choose(known) if known else None


def _fit(
    name: str,
    request: tuple[str | None, str],
    limit: tuple[str | None, str],
    bounds: Bounds,
) -> tuple[str, str]:
    """Request and limit; each is given as (what was asked for, the default)."""
    low = bounds.clamp(parse_quantity(request[1]))
    if limit[0] is not None:
        high = parse_quantity(limit[0])
        low = min(low, high)
        if bounds.ratio:
            low = max(low, high / bounds.ratio)
    if request[0] is not None:
        low = parse_quantity(request[0])
    high = bounds.clamp(max(low, parse_quantity(limit[1])))
    if bounds.ratio:
        high = min(high, low * bounds.ratio)
    return (
        request[0] or _written(name, low, request[1], math.ceil),
        limit[0] or _written(name, max(low, high), limit[1], math.floor),
    )


def _written(name: str, amount: Fraction, usual: str, whole: Any) -> str:
    if amount == parse_quantity(usual):
        return usual
    if (unit := _UNITS.get(name)) is not None:
        return f"{whole(amount * unit)}m"
    return str(whole(amount))


def read_bounds(kubernetes: KubernetesClient, namespace: str) -> dict[str, Bounds]:
    """What the LimitRanges of the namespace allow one container, by resource.

    Those of pods count as well: helper pods run their containers one after another, so that a pod
    needs what one container does. Nothing where LimitRanges may not be read.
    """
    try:
        with calling(f"list limit ranges in {namespace}"):
            found = kubernetes.core.list_namespaced_limit_range(namespace).items
    except PermissionDenied:
        return {}
    bounds: dict[str, Bounds] = {}
    for item in _items(found):
        least, most = item.min or {}, item.max or {}
        ratio = item.max_limit_request_ratio or {}
        for name in {*least, *most, *ratio}:
            known = bounds.get(name, Bounds())
            bounds[name] = known.tightened(least.get(name), most.get(name), ratio.get(name))
    return bounds


def _items(limit_ranges: Iterable[Any]) -> Iterable[Any]:
    return (
        item
        for limit_range in limit_ranges
        for item in limit_range.spec.limits
        if item.type in _TYPES
    )
