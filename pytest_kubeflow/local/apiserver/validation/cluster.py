"""Kinds that are about the cluster: priorities, disruption budgets, events.

Wording: kubernetes/pkg/apis/scheduling, pkg/apis/policy and pkg/apis/core/validation.
"""

from __future__ import annotations

from collections.abc import Iterator

from pytest_kubeflow.local.apiserver.errors import Object
from pytest_kubeflow.local.apiserver.validation.causes import Cause, bad, forbidden, shown

_MOST_PRIORITY = 1_000_000_000
_SYSTEM = "system-"
_SYSTEM_CLASSES = ("system-cluster-critical", "system-node-critical")


def priority_class(obj: Object) -> Iterator[Cause]:
    name, value = obj["metadata"]["name"], obj.get("value") or 0
    if name in _SYSTEM_CLASSES:
        return
    if value > _MOST_PRIORITY:
        why = f"maximum allowed value of a user defined priority is {_MOST_PRIORITY}"
        yield forbidden("value", why)
    if name.startswith(_SYSTEM):
        why = (
            "priority class names with 'system-' prefix are reserved for system use only. error: "
            f"{name} is not a known system priority class"
        )
        yield forbidden("metadata.name", why)


def disruption_budget(obj: Object) -> Iterator[Cause]:
    spec = obj.get("spec") or {}
    least, most = spec.get("minAvailable"), spec.get("maxUnavailable")
    if least is not None and most is not None:
        named = {
            "MinAvailable": least,
            "Selector": spec.get("selector"),
            "MaxUnavailable": most,
            "UnhealthyPodEvictionPolicy": spec.get("unhealthyPodEvictionPolicy"),
        }
        yield shown("spec", named, "minAvailable and maxUnavailable cannot be both set")


def event(obj: Object) -> Iterator[Cause]:
    home = obj["metadata"].get("namespace") or ""
    about = (obj.get("involvedObject") or {}).get("namespace") or ""
    # Events about what has no namespace are in `default`.
    if about != home and not (about == "" and home == "default"):
        yield bad("involvedObject.namespace", about, "does not match event.namespace")
