"""Transport: how the gateway's proxy gets to the pods of a Service, and why it does not.

DestinationRules say whether it speaks mutual TLS to them, which pods without a proxy do not
understand. Words: Envoy's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pytest_kubeflow.local.kube.client import Object

PROXY = "istio-proxy"
NOBODY = "no healthy upstream"
NO_TLS = (
    "upstream connect error or disconnect/reset before headers. retried and the latest reset "
    "reason: remote connection failure, transport failure reason: TLS_error:|268435703:SSL "
    "routines:OPENSSL_internal:WRONG_VERSION_NUMBER:TLS_error_end"
)


def trouble(
    service: tuple[str, str], pods: Sequence[Object | None], rules: Iterable[Object]
) -> str | None:
    """What clients are told of a Service (namespace, name) with these ready pods; None: nothing."""
    if not pods:
        return NOBODY
    mutual = any(_mutual(one) for one in rules if _is_for(one, service))
    if mutual and any(one is not None and not has_proxy(one) for one in pods):
        return NO_TLS
    return None


def has_proxy(pod: Object) -> bool:
    """Whether a proxy of the mesh is in the pod: since 1.29 of Kubernetes as an init container."""
    spec = pod["spec"]
    every = [*(spec.get("initContainers") or ()), *spec["containers"]]
    return any(one.get("name") == PROXY for one in every)


def _mutual(rule: Object) -> bool:
    policy = (rule.get("spec") or {}).get("trafficPolicy") or {}
    return (policy.get("tls") or {}).get("mode") == "ISTIO_MUTUAL"


def _is_for(rule: Object, service: tuple[str, str]) -> bool:
    name, _, rest = str((rule.get("spec") or {}).get("host", "")).partition(".")
    home = rest.partition(".")[0] or rule["metadata"]["namespace"]
    return (home, name) == service
