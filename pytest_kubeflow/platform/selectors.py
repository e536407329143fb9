"""Selectors: whether labels are those that a selector of Kubernetes asks for."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_kubeflow.platform.snapshot.fields import Object, items, pairs, text, texts


def selects(selector: Object, labels: Mapping[str, str]) -> bool:
    """Whether a label selector, with `matchLabels` and `matchExpressions`, takes these labels.

    An empty one takes all. An expression with an operator that nobody knows takes none.
    """
    wanted = pairs(selector, "matchLabels")
    return is_within(wanted, labels) and all(
        _holds(one, labels) for one in items(selector, "matchExpressions")
    )


def is_within(wanted: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    """Whether all of `wanted` are among the labels, as Services select pods."""
    return wanted.items() <= labels.items()


def labels_for(selector: Object) -> dict[str, str]:
    """Labels that a selector takes, as far as it can be told from its text."""
    found = dict(pairs(selector, "matchLabels"))
    for one in items(selector, "matchExpressions"):
        key, values = text(one, "key"), texts(one, "values")
        if text(one, "operator") == "Exists":
            found.setdefault(key, "true")
        elif text(one, "operator") == "In" and values:
            found.setdefault(key, values[0])
    return found


def _holds(expression: Object, labels: Mapping[str, str]) -> bool:
    value = labels.get(text(expression, "key"))
    values = texts(expression, "values")
    match text(expression, "operator"):
        case "In":
            return value is not None and value in values
        case "NotIn":
            return value is None or value not in values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
    return False
