"""Verdict: the message of a pod that fits nowhere, as its condition and event have it.

Form: kubernetes 1.33, pkg/scheduler/framework/types.go (FitError) and
pkg/scheduler/framework/preemption. Nothing is ever evicted here: pods of this cluster have no
priorities, and of equals the real scheduler evicts none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.scheduler.predicates import Rejection

_NO_VICTIMS = "No preemption victims found for incoming pod"
_NO_HELP = "Preemption is not helpful for scheduling"


def nowhere(pod: Object, rejections: Mapping[str, Rejection]) -> str:
    """The message, from what is in the way on each node."""
    reasons = [reason for one in rejections.values() for reason in one.reasons]
    preemption = [_NO_HELP if one.lasting else _NO_VICTIMS for one in rejections.values()]
    return _message(pod, len(rejections), f"{_histogram(reasons)}.", preemption)


def impossible(pod: Object, nodes: int, reason: str) -> str:
    """The message for a pod that no node can take, whatever it has: a claim is missing, say."""
    return _message(pod, nodes, f"{reason}.", [_NO_HELP] * nodes)


def _message(pod: Object, nodes: int, reason: str, preemption: Iterable[str]) -> str:
    if not nodes:
        return "no nodes available to schedule pods"
    none = f"0/{nodes} nodes are available:"
    message = f"{none} {_histogram(preemption)}."
    if pod["spec"].get("preemptionPolicy") == "Never":
        message = "not eligible due to preemptionPolicy=Never."
    return f"{none} {reason} preemption: {message}"


def _histogram(reasons: Iterable[str]) -> str:
    return ", ".join(sorted(f"{count} {reason}" for reason, count in Counter(reasons).items()))
