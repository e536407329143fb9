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


def stages(pod: Object) -> Iterator[list[Object]]:
    """The containers that run side by side: with each init container, and then for good."""
    sidecars: list[Object] = []
    for container in pod["spec"].get("initContainers") or []:
        if container.get("restartPolicy") == "Always":
            sidecars.append(container)
            yield list(sidecars)
        else:
            yield [*sidecars, container]
    yield [*pod["spec"].get("containers", []), *sidecars]


def requests_of(pod: Object) -> Resources:
    """The containers' sum, or more if an init container with the sidecars before it needs more."""
    total: Resources = {}
    for containers in stages(pod):
        asked: Resources = {}
        for container in containers:
            asked = _sum(asked, dict(_requests(container)))
        total |= {name: max(one, total.get(name, Fraction(0))) for name, one in asked.items()}
    overhead = pod["spec"].get("overhead") or {}
    total = _sum(total, {name: parse_quantity(text) for name, text in overhead.items()})
    return _sum(total, {"pods": Fraction(1)})


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
