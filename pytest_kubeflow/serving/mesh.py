"""The way in where a mesh denies all: an AuthorizationPolicy for one service.

Kubeflow's profiles let in who comes straight from the ingress gateway as the namespace's owner. On
the way to a predictor lies more than that gateway (Knative's activator, the local gateway), so the
owner is refused. The policy lets in the owner alone, by the header that the gateway sets, and only
what comes through the mesh's own gateways: no other namespace.
"""

from __future__ import annotations

from typing import Any

from pytest_kubeflow.cluster import Cluster
from pytest_kubeflow.errors import NotFound, PermissionDenied
from pytest_kubeflow.k8s.client import calling
from pytest_kubeflow.serving.workload import SERVICE_LABEL

_GROUP, _VERSION, _PLURAL = "security.istio.io", "v1beta1", "authorizationpolicies"
_GATEWAYS = ("istio-system", "knative-serving")


def policy(name: str, service: str, *, user: str, labels: dict[str, str]) -> dict[str, Any]:
    """The AuthorizationPolicy `name` that lets `user` in at `service`."""
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
                    "when": [{"key": "request.headers[kubeflow-userid]", "values": [user]}],
                }
            ],
        },
    }


def needs_policy(cluster: Cluster, namespace: str) -> bool:
    """Whether the namespace has policies of a mesh, which refuse what none of them allows."""
    if cluster.user is None:
        return False
    try:
        with calling(f"list authorization policies in {namespace}"):
            found = cluster.kubernetes.custom.list_namespaced_custom_object(
                _GROUP, _VERSION, namespace, _PLURAL
            )
    except (NotFound, PermissionDenied):
        return False
    return bool(found["items"])


def allow_owner(cluster: Cluster, namespace: str, service: str) -> str | None:
    """Let our user in at `service` where the mesh would not; the policy's name if one was made.

    None where we may not make one: then the first request tells that it is refused.
    """
    if not needs_policy(cluster, namespace):
        return None
    name = cluster.ownership.name("allow")
    body = policy(name, service, user=cluster.user or "", labels=cluster.ownership.labels())
    try:
        with calling(f"create authorization policy {namespace}/{name}"):
            cluster.kubernetes.custom.create_namespaced_custom_object(
                _GROUP, _VERSION, namespace, _PLURAL, body
            )
    except PermissionDenied:
        return None
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
