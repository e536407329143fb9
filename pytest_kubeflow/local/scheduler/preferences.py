"""Preferences: which of the nodes that could take a pod should.

Each preference gives 0 to 100 points; weights are those of the real scheduler's default profile
(kubernetes/pkg/scheduler/apis/config/v1/default_plugins.go). Spreading over topologies and the
locality of images are NOT weighed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.demand import allocatable, requests_of, used_by
from pytest_kubeflow.local.scheduler import affinity
from pytest_kubeflow.local.scheduler.snapshot import Snapshot
from pytest_kubeflow.local.scheduler.taints import SOFT, untolerated
from pytest_kubeflow.local.scheduler.terms import matches_term

_Preference = Callable[[Object, Object, Snapshot], Fraction]
_POINTS = 100


def best(pod: Object, nodes: Sequence[Object], snapshot: Snapshot) -> Object:
    """The node with the most points; of equals the first. `nodes` must not be empty."""
    if len(nodes) == 1:
        return nodes[0]
    totals = [Fraction(0)] * len(nodes)
    for weight, preference in _WEIGHTED:
        raw = [preference(pod, node, snapshot) for node in nodes]
        low, high = min(raw), max(raw)
        for index, value in enumerate(raw):
            if high > low:
                totals[index] += weight * _POINTS * (value - low) / (high - low)
    return nodes[totals.index(max(totals))]


def _tainted(pod: Object, node: Object, _: Snapshot) -> Fraction:
    return Fraction(-len(untolerated(pod, node, SOFT)))


def _selected(pod: Object, node: Object, _: Snapshot) -> Fraction:
    wanted = (pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}
    terms = wanted.get("preferredDuringSchedulingIgnoredDuringExecution") or []
    return Fraction(sum(one["weight"] for one in terms if matches_term(one["preference"], node)))


def _liked(pod: Object, node: Object, snapshot: Snapshot) -> Fraction:
    return Fraction(affinity.preference(pod, node, snapshot))


def _idle(pod: Object, node: Object, snapshot: Snapshot) -> Fraction:
    """The share of CPUs and memory that would still be free."""
    has, used, asked = allocatable(node), used_by(snapshot.on(node)), requests_of(pod)
    free = [
        (has[name] - used.get(name, Fraction(0)) - asked.get(name, Fraction(0))) / has[name]
        for name in ("cpu", "memory")
        if has.get(name)
    ]
    return sum(free, Fraction(0)) / max(len(free), 1)


_WEIGHTED: tuple[tuple[int, _Preference], ...] = (
    (3, _tainted),
    (2, _selected),
    (2, _liked),
    (1, _idle),
)
