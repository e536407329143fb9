"""The keys of a cluster's object store: configured ones, or those that namespaces have."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_kubeflow.cluster.base import KubernetesCluster
from pytest_kubeflow.errors import KubeflowError
from pytest_kubeflow.k8s.profiles import artifact_keys
from pytest_kubeflow.objectstore.client import S3Access
from pytest_kubeflow.redaction import Secret


def access_with(cluster: KubernetesCluster, keys: tuple[Secret, Secret]) -> S3Access:
    """The cluster's store, with these keys."""
    access_key, secret_key = keys
    cluster.redactor.add_access_key(access_key)
    cluster.redactor.add(secret_key)
    settings, gateway = cluster.s3, cluster.config.gateway
    return S3Access(
        str(settings.endpoint),
        *keys,
        region=settings.region,
        ca_cert=gateway.ca_cert,
        insecure=gateway.insecure,
        direct=cluster.store.is_forwarded,
    )


def keys_for(cluster: KubernetesCluster, *namespaces: str) -> Iterator[tuple[Secret, Secret]]:
    """The keys that were configured; or else those of these namespaces that we may read."""
    settings = cluster.s3
    if settings.access_key is not None and settings.secret_key is not None:
        yield settings.access_key, settings.secret_key
        return
    for namespace in namespaces:
        try:
            yield artifact_keys(cluster.kubernetes, namespace)
        except KubeflowError:
            continue
