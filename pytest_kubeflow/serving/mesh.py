"""The way in where a mesh denies all: an AuthorizationPolicy for one service.

Kubeflow's profiles let in who comes straight from the ingress gateway as the namespace's owner. On
the way to a predictor lies more than that gateway (Knative's activator, the local gateway), so the
owner is refused. The policy lets in the owner alone, by the header that the gateway sets, and only
what comes through the mesh's own gateways: no other namespace. How that header is called, and what
stands in it before the user, is the platform's choice: the profile's own policies tell it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from pytest_kubeflow.cluster import Cluster
from pytest_kubeflow.errors import NotFound, PermissionDenied
from pytest_kubeflow.k8s.client import calling
from pytest_kubeflow.k8s.sessions.made import MADE
from pytest_kubeflow.serving.workload import SERVICE_LABEL

_GROUP, _VERSION, _PLURAL = "security.istio.io", "v1beta1", "authorizationpolicies"
_HEADER = re.compile(r"request\.headers\[(.+)\]")
_GATEWAYS = ("istio-system", "knative-serving")


def policy(
    name: str, service: str, *, header: str, user: str, labels: dict[str, str]
) -> dict[str, Any]:
    """The AuthorizationPolicy `name` that lets in at `service` who has `user` in `header`."""
    return {
        "apiVersion": f"{_GROUP}/{_VERSION}",
        "kind": "AuthorizationPolicy",
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "action": "ALLOW",
            "selector": {"matchLabels": {SERVICE_LABEL: service}},
            "rules": [
                {
                    "from": [{"source": {"namespaces": list(_GATEWAYS)}}],
                    "when": [{"key": f"request.headers[{header}]", "values": [user]}],
                }
            ],
        },
    }


def policies(cluster: Cluster, namespace: str) -> list[dict[str, Any]]:
    """The policies of a mesh there, which refuse what none of them allows. None if we may not see.

    None, too, for who has no name to let in.
    """
    if cluster.user is None:
        return []
    try:
        with calling(f"list authorization policies in {namespace}"):
            found = cluster.kubernetes.custom.list_namespaced_custom_object(
                _GROUP, _VERSION, namespace, _PLURAL
            )
    except (NotFound, PermissionDenied):
        return []
    return list(found["items"])


def user_condition(cluster: Cluster, there: Sequence[dict[str, Any]]) -> tuple[str, str]:
    """The header with the user, and our user as it stands in it: as was given, or as `there`."""
    config = cluster.config
    header, prefix = config.gateway.userid_header, config.gateway.userid_prefix or ""
    for found, before in _owner_conditions(there):
        header = header if config.is_given("userid_header") else found
        prefix = prefix if config.is_given("userid_prefix") else before
        break
    return header, f"{prefix}{cluster.user or ''}"


def _owner_conditions(policies: Sequence[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """The header by which policies let in their owner, and what stands in it before the owner."""
    for one in policies:
        owner = (one["metadata"].get("annotations") or {}).get("user")
        rules = (one.get("spec") or {}).get("rules") or ()
        for condition in (when for rule in rules for when in rule.get("when") or ()):
            header = _HEADER.fullmatch(str(condition.get("key")))
            for value in map(str, condition.get("values") or ()):
                if header and owner and value.endswith(owner):
                    yield header[1], value.removesuffix(owner)


def allow_owner(cluster: Cluster, namespace: str, service: str) -> str | None:
    """Let our user in at `service` where the mesh would not; the policy's name if one was made.

    None where we may not make one: then the first request tells that it is refused.
    """
    there = policies(cluster, namespace)
    if not there:
        return None
    name = cluster.ownership.name("allow")
    header, user = user_condition(cluster, there)
    body = policy(name, service, header=header, user=user, labels=cluster.ownership.labels())
    try:
        with calling(f"create authorization policy {namespace}/{name}"):
            cluster.kubernetes.custom.create_namespaced_custom_object(
                _GROUP, _VERSION, namespace, _PLURAL, body
            )
    except PermissionDenied:
        return None
    MADE.add("authorizationpolicy")
    return name


def remove_policy(cluster: Cluster, namespace: str, name: str) -> None:
    """Remove it; one that is gone already is fine."""
    try:
        with calling(f"delete authorization policy {namespace}/{name}"):
            cluster.kubernetes.custom.delete_namespaced_custom_object(
                _GROUP, _VERSION, namespace, _PLURAL, name
            )
    except NotFound:
        return
