"""Whether a pod fits this node at all: what a scheduler sees to, asked again by the kubelet.

Reasons and words: kubernetes/kubernetes pkg/kubelet/lifecycle/predicate.go and pkg/scheduler
(noderesources).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.quantity import parse_quantity

_COUNTED = ("cpu", "memory", "ephemeral-storage")


class PodRejected(Exception):  # noqa: N818 (a verdict on a pod, not a mistake here)
    """The pod fails at once, with `reason`; the message says why."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def admit(
    pod: Object, others: Iterable[Object], *, labels: Mapping[str, str], capacity: Mapping[str, str]
) -> None:
    """Raises PodRejected for a pod that wants another node, or more than `others` leave."""
    selector = pod["spec"].get("nodeSelector") or {}
    if any(labels.get(key) != value for key, value in selector.items()):
        raise PodRejected(
            "NodeAffinity",
            "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
        )
    wanted = requests(pod)
    if not any(wanted.values()):
        return
    taken = [requests(one) for one in others]
    for name in _COUNTED:
        unit = 1000 if name == "cpu" else 1
        used = sum((one[name] for one in taken), Fraction(0)) * unit
        has = parse_quantity(capacity.get(name, "0")) * unit
        asked = wanted[name] * unit
        if asked and asked + used > has:
            raise PodRejected(
                f"OutOf{name}",
                f"Node didn't have enough resource: {name}, requested: {int(asked)}, "
                f"used: {int(used)}, capacity: {int(has)}",
            )


def requests(pod: Object) -> dict[str, Fraction]:
    """What a pod asks for: its containers together, or more if an init container needs it."""
    spec = pod["spec"]
    sidecars = {name: Fraction(0) for name in _COUNTED}
    peaks = [dict(sidecars)]
    for container in spec.get("initContainers") or []:
        asked = _requests(container)
        together = {name: sidecars[name] + asked[name] for name in _COUNTED}
        peaks.append(together)
        if container.get("restartPolicy") == "Always":
            sidecars = together
    main = [_requests(one) for one in spec["containers"]]
    peaks.append(
        {name: sidecars[name] + sum((one[name] for one in main), Fraction(0)) for name in _COUNTED}
    )
    return {name: max(one[name] for one in peaks) for name in _COUNTED}


def _requests(container: Object) -> dict[str, Fraction]:
    resources = container.get("resources") or {}
    asked = {**(resources.get("limits") or {}), **(resources.get("requests") or {})}
    return {name: parse_quantity(asked.get(name, "0")) for name in _COUNTED}
