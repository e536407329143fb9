"""What the report says of the cluster itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_kubeflow.auth.session import reaching
from pytest_kubeflow.k8s.client import calling
from pytest_kubeflow.k8s.inventory import read_inventory
from pytest_kubeflow.reporting.excerpts import UNREADABLE, reason

if TYPE_CHECKING:
    from pytest_kubeflow.cluster import Cluster

_NODES = 40
# Only the older of its two APIs tells the version (backend/api/v1beta1/healthz.proto in
# kubeflow/pipelines).
_HEALTH = "/apis/v1beta1/healthz"


def cluster_facts(cluster: Cluster) -> dict[str, str]:
    """Facts by name, for people. One that cannot be read says so; nothing is raised."""
    facts = {
        "gateway": cluster.gateway_url,
        "mode": "multi-user" if cluster.multi_user else "stand-alone pipelines",
        "user": cluster.user or "not known",
        "login": f"{cluster.credentials.description} ({cluster.login_reason})",
    }
    for name, read in (
        ("Kubeflow Pipelines", _pipelines),
        ("Kubernetes", _kubernetes),
        ("components", lambda cluster: ", ".join(sorted(cluster.capabilities))),
        ("storage classes", lambda cluster: ", ".join(cluster.storage_classes()) or "none"),
    ):
        try:
            facts[name] = read(cluster)
        except UNREADABLE as error:
            facts[name] = f"not to be read: {reason(error)}"
    try:
        facts |= _nodes(cluster)
    except UNREADABLE as error:
        facts["nodes"] = f"not to be read: {reason(error)}"
    return facts


def _nodes(cluster: Cluster) -> dict[str, str]:
    """A line a node: CPUs, memory, accelerators, taints."""
    nodes = read_inventory(cluster.kubernetes).nodes
    lines = {f"node {node.name}": node.describe().partition(": ")[2] for node in nodes[:_NODES]}
    if len(nodes) > _NODES:
        lines["nodes"] = f"{len(nodes)}, of which the first {_NODES} are listed here"
    return lines


def _pipelines(cluster: Cluster) -> str:
    with cluster.session() as session, reaching(cluster.kfp_api_url):
        answer = session.get(f"{cluster.kfp_api_url}{_HEALTH}", allow_redirects=False)
        if answer.status_code != 200:
            return f"version not told (answers {answer.status_code})"
        return str(answer.json().get("tag_name") or "version not told")


def _kubernetes(cluster: Cluster) -> str:
    with calling("ask for the version of Kubernetes"):
        return str(cluster.kubernetes.version.get_code().git_version)
