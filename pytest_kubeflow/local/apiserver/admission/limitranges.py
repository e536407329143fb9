"""LimitRanges: what containers ask for where they say nothing, and how much they may.

Source and words: kubernetes/plugin/pkg/admission/limitranger; defaults of the ranges themselves:
kubernetes/pkg/apis/core/v1/defaults.go.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from pytest_kubeflow.local.apiserver.errors import Object, forbidden
from pytest_kubeflow.local.apiserver.resources import ResourceType
from pytest_kubeflow.local.apiserver.store import ResourceStore
from pytest_kubeflow.local.apiserver.strategies.podstrategy import quality
from pytest_kubeflow.local.kube.quantity import format_quantity, parse_quantity

_NOTE = "kubernetes.io/limit-ranger"
_GROUPS = (("containers", "container"), ("initContainers", "init container"))
_CLAIMS = ("", "persistentvolumeclaims")
Amounts = dict[str, Fraction]


def defaulted(limit_range: Object) -> Object:
    """A LimitRange whose containers' defaults are complete."""
    spec = limit_range.get("spec") or {}
    limits = []
    for item in spec.get("limits") or []:
        made = dict(item)
        if item.get("type") == "Container":
            default = {**(item.get("max") or {}), **(item.get("default") or {})}
            request = {**(item.get("min") or {}), **default, **(item.get("defaultRequest") or {})}
            made |= {
                key: value
                for key, value in (("default", default), ("defaultRequest", request))
                if value
            }
        limits.append(made)
    return {**limit_range, "spec": {**spec, "limits": limits}}


def limited(store: ResourceStore, kind: ResourceType, obj: Object) -> Object:
    """A pod whose containers ask for what its namespace's ranges say, where they say nothing."""
    if kind.type != ("", "pods"):
        return obj
    for limit_range in store.list(("", "limitranges"), obj["metadata"].get("namespace", "")):
        for item in (limit_range.get("spec") or {}).get("limits") or []:
            if item.get("type") == "Container":
                obj = _with_defaults(obj, item)
    return obj


def _with_defaults(pod: Object, item: Object) -> Object:
    spec, notes = dict(pod["spec"]), []
    for group, word in _GROUPS:
        containers = []
        for container in spec.get(group) or []:
            resources = dict(container.get("resources") or {})
            for section, source in (("requests", "defaultRequest"), ("limits", "default")):
                given = resources.get(section) or {}
                added = {
                    name: amount
                    for name, amount in (item.get(source) or {}).items()
                    if name not in given
                }
                if added:
                    resources[section] = {**given, **added}
                    names = ", ".join(sorted(added))
                    notes.append(f"{names} {section[:-1]} for {word} {container.get('name')}")
            containers.append({**container, "resources": resources})
        if containers:
            spec[group] = containers
    if not notes:
        return pod
    metadata = pod["metadata"]
    note = {_NOTE: f"LimitRanger plugin set: {'; '.join(notes)}"}
    annotations = {**(metadata.get("annotations") or {}), **note}
    status = {**(pod.get("status") or {}), "qosClass": quality(spec)}
    metadata = {**metadata, "annotations": annotations}
    return {**pod, "metadata": metadata, "spec": spec, "status": status}


def check_limits(store: ResourceStore, kind: ResourceType, obj: Object) -> None:
    """Raise StatusError 403 where a pod or claim asks for more, or less, than it may."""
    if kind.type not in {("", "pods"), _CLAIMS}:
        return
    metadata = obj["metadata"]
    for limit_range in store.list(("", "limitranges"), metadata.get("namespace", "")):
        problems = [
            problem
            for item in (limit_range.get("spec") or {}).get("limits") or []
            for problem in _problems(kind, obj, item)
        ]
        if problems:
            why = problems[0] if len(problems) == 1 else f"[{', '.join(problems)}]"
            raise forbidden("", kind.plural, metadata.get("name", ""), why)


def _problems(kind: ResourceType, obj: Object, item: Object) -> Iterator[str]:
    spec = obj.get("spec") or {}
    if kind.type == _CLAIMS:
        if item.get("type") == "PersistentVolumeClaim":
            requests = _amounts((spec.get("resources") or {}).get("requests"))
            yield from _of(item, requests, requests, claims=True)
        return
    containers = [one for group, _ in _GROUPS for one in spec.get(group) or []]
    if item.get("type") == "Container":
        for one in containers:
            resources = one.get("resources") or {}
            requests, limits = (_amounts(resources.get(key)) for key in ("requests", "limits"))
            yield from _of(item, requests, limits)
    elif item.get("type") == "Pod":
        yield from _of(item, *(_total(spec, key) for key in ("requests", "limits")))


def _of(item: Object, requests: Amounts, limits: Amounts, *, claims: bool = False) -> Iterator[str]:
    kind = item["type"]
    for name, bound in (item.get("min") or {}).items():
        begin, least = f"minimum {name} usage per {kind} is {bound}", parse_quantity(bound)
        if name not in requests:
            yield f"{begin}. No request is specified"
        elif requests[name] < least:
            yield f"{begin}, but request is {format_quantity(requests[name])}"
        elif name in limits and limits[name] < least:
            yield f"{begin}, but limit is {format_quantity(limits[name])}"
    for name, bound in (item.get("max") or {}).items():
        begin, most = f"maximum {name} usage per {kind} is {bound}", parse_quantity(bound)
        if name not in limits:
            yield f"{begin}. No {'request' if claims else 'limit'} is specified"
        elif limits[name] > most:
            message = format_quantity(limits[name], like=bound)
            yield f"{begin}, but {'request' if claims else 'limit'} is {message}"
        elif name in requests and requests[name] > most:
            yield f"{begin}, but request is {format_quantity(requests[name], like=bound)}"
    for name, bound in (item.get("maxLimitRequestRatio") or {}).items():
        begin = f"{name} max limit to request ratio per {kind} is {bound}"
        if not requests.get(name):
            yield f"{begin}, but no request is specified or request is 0"
        elif not limits.get(name):
            yield f"{begin}, but no limit is specified or limit is 0"
        elif (ratio := limits[name] / requests[name]) > parse_quantity(bound):
            yield f"{begin}, but provided ratio is {float(ratio):f}"


def _total(spec: Object, section: str) -> Amounts:
    """What a pod asks for in all; initialization counts where it alone needs more."""
    total: Amounts = {}
    for one in spec.get("containers") or []:
        for name, amount in _amounts((one.get("resources") or {}).get(section)).items():
            total[name] = total.get(name, Fraction(0)) + amount
    for one in spec.get("initContainers") or []:
        for name, amount in _amounts((one.get("resources") or {}).get(section)).items():
            total[name] = max(total.get(name, Fraction(0)), amount)
    return total


def _amounts(given: Object | None) -> Amounts:
    return {name: parse_quantity(amount) for name, amount in (given or {}).items()}
