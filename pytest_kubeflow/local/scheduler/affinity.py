"""Affinity and anti-affinity between pods, by the topology of their nodes.

Rules and order: kubernetes/pkg/scheduler/framework/plugins/interpodaffinity (filtering.go).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.scheduler.snapshot import Snapshot
from pytest_kubeflow.local.scheduler.terms import labels_of, matches_labels

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


def depends_on_pods(pod: Object) -> bool:
    """Whether where the pod may go depends on where others are."""
    affinity = pod["spec"].get("affinity") or {}
    return bool(affinity.get("podAffinity") or affinity.get("podAntiAffinity"))


def attracted(pod: Object, node: Object, snapshot: Snapshot) -> bool:
    """Whether all required affinity terms hold on this node."""
    terms = _required(pod, "podAffinity")
    if not terms:
        return True
    if not all(term["topologyKey"] in labels_of(node) for term in terms):
        return False
    friends = [
        (other, where)
        for other, where in snapshot.placed()
        if _matches_all(terms, pod, other, snapshot)
    ]
    if not friends:
        # The first of pods that want to be with their like has nobody to go to.
        return _matches_all(terms, pod, pod, snapshot)
    return all(any(_same(term, node, where) for _, where in friends) for term in terms)


def repelled(pod: Object, node: Object, snapshot: Snapshot) -> bool:
    """Whether a required anti-affinity term of the pod speaks against this node."""
    terms = _required(pod, "podAntiAffinity")
    return any(
        _same(term, node, where) and _matches(term, pod, other, snapshot)
        for term in terms
        for other, where in snapshot.placed()
    )


def unwelcome(pod: Object, node: Object, snapshot: Snapshot) -> bool:
    """Whether a required anti-affinity term of a pod that is there already does."""
    return any(
        _same(term, node, where) and _matches(term, other, pod, snapshot)
        for other, where in snapshot.placed()
        for term in _required(other, "podAntiAffinity")
    )


def preference(pod: Object, node: Object, snapshot: Snapshot) -> int:
    """Sum of the weights of the preferred terms that speak for this node, less those against."""
    total = 0
    for kind, sign in (("podAffinity", 1), ("podAntiAffinity", -1)):
        for weighted in _terms(pod, kind, _PREFERRED):
            term = weighted["podAffinityTerm"]
            total += sum(
                sign * int(weighted["weight"])
                for other, where in snapshot.placed()
                if _same(term, node, where) and _matches(term, pod, other, snapshot)
            )
    return total


def _required(pod: Object, kind: str) -> Sequence[Object]:
    return list(_terms(pod, kind, _REQUIRED))


def _terms(pod: Object, kind: str, strength: str) -> Iterator[Object]:
    affinity = (pod["spec"].get("affinity") or {}).get(kind) or {}
    yield from affinity.get(strength) or []


def _matches_all(terms: Sequence[Object], owner: Object, other: Object, snapshot: Snapshot) -> bool:
    return all(_matches(term, owner, other, snapshot) for term in terms)


def _matches(term: Object, owner: Object, other: Object, snapshot: Snapshot) -> bool:
    """Whether `term` of the pod `owner` means the pod `other`."""
    namespace = other["metadata"]["namespace"]
    named, selector = term.get("namespaces") or [], term.get("namespaceSelector")
    if not named and selector is None:
        named = [owner["metadata"]["namespace"]]
    if namespace not in named and not matches_labels(
        selector, snapshot.namespaces.get(namespace, {})
    ):
        return False
    return matches_labels(term.get("labelSelector"), labels_of(other))


def _same(term: Object, one: Object, other: Object) -> bool:
    """Whether two nodes are in the same place of the term's topology."""
    key = term["topologyKey"]
    value = labels_of(one).get(key)
    return value is not None and labels_of(other).get(key) == value
