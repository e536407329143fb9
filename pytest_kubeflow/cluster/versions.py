"""Which releases of Kubeflow's parts a cluster runs, as far as we may see that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_kubeflow.cluster.parts import PARTS, tag_of
from pytest_kubeflow.errors import ClusterUnreachable, KubeflowError, NotFound
from pytest_kubeflow.k8s.client import calling
from pytest_kubeflow.network_errors import network_errors
from pytest_kubeflow.response_text import words_of
from pytest_kubeflow.retries.statuses import fields_of, is_empty

if TYPE_CHECKING:
    from pytest_kubeflow.cluster.base import KubernetesCluster
    from pytest_kubeflow.cluster.cluster import Cluster

# The UI answers for both of its sides (frontend/server/handlers/healthz.ts in kubeflow/pipelines);
# API servers of old releases told their tag themselves.
_HEALTH = "/apis/v2beta1/healthz"
_TAGS = ("apiServerTagName", "frontendTagName", "tag_name")

CONTROLLERS: dict[str, tuple[str, str]] = {
    part.name: (part.namespace, part.deployments[0]) for part in PARTS if part.reported
}
"""Namespace and name of the Deployment whose image tells a part's release."""


def pipelines_version(cluster: Cluster) -> str:
    """The release of Kubeflow Pipelines, or that it is not told."""
    with cluster.session() as session, network_errors(cluster.kfp_api_url):
        answer = session.get(
            f"{cluster.kfp_api_url}{_HEALTH}",
            headers={"Accept": "application/json"},
            allow_redirects=False,
        )
        if answer.status_code != 200:
            return f"version not told (answers {answer.status_code})"
        found = fields_of(answer.content)
        if not found and not is_empty(answer.content):
            message = words_of(answer.content, longest=200)
            raise ClusterUnreachable(f"{_HEALTH} answers what is no JSON object: '{message}'")
        return str(next((found[key] for key in _TAGS if found.get(key)), "version not told"))


def kubernetes_version(cluster: KubernetesCluster) -> str:
    """The release of Kubernetes."""
    with calling("ask for the version of Kubernetes"):
        return str(cluster.kubernetes.version.get_code().git_version)


def controller_versions(cluster: KubernetesCluster) -> dict[str, str]:
    """The releases of those of `CONTROLLERS` that are there and that we may read."""
    found: dict[str, str] = {}
    for part, (namespace, name) in CONTROLLERS.items():
        try:
            with calling(f"read deployment {namespace}/{name}"):
                deployment = cluster.kubernetes.apps.read_namespaced_deployment(name, namespace)
        except NotFound:
            continue
        except KubeflowError:
            return found  # who may not read this one may not read the others
        found[part] = tag_of(deployment.spec.template.spec.containers[0].image)
    return found
