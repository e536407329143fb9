"""Quotas: what an object uses of a ResourceQuota, and what a quota asks of a pod.

Rules: kubernetes/pkg/quota/v1/evaluator/core.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from pytest_kubeflow.local.kube.quantity import format_quantity, parse_quantity

_Object = dict[str, Any]
Amounts = Mapping[str, Fraction]

_ALIASES = {"configmaps", "resourcequotas", "replicationcontrollers", "secrets"}
_OVERCOMMITTED = ("cpu", "memory", "ephemeral-storage")
# Of these a quota makes every container name its amount.
_REQUIRED = {
    "cpu": ("requests", "cpu"),
    "memory": ("requests", "memory"),
    "requests.cpu": ("requests", "cpu"),
    "requests.memory": ("requests", "memory"),
    "limits.cpu": ("limits", "cpu"),
    "limits.memory": ("limits", "memory"),
}
_CLASS = ".storageclass.storage.k8s.io/"


def usage_of(group: str, plural: str, obj: _Object) -> dict[str, Fraction]:
    """How much of what one object uses."""
    one = Fraction(1)
    used = {f"count/{plural}.{group}" if group else f"count/{plural}": one}
    if group:
        return used
    if plural in _ALIASES:
        used[plural] = one
    if plural == "pods":
        return {**used, **_pod(obj)}
    if plural == "persistentvolumeclaims":
        return {**used, **_claim(obj)}
    if plural == "services":
        return {**used, **_service(obj)}
    return used


def _pod(pod: _Object) -> dict[str, Fraction]:
    if (pod.get("status") or {}).get("phase") in {"Succeeded", "Failed"}:
        return {}
    used = {"pods": Fraction(1)}
    requests, limits = (_total(pod["spec"], field) for field in ("requests", "limits"))
    for name, amount in requests.items():
        if name in _OVERCOMMITTED:
            used[name] = amount
        used[f"requests.{name}"] = amount
    used |= {f"limits.{name}": limits[name] for name in limits if name in _OVERCOMMITTED}
    return used


def _total(spec: _Object, field: str) -> dict[str, Fraction]:
    """Containers run side by side, init containers before them one by one; sidecars with both."""
    main, sidecars = defaultdict[str, Fraction](Fraction), defaultdict[str, Fraction](Fraction)
    highest = defaultdict[str, Fraction](Fraction)
    for container in spec.get("containers") or []:
        for name, amount in _amounts(container, field).items():
            main[name] += amount
    for container in spec.get("initContainers") or []:
        amounts = _amounts(container, field)
        if container.get("restartPolicy") == "Always":
            for name, amount in amounts.items():
                sidecars[name] += amount
            amounts = {}
        for name in {*amounts, *sidecars}:
            together = sidecars[name] + amounts.get(name, Fraction())
            highest[name] = max(highest[name], together)
    names = {*main, *sidecars, *highest}
    return {name: max(main[name] + sidecars[name], highest[name]) for name in names}


def _amounts(container: _Object, field: str) -> dict[str, Fraction]:
    given = (container.get("resources") or {}).get(field) or {}
    return {name: parse_quantity(str(amount)) for name, amount in given.items()}


def _claim(claim: _Object) -> dict[str, Fraction]:
    spec = claim.get("spec") or {}
    used = {"persistentvolumeclaims": Fraction(1)}
    storage = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    if storage is not None:
        used["requests.storage"] = parse_quantity(str(storage))
    if name := spec.get("storageClassName"):
        used |= {f"{name}{_CLASS}{what}": amount for what, amount in list(used.items())}
    return used


def _service(service: _Object) -> dict[str, Fraction]:
    spec = service.get("spec") or {}
    used = {"services": Fraction(1)}
    ports = Fraction(len(spec.get("ports") or []))
    if spec.get("type") in {"LoadBalancer", "NodePort"}:
        used["services.nodeports"] = ports
    if spec.get("type") == "LoadBalancer":
        used["services.loadbalancers"] = Fraction(1)
    return used


def concerns(quota: _Object, plural: str, obj: _Object) -> bool:
    """Whether a quota counts an object; scopes are those of pods."""
    scopes = (quota.get("spec") or {}).get("scopes") or []
    return not scopes or (plural == "pods" and all(_in_scope(one, obj) for one in scopes))


def _in_scope(scope: str, pod: _Object) -> bool:
    spec = pod["spec"]
    ends = spec.get("activeDeadlineSeconds") is not None
    fields = ("requests", "limits")
    effort = any(_amounts(one, field) for one in spec["containers"] for field in fields)
    match scope:
        case "Terminating":
            return ends
        case "NotTerminating":
            return not ends
        case "BestEffort":
            return not effort
        case "NotBestEffort":
            return effort
    return False


def unnamed(hard: Iterable[str], pod: _Object) -> str:
    """What containers of a pod should say of themselves, where a quota counts it; empty: all."""
    spec = pod["spec"]
    every = [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]
    found = []
    for resource in sorted(_REQUIRED.keys() & set(hard)):
        field, name = _REQUIRED[resource]
        silent = sorted(one["name"] for one in every if name not in _amounts(one, field))
        if silent:
            found.append(f"{resource} for: {','.join(silent)}")
    return f"must specify {'; '.join(found)}" if found else ""


def written(amounts: Amounts, hard: Mapping[str, str]) -> dict[str, str]:
    """Amounts as the quota writes its own."""
    return {
        name: format_quantity(amounts[name], like=hard.get(name, "")) for name in sorted(amounts)
    }
