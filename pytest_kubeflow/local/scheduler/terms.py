"""Selector terms: what nodes and what labels they match."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pytest_kubeflow.local.kube.client import Object

Labels = Mapping[str, str]


def matches_terms(terms: Sequence[Object], node: Object) -> bool:
    """Whether one of the node selector terms holds; a term without conditions never does."""
    return any(matches_term(term, node) for term in terms)


def matches_term(term: Object, node: Object) -> bool:
    """Whether all conditions of one node selector term hold."""
    expressions, fields = term.get("matchExpressions") or [], term.get("matchFields") or []
    if not expressions and not fields:
        return False
    names = {"metadata.name": node["metadata"]["name"]}
    return all(_holds(one, labels_of(node)) for one in expressions) and all(
        _holds(one, names) for one in fields
    )


def matches_labels(selector: Object | None, labels: Labels) -> bool:
    """Whether a label selector holds: an empty one always does, none never does."""
    if selector is None:
        return False
    wanted = selector.get("matchLabels") or {}
    return all(labels.get(key) == value for key, value in wanted.items()) and all(
        _holds(one, labels) for one in selector.get("matchExpressions") or []
    )


def labels_of(obj: Object) -> Labels:
    labels: Labels = obj["metadata"].get("labels") or {}
    return labels


def _holds(expression: Object, labels: Labels) -> bool:
    operator = expression["operator"]
    values = expression.get("values") or []
    found = labels.get(expression["key"])
    if operator in {"Gt", "Lt"}:
        return found is not None and _compares(operator, found, values[0])
    present = found in values if operator in {"In", "NotIn"} else found is not None
    return present if operator in {"In", "Exists"} else not present


def _compares(operator: str, found: str, bound: str) -> bool:
    try:
        return int(found) > int(bound) if operator == "Gt" else int(found) < int(bound)
    except ValueError:  # a label that is no number matches no comparison
        return False
