"""Why a pod cannot go to a node: pure functions, with the real scheduler's words.

Order and words: kubernetes 1.33, pkg/scheduler/framework/plugins (nodeunschedulable,
tainttoleration, nodeaffinity, noderesources, volumebinding, interpodaffinity). The first of them
that objects speaks for the node.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.demand import allocatable, requests_of, used_by
from pytest_kubeflow.local.scheduler import affinity
from pytest_kubeflow.local.scheduler.snapshot import Snapshot
from pytest_kubeflow.local.scheduler.taints import HARD, untolerated
from pytest_kubeflow.local.scheduler.terms import labels_of, matches_terms


@dataclass(frozen=True, slots=True)
class Rejection:
    """What is in the way on one node; `lasting` if no other pod's end would help."""

    reasons: tuple[str, ...]
    lasting: bool = True


def rejection(
    pod: Object, node: Object, snapshot: Snapshot, volumes: Sequence[Object] = ()
) -> Rejection | None:
    """What keeps `pod`, with its bound `volumes`, from `node`; None: nothing does."""
    if (node.get("spec") or {}).get("unschedulable") and not _tolerates_cordon(pod):
        return Rejection(("node(s) were unschedulable",))
    if taints := untolerated(pod, node, HARD):
        taint = f"{{{taints[0]['key']}: {taints[0].get('value') or ''}}}"
        return Rejection((f"node(s) had untolerated taint {taint}",))
    if not _selected(pod["spec"], node):
        return Rejection(("node(s) didn't match Pod's node affinity/selector",))
    if (lack := _lack(pod, node, snapshot)) is not None:
        return lack
    if not all(reaches(volume, node) for volume in volumes):
        return Rejection(("node(s) had volume node affinity conflict",))
    if not affinity.attracted(pod, node, snapshot):
        return Rejection(("node(s) didn't match pod affinity rules",))
    if affinity.repelled(pod, node, snapshot):
        return Rejection(("node(s) didn't match pod anti-affinity rules",), lasting=False)
    if affinity.unwelcome(pod, node, snapshot):
        return Rejection(
            ("node(s) didn't satisfy existing pods anti-affinity rules",), lasting=False
        )
    return None


def reaches(volume: Object, node: Object) -> bool:
    """Whether a persistent volume can be used on a node."""
    required = (volume["spec"].get("nodeAffinity") or {}).get("required")
    return required is None or matches_terms(required["nodeSelectorTerms"], node)


def _tolerates_cordon(pod: Object) -> bool:
    taint = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
    return not untolerated(pod, {"spec": {"taints": [taint]}}, HARD)


def _selected(spec: Object, node: Object) -> bool:
    labels = labels_of(node)
    if any(labels.get(key) != value for key, value in (spec.get("nodeSelector") or {}).items()):
        return False
    wanted = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = wanted.get("requiredDuringSchedulingIgnoredDuringExecution")
    return required is None or matches_terms(required["nodeSelectorTerms"], node)


def _lack(pod: Object, node: Object, snapshot: Snapshot) -> Rejection | None:
    """Every resource that is short; lasting if the whole node has not enough of one."""
    has, used = allocatable(node), used_by(snapshot.on(node))
    reasons, lasting = [], False
    for name, amount in requests_of(pod).items():
        everything = has.get(name, Fraction(0))
        if amount > 0 and amount > everything - used.get(name, Fraction(0)):
            reasons.append("Too many pods" if name == "pods" else f"Insufficient {name}")
            lasting = lasting or amount > everything
    return Rejection(tuple(reasons), lasting) if reasons else None
