"""Why a pod cannot go to a node: pure functions, with the real scheduler's messages.

Messages: kubernetes/pkg/scheduler/framework/plugins (noderesources, nodeaffinity,
tainttoleration, nodeunschedulable).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.quantity import parse_quantity

Resources = dict[str, Fraction]


def requests_of(pod: Object) -> Resources:
    """What a pod asks of a node: its containers' sum, or its largest init container if more."""
    total: Resources = {"pods": Fraction(1)}
    for container in pod["spec"].get("containers", []):
        for name, amount in _requests(container):
            total[name] = total.get(name, Fraction(0)) + amount
    for container in pod["spec"].get("initContainers") or []:
        for name, amount in _requests(container):
            total[name] = max(total.get(name, Fraction(0)), amount)
    return total


def _requests(container: Object) -> Iterator[tuple[str, Fraction]]:
    resources = container.get("resources") or {}
    # A limit without a request is the request, as the API server defaults it.
    asked = {**(resources.get("limits") or {}), **(resources.get("requests") or {})}
    for name, amount in asked.items():
        yield name, parse_quantity(amount)


def obstacles(pod: Object, node: Object, others: Iterable[Object]) -> list[str]:
    """The reasons why `pod` cannot run on `node`, where `others` run already; none: it can."""
    spec = pod["spec"]
    if node["spec"].get("unschedulable"):
        return ["node(s) were unschedulable"]
    taint = _untolerated(spec.get("tolerations") or [], node["spec"].get("taints") or [])
    if taint is not None:
        value = taint.get("value", "")
        return [f"node(s) had untolerated taint {{{taint['key']}: {value}}}"]
    if not _selected(spec, node):
        return ["node(s) didn't match Pod's node affinity/selector"]
    return list(_lacking(pod, node, others))


def _lacking(pod: Object, node: Object, others: Iterable[Object]) -> Iterator[str]:
    allocatable = {
        name: parse_quantity(amount)
        for name, amount in (node.get("status", {}).get("allocatable") or {}).items()
    }
    used: Resources = {}
    for other in others:
        for name, amount in requests_of(other).items():
            used[name] = used.get(name, Fraction(0)) + amount
    for name, amount in requests_of(pod).items():
        if amount > allocatable.get(name, Fraction(0)) - used.get(name, Fraction(0)):
            yield "Too many pods" if name == "pods" else f"Insufficient {name}"


def _untolerated(tolerations: list[Object], taints: list[Object]) -> Object | None:
    for taint in taints:
        if taint["effect"] != "PreferNoSchedule" and not any(
            _tolerates(toleration, taint) for toleration in tolerations
        ):
            return taint
    return None


def _tolerates(toleration: Object, taint: Object) -> bool:
    if toleration.get("effect") and toleration["effect"] != taint["effect"]:
        return False
    if toleration.get("operator", "Equal") == "Exists":
        return not toleration.get("key") or toleration["key"] == taint["key"]
    return bool(
        toleration.get("key") == taint["key"]
        and toleration.get("value", "") == taint.get("value", "")
    )


def _selected(spec: Object, node: Object) -> bool:
    labels = node["metadata"].get("labels") or {}
    if any(labels.get(key) != value for key, value in (spec.get("nodeSelector") or {}).items()):
        return False
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    return required is None or matches_terms(required["nodeSelectorTerms"], node)


def matches_terms(terms: list[Object], node: Object) -> bool:
    """One of the node selector terms holds, each of whose expressions must."""
    labels = node["metadata"].get("labels") or {}
    fields = {"metadata.name": node["metadata"]["name"]}
    return any(
        all(_holds(one, labels) for one in term.get("matchExpressions") or [])
        and all(_holds(one, fields) for one in term.get("matchFields") or [])
        for term in terms
        if term.get("matchExpressions") or term.get("matchFields")
    )


def _holds(expression: Object, labels: dict[str, str]) -> bool:
    key, operator = expression["key"], expression["operator"]
    values = expression.get("values") or []
    found = labels.get(key)
    if operator in {"Gt", "Lt"}:
        return found is not None and _compares(operator, found, values[0])
    present = found in values if operator in {"In", "NotIn"} else found is not None
    return present if operator in {"In", "Exists"} else not present


def _compares(operator: str, found: str, bound: str) -> bool:
    try:
        return int(found) > int(bound) if operator == "Gt" else int(found) < int(bound)
    except ValueError:  # a label that is no number matches no comparison
        return False
