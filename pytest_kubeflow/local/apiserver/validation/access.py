"""Roles and their bindings.

Wording: kubernetes/pkg/apis/rbac/validation.
"""

from __future__ import annotations

from collections.abc import Iterator

from pytest_kubeflow.local.apiserver.errors import Object
from pytest_kubeflow.local.apiserver.validation.causes import (
    Cause,
    bad,
    required,
    shown,
    unsupported,
)

_GROUP = "rbac.authorization.k8s.io"
_SUBJECTS = ("Group", "ServiceAccount", "User")


def role(obj: Object) -> Iterator[Cause]:
    """A Role or a ClusterRole."""
    for at, rule in enumerate(obj.get("rules") or []):
        field = f"rules[{at}]"
        if not rule.get("verbs"):
            yield required(f"{field}.verbs", "verbs must contain at least one value")
        if rule.get("nonResourceURLs"):
            if obj["metadata"].get("namespace"):
                why = "namespaced rules cannot apply to non-resource URLs"
                yield shown(f"{field}.nonResourceURLs", rule["nonResourceURLs"], why)
            continue
        if not rule.get("apiGroups"):
            why = "resource rules must supply at least one api group"
            yield required(f"{field}.apiGroups", why)
        if not rule.get("resources"):
            why = "resource rules must supply at least one resource"
            yield required(f"{field}.resources", why)


def binding(obj: Object) -> Iterator[Cause]:
    """A RoleBinding or a ClusterRoleBinding."""
    reference = obj.get("roleRef") or {}
    kinds = ("Role", "ClusterRole") if obj["metadata"].get("namespace") else ("ClusterRole",)
    group, kind = reference.get("apiGroup") or _GROUP, reference.get("kind") or ""
    if group != _GROUP:
        yield unsupported("roleRef.apiGroup", group, (_GROUP,))
    if kind not in kinds:
        yield unsupported("roleRef.kind", kind, kinds)
    if not reference.get("name"):
        yield required("roleRef.name")
    for at, one in enumerate(obj.get("subjects") or []):
        yield from _subject(f"subjects[{at}]", one, bool(obj["metadata"].get("namespace")))


def _subject(field: str, one: Object, namespaced: bool) -> Iterator[Cause]:
    kind = one.get("kind") or ""
    if not one.get("name"):
        yield required(f"{field}.name")
    if kind not in _SUBJECTS:
        yield unsupported(f"{field}.kind", kind, ("ServiceAccount", "User", "Group"))
    elif kind == "ServiceAccount" and not namespaced and not one.get("namespace"):
        yield required(f"{field}.namespace")
    elif kind == "ServiceAccount" and one.get("apiGroup"):
        yield unsupported(f"{field}.apiGroup", one["apiGroup"], ("",))
    elif kind != "ServiceAccount" and one.get("namespace"):
        yield bad(f"{field}.namespace", one["namespace"], "must be empty")


def binding_update(new: Object, old: Object) -> Iterator[Cause]:
    before, after = (
        [(one.get("roleRef") or {}).get(part) for part in ("kind", "name")] for one in (old, new)
    )
    if before != after:
        named = {"APIGroup": _GROUP, "Kind": after[0], "Name": after[1]}
        yield shown("roleRef", named, "cannot change roleRef")
