"""LabelSelectors: which labels an object must have, as other objects hold them.

The selectors of queries are written otherwise: `selectors.py`.
"""

from __future__ import annotations

from pytest_kubeflow.local.apiserver.errors import Object


def fits(selector: Object, labels: Object) -> bool:
    """Whether `labels` match; an empty selector matches everything."""
    wanted = selector.get("matchLabels") or {}
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    return all(_holds(one, labels) for one in selector.get("matchExpressions") or ())


def _holds(expression: Object, labels: Object) -> bool:
    key, values = expression["key"], expression.get("values") or ()
    match expression["operator"]:
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case _:
            return key not in labels
