"""ResourceQuotas: no more is made in a namespace than they leave.

Words: k8s.io/apiserver pkg/admission/plugin/resourcequota. What is used is counted in the store
each time, so no status has to be known first.
"""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction

from pytest_kubeflow.local.apiserver.errors import Object, forbidden
from pytest_kubeflow.local.apiserver.resources import ResourceType
from pytest_kubeflow.local.apiserver.store import ResourceStore
from pytest_kubeflow.local.kube.quantity import parse_quantity
from pytest_kubeflow.local.kube.quota import Amounts, concerns, unnamed, usage_of, written


def check_quotas(store: ResourceStore, kind: ResourceType, obj: Object) -> None:
    """Raise StatusError 403 where a new object is more than a quota of its namespace leaves."""
    metadata = obj["metadata"]
    namespace, name = metadata.get("namespace", ""), metadata["name"]
    if not namespace or kind.type == ("", "events"):
        return
    for quota in store.list(("", "resourcequotas"), namespace):
        why = _exceeded(store, quota, kind, obj)
        if why:
            raise forbidden(kind.group, kind.plural, name, why)


def _exceeded(store: ResourceStore, quota: Object, kind: ResourceType, obj: Object) -> str:
    hard = (quota.get("spec") or {}).get("hard") or {}
    requested = {
        name: amount
        for name, amount in usage_of(kind.group, kind.plural, obj).items()
        if name in hard and amount
    }
    called = quota["metadata"]["name"]
    if not concerns(quota, kind.plural, obj):
        return ""
    if kind.type == ("", "pods") and (missing := unnamed(hard, obj)):
        return f"failed quota: {called}: {missing}"
    if not requested:
        return ""
    used = _used(store, quota, kind, obj)
    over = [
        name
        for name, amount in requested.items()
        if used[name] + amount > parse_quantity(str(hard[name]))
    ]
    if not over:
        return ""
    requested, used = ({name: one[name] for name in over} for one in (requested, used))
    limited = {name: parse_quantity(str(hard[name])) for name in over}
    message = ", ".join(
        f"{word}: {_shown(amounts, hard)}"
        for word, amounts in (("requested", requested), ("used", used), ("limited", limited))
    )
    return f"exceeded quota: {called}, {message}"


def _used(
    store: ResourceStore, quota: Object, kind: ResourceType, obj: Object
) -> dict[str, Fraction]:
    total: dict[str, Fraction] = defaultdict(Fraction)
    for one in store.list(kind.type, obj["metadata"]["namespace"]):
        if concerns(quota, kind.plural, one):
            for name, amount in usage_of(kind.group, kind.plural, one).items():
                total[name] += amount
    return total


def _shown(amounts: Amounts, hard: Object) -> str:
    texts = written(amounts, {name: str(value) for name, value in hard.items()})
    return ",".join(f"{name}={text}" for name, text in texts.items())
