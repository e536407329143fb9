"""Taints of nodes, and the pods that tolerate them.

Source: kubernetes/component-helpers scheduling/corev1 and api/core/v1/toleration.go.
"""

from __future__ import annotations

from collections.abc import Container

from pytest_kubeflow.local.kube.client import Object

HARD = frozenset({"NoSchedule", "NoExecute"})
SOFT = frozenset({"PreferNoSchedule"})


def untolerated(pod: Object, node: Object, effects: Container[str]) -> list[Object]:
    """The node's taints of these effects that the pod does not tolerate."""
    tolerations = pod["spec"].get("tolerations") or []
    return [
        taint
        for taint in (node.get("spec") or {}).get("taints") or []
        if taint["effect"] in effects
        and not any(_tolerates(toleration, taint) for toleration in tolerations)
    ]


def _tolerates(toleration: Object, taint: Object) -> bool:
    if toleration.get("effect") and toleration["effect"] != taint["effect"]:
        return False
    if toleration.get("key") and toleration["key"] != taint["key"]:
        return False
    if toleration.get("operator", "Equal") == "Exists":
        return True
    return bool(toleration.get("key") and toleration.get("value", "") == (taint.get("value") or ""))
