"""Where pods may run: tolerations, affinity, spread, gates.

Wording: kubernetes/pkg/apis/core/validation.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pytest_kubeflow.local.apiserver.errors import Object
from pytest_kubeflow.local.apiserver.validation.causes import (
    Cause,
    bad,
    below,
    forbidden,
    required,
    unsupported,
)
from pytest_kubeflow.local.apiserver.validation.metadata import label_value, qualified

_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_OPERATORS = ("Equal", "Exists")
_REQUIREMENTS = ("DoesNotExist", "Exists", "Gt", "In", "Lt", "NotIn")
_UNSATISFIABLE = ("DoNotSchedule", "ScheduleAnyway")
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
_MOST_WEIGHT = 100


def placement(spec: Object) -> Iterator[Cause]:
    """What a pod says of the nodes that it may have."""
    for key, value in (spec.get("nodeSelector") or {}).items():
        yield from qualified("nodeSelector", key)
        yield from label_value("nodeSelector", value)
    for at, one in enumerate(spec.get("tolerations") or []):
        yield from below(f"tolerations[{at}]", _toleration(one))
    affinity = spec.get("affinity") or {}
    yield from below("affinity.nodeAffinity", _node_affinity(affinity.get("nodeAffinity") or {}))
    for kind in ("podAffinity", "podAntiAffinity"):
        yield from below(f"affinity.{kind}", _pod_affinity(affinity.get(kind) or {}))
    for at, one in enumerate(spec.get("topologySpreadConstraints") or []):
        yield from below(f"topologySpreadConstraints[{at}]", _spread(one))
    if spec.get("schedulingGates") and spec.get("nodeName"):
        yield forbidden("nodeName", "cannot be set until all schedulingGates have been cleared")


def _toleration(one: Object) -> Iterator[Cause]:
    key, value = one.get("key") or "", one.get("value") or ""
    operator, effect = one.get("operator") or "Equal", one.get("effect") or ""
    if key:
        yield from qualified("key", key)
    elif operator != "Exists":
        why = (
            "operator must be Exists when `key` is empty, which means "
            '"match all values and all keys"'
        )
        yield bad("operator", operator, why)
    if one.get("tolerationSeconds") is not None and effect != "NoExecute":
        yield bad("effect", effect, "effect must be 'NoExecute' when `tolerationSeconds` is set")
    if operator == "Exists" and value:
        yield bad("operator", value, "value must be empty when `operator` is 'Exists'")
    elif operator == "Equal":
        yield from label_value("operator", value)
    elif operator not in _OPERATORS:
        yield unsupported("operator", operator, _OPERATORS)
    if effect and effect not in _EFFECTS:
        yield unsupported("effect", effect, _EFFECTS)


def _node_affinity(affinity: Object) -> Iterator[Cause]:
    wanted = affinity.get(_REQUIRED)
    if wanted is not None:
        field = f"{_REQUIRED}.nodeSelectorTerms"
        if not wanted.get("nodeSelectorTerms"):
            yield required(field, "must have at least one node selector term")
        for at, term in enumerate(wanted.get("nodeSelectorTerms") or []):
            yield from below(f"{field}[{at}]", _term(term))
    for at, one in enumerate(affinity.get(_PREFERRED) or []):
        yield from below(f"{_PREFERRED}[{at}]", _weight(one))
        yield from below(f"{_PREFERRED}[{at}].preference", _term(one.get("preference") or {}))


def _term(term: Object) -> Iterator[Cause]:
    for at, one in enumerate(term.get("matchExpressions") or []):
        yield from below(f"matchExpressions[{at}]", _requirement(one))


def _requirement(one: Object) -> Iterator[Cause]:
    operator, values = one.get("operator") or "", one.get("values") or []
    if operator in {"In", "NotIn"} and not values:
        yield required("values", "must be specified when `operator` is 'In' or 'NotIn'")
    elif operator in {"Exists", "DoesNotExist"} and values:
        why = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
        yield forbidden("values", why)
    elif operator in {"Gt", "Lt"} and len(values) != 1:
        why = "must be specified single value when `operator` is 'Lt' or 'Gt'"
        yield required("values", why)
    elif operator not in _REQUIREMENTS:
        yield bad("operator", operator, "not a valid selector operator")
    yield from qualified("key", one.get("key") or "")


def _pod_affinity(affinity: Object) -> Iterator[Cause]:
    for at, one in enumerate(affinity.get(_REQUIRED) or []):
        yield from below(f"{_REQUIRED}[{at}]", _pod_term(one))
    for at, one in enumerate(affinity.get(_PREFERRED) or []):
        field = f"{_PREFERRED}[{at}]"
        yield from below(field, _weight(one))
        yield from below(f"{field}.podAffinityTerm", _pod_term(one.get("podAffinityTerm") or {}))


def _pod_term(term: Object) -> Iterator[Cause]:
    key = term.get("topologyKey") or ""
    if not key:
        yield required("topologyKey", "can not be empty")
    yield from qualified("topologyKey", key)


def _weight(one: Object) -> Iterator[Cause]:
    weight = one.get("weight", 0)
    if not 0 < weight <= _MOST_WEIGHT:
        yield bad("weight", weight, "must be in the range 1-100")


def _spread(one: Any) -> Iterator[Cause]:
    if one.get("maxSkew", 0) <= 0:
        yield bad("maxSkew", one.get("maxSkew", 0), "must be greater than zero")
    if not one.get("topologyKey"):
        yield required("topologyKey", "can not be empty")
    if (found := one.get("whenUnsatisfiable") or "") not in _UNSATISFIABLE:
        yield unsupported("whenUnsatisfiable", found, _UNSATISFIABLE)
