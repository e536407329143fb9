"""What a pod asks of a node, and what is left there.

Rules: kubernetes/component-helpers resource/helpers.go (PodRequests) and
kubernetes/pkg/scheduler/framework/plugins/noderesources/fit.go.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.quantity import parse_quantity

Resources = dict[str, Fraction]


def requests_of(pod: Object) -> Resources:
    """The containers' sum, or more if an init container with the sidecars before it needs more."""
    spec = pod["spec"]
    sidecars: Resources = {}
    peaks: list[Resources] = []
    for container in spec.get("initContainers") or []:
        own = dict(_requests(container))
        if container.get("restartPolicy") == "Always":
            sidecars = _sum(sidecars, own)
            peaks.append(sidecars)
        else:
            peaks.append(_sum(sidecars, own))
    total = sidecars
    for container in spec.get("containers", []):
        total = _sum(total, dict(_requests(container)))
    for peak in peaks:
        total = total | {
            name: max(amount, total.get(name, Fraction(0))) for name, amount in peak.items()
        }
    overhead = {name: parse_quantity(text) for name, text in (spec.get("overhead") or {}).items()}
    return _sum(_sum(total, overhead), {"pods": Fraction(1)})


def allocatable(node: Object) -> Resources:
    """What a node has for pods."""
    amounts = (node.get("status") or {}).get("allocatable") or {}
    return {name: parse_quantity(amount) for name, amount in amounts.items()}


def used_by(pods: Iterable[Object]) -> Resources:
    """What pods ask for together."""
    total: Resources = {}
    for pod in pods:
        total = _sum(total, requests_of(pod))
    return total


def _requests(container: Object) -> Iterator[tuple[str, Fraction]]:
    resources = container.get("resources") or {}
    # A limit without a request is the request, as the API server defaults it.
    asked = {**(resources.get("limits") or {}), **(resources.get("requests") or {})}
    for name, amount in asked.items():
        yield name, parse_quantity(amount)


def _sum(one: Resources, other: Resources) -> Resources:
    return one | {name: one.get(name, Fraction(0)) + amount for name, amount in other.items()}
