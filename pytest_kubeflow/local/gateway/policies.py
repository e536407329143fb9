"""Policies: whether the mesh lets a request through to a pod, by AuthorizationPolicy objects.

Rules: istio.io/docs/reference/config/security/authorization-policy. Pods of namespaces with the
label `istio-injection: enabled` have a sidecar that asks; others take what comes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pytest_kubeflow.local.kube.client import Object

ROOT_NAMESPACE = "istio-system"
_INJECT = "sidecar.istio.io/inject"


@dataclass(frozen=True, slots=True)
class Call:
    """A request as a sidecar sees it; `principal` is who opened the connection."""

    principal: str
    namespace: str
    host: str
    method: str
    path: str
    headers: Mapping[str, str]


def is_guarded(namespace: Object | None, pod: Object) -> bool:
    """Whether the pod has a sidecar."""
    metadata = pod["metadata"]
    labels, annotations = metadata.get("labels") or {}, metadata.get("annotations") or {}
    if "false" in {labels.get(_INJECT), annotations.get(_INJECT)}:
        return False
    home = ((namespace or {}).get("metadata") or {}).get("labels") or {}
    return home.get("istio-injection") == "enabled" or labels.get(_INJECT) == "true"


def allows(policies: Iterable[Object], pod: Object, call: Call) -> bool:
    """Whether `policies`, of all namespaces, let `call` through to `pod`."""
    mine = [one for one in policies if _concerns(one, pod)]
    denying = [one for one in mine if _action(one) == "DENY"]
    if any(_matches(one, call) for one in denying):
        return False
    return is_allowed(mine, pod, call)


def is_allowed(policies: Iterable[Object], pod: Object, call: Call) -> bool:
    """The same, but for what is denied in so many words."""
    allowing = [one for one in policies if _concerns(one, pod) and _action(one) == "ALLOW"]
    return not allowing or any(_matches(one, call) for one in allowing)


def _action(policy: Object) -> str:
    return str((policy.get("spec") or {}).get("action") or "ALLOW")


def _concerns(policy: Object, pod: Object) -> bool:
    home = policy["metadata"]["namespace"]
    if home not in {ROOT_NAMESPACE, pod["metadata"]["namespace"]}:
        return False
    wanted = ((policy.get("spec") or {}).get("selector") or {}).get("matchLabels") or {}
    labels = pod["metadata"].get("labels") or {}
    return all(labels.get(key) == value for key, value in wanted.items())


def _matches(policy: Object, call: Call) -> bool:
    return any(_rule(rule or {}, call) for rule in (policy.get("spec") or {}).get("rules") or [])


def _rule(rule: Object, call: Call) -> bool:
    sources = [one.get("source") or {} for one in rule.get("from") or []]
    operations = [one.get("operation") or {} for one in rule.get("to") or []]
    return (
        (not sources or any(_source(one, call) for one in sources))
        and (not operations or any(_operation(one, call) for one in operations))
        and all(_condition(one, call) for one in rule.get("when") or [])
    )


def _source(source: Object, call: Call) -> bool:
    # Behind the gateway no sidecar verifies tokens, so there are no request principals.
    return _fields(
        source,
        {
            "principals": call.principal,
            "namespaces": call.namespace,
            "requestPrincipals": "",
            "ipBlocks": "",
            "remoteIpBlocks": "",
        },
    )


def _operation(operation: Object, call: Call) -> bool:
    return _fields(
        operation,
        {
            "hosts": call.host,
            "methods": call.method,
            "paths": call.path.partition("?")[0],
            "ports": "",
        },
    )


def _fields(described: Object, values: Mapping[str, str]) -> bool:
    for field, value in values.items():
        if field in described and not _listed(described[field], value):
            return False
        refused = f"not{field[0].upper()}{field[1:]}"
        if refused in described and _listed(described[refused], value):
            return False
    return True


def _condition(condition: Object, call: Call) -> bool:
    key = condition["key"]
    if key == "source.namespace":
        value = call.namespace
    elif key == "source.principal":
        value = call.principal
    elif key.startswith("request.headers["):
        value = call.headers.get(key.removeprefix("request.headers[").rstrip("]").lower(), "")
    else:
        value = ""
    if "values" in condition and not _listed(condition["values"], value):
        return False
    return "notValues" not in condition or not _listed(condition["notValues"], value)


def _listed(patterns: Iterable[Any], value: str) -> bool:
    return any(_fits(str(pattern), value) for pattern in patterns)


def _fits(pattern: str, value: str) -> bool:
    if pattern == "*":
        return value != ""
    if pattern.startswith("*"):
        return value.endswith(pattern[1:])
    if pattern.endswith("*"):
        return value.startswith(pattern[:-1])
    return value == pattern
