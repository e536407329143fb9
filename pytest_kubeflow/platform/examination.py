"""Examination: the snapshot of a cluster, what is asked for beside it, and all checks on that."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_kubeflow.cluster.base import KubernetesCluster
from pytest_kubeflow.cluster.cluster import Cluster
from pytest_kubeflow.errors import KubeflowError
from pytest_kubeflow.platform.health import Health, health_of
from pytest_kubeflow.platform.probes import probe
from pytest_kubeflow.platform.snapshot import Snapshot, Unseen, read_snapshot
from pytest_kubeflow.platform.snapshot.snapshot import KUBERNETES


def examine(cluster: KubernetesCluster, *, tries_password: bool = True) -> Health:
    """What is broken on a cluster, as far as we may see that.

    Where Kubeflow was entered the pages of its gateway are looked at, too. With `tries_password`
    it may be tried whether the password of the example installation is valid. Raises KubeflowError
    if neither the gateway nor the Kubernetes API can be asked.
    """
    snapshot = _snapshot(cluster)
    asked = bool(snapshot.objects)
    return health_of(probe(cluster, snapshot, asked=asked, tries_password=tries_password))


def _snapshot(cluster: KubernetesCluster) -> Snapshot:
    if not cluster.kubernetes.is_configured:
        why = "no kubeconfig was given (--kf-kubeconfig=FILE)"
        return Snapshot(objects={}, unseen=[Unseen(KUBERNETES, why)])
    try:
        return read_snapshot(cluster.kubernetes, namespaces=tuple(_own_namespaces(cluster)))
    except KubeflowError as error:
        if not isinstance(cluster, Cluster):
            raise
        return Snapshot(objects={}, unseen=[Unseen(KUBERNETES, error.message)])


def _own_namespaces(cluster: KubernetesCluster) -> Iterator[str]:
    """Where who may not see the whole cluster may look: the namespace to work in."""
    wanted = cluster.config.kubernetes.namespace or cluster.kubernetes.context_namespace
    if wanted:
        yield wanted
