"""Examination: the snapshot of a cluster, what is asked for beside it, and all checks on that."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

from pytest_kubeflow.cluster.base import KubernetesCluster
from pytest_kubeflow.cluster.cluster import Cluster
from pytest_kubeflow.errors import KubeflowError
from pytest_kubeflow.platform.health import Health, health_of
from pytest_kubeflow.platform.probes import Probed, with_probes
from pytest_kubeflow.platform.probes.default_password import probe_default_password
from pytest_kubeflow.platform.probes.dry_runs import probe_dry_runs
from pytest_kubeflow.platform.probes.gateway_handshake import probe_gateway_certificate
from pytest_kubeflow.platform.probes.logs import probe_logs
from pytest_kubeflow.platform.probes.pages import probe_pages
from pytest_kubeflow.platform.probes.secrets import probe_secrets
from pytest_kubeflow.platform.probes.served import probe_served
from pytest_kubeflow.platform.probes.tokens import probe_issuer, probe_token
from pytest_kubeflow.platform.snapshot import Snapshot, Unseen, read_snapshot
from pytest_kubeflow.platform.snapshot.snapshot import KUBERNETES

Probe = Callable[[], Probed]


def examine(cluster: KubernetesCluster, *, tries_password: bool = True) -> Health:
    """What is broken on a cluster, as far as we may see that.

    Where Kubeflow was entered the pages of its gateway are looked at, too. With `tries_password`
    it may be tried whether the password of the example installation is valid. Raises KubeflowError
    if neither the gateway nor the Kubernetes API can be asked.
    """
    snapshot = _snapshot(cluster)
    probes: list[Probe] = []
    if snapshot.objects:
        probes += _of_kubernetes(cluster, snapshot)
    if isinstance(cluster, Cluster):
        probes += _of_the_gateway(cluster, snapshot, tries_password=tries_password)
    with ThreadPoolExecutor(max(len(probes), 1), thread_name_prefix="probe") as pool:
        begun = [pool.submit(copy_context().run, probe) for probe in probes]
        return health_of(with_probes(snapshot, [one.result() for one in begun]))


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


def _of_kubernetes(cluster: KubernetesCluster, snapshot: Snapshot) -> Iterator[Probe]:
    for probe in (probe_logs, probe_dry_runs, probe_secrets, probe_served, probe_issuer):
        yield lambda probe=probe: probe(cluster.kubernetes, snapshot)  # type: ignore[misc]


def _of_the_gateway(
    cluster: Cluster, snapshot: Snapshot, *, tries_password: bool
) -> Iterator[Probe]:
    gateway, settings = cluster.gateway_url, cluster.config.gateway
    credentials, kubernetes = cluster.credentials, cluster.kubernetes
    yield lambda: probe_gateway_certificate(gateway, settings)
    yield lambda: probe_pages(gateway, settings, credentials, snapshot)
    yield lambda: probe_token(credentials)
    if tries_password:
        yield lambda: probe_default_password(gateway, settings, credentials, kubernetes, snapshot)
