"""Whether a pod fits this node at all: what a scheduler sees to, asked again by the kubelet.

Reasons and words: kubernetes/kubernetes pkg/kubelet/lifecycle/predicate.go and pkg/scheduler
(noderesources).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.demand import requests_of, used_by
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
    wanted = requests_of(pod)
    if not any(wanted.get(name) for name in _COUNTED):
        return
    taken = used_by(others)
    for name in _COUNTED:
        unit = 1000 if name == "cpu" else 1
        used, asked = (one.get(name, Fraction(0)) * unit for one in (taken, wanted))
        has = parse_quantity(capacity.get(name, "0")) * unit
        if asked and asked + used > has:
            raise PodRejected(
                f"OutOf{name}",
                f"Node didn't have enough resource: {name}, requested: {int(asked)}, "
                f"used: {int(used)}, capacity: {int(has)}",
            )
