"""Probing: all probes on one cluster, side by side as far as one does not need another."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

from pytest_kubeflow.cluster.base import KubernetesCluster
from pytest_kubeflow.cluster.cluster import Cluster
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.platform.probes.default_password import probe_default_password
from pytest_kubeflow.platform.probes.dry_runs import probe_dry_runs
from pytest_kubeflow.platform.probes.gateway_handshake import probe_gateway_certificate
from pytest_kubeflow.platform.probes.pages import probe_pages
from pytest_kubeflow.platform.probes.probed import Probed, with_probes
from pytest_kubeflow.platform.probes.secrets import probe_secrets
from pytest_kubeflow.platform.probes.served import probe_served
from pytest_kubeflow.platform.probes.tokens import probe_issuer, probe_token
from pytest_kubeflow.platform.snapshot import Snapshot, Unseen


def probe(cluster: KubernetesCluster, snapshot: Snapshot, *, asked: bool = True) -> Snapshot:
    """The snapshot with all that is to be seen beside its lists.

    `asked` says whether the Kubernetes API could be asked for the snapshot: if not, it is not asked
    again. Nothing is raised: what cannot be looked at is in `unseen`.
    """
    with ThreadPoolExecutor(2, thread_name_prefix="probes") as pool:
        begun = [pool.submit(copy_context().run, list, _at_the_gateway(cluster, snapshot))]
        if asked:
            of_kubernetes = _in_kubernetes(cluster.kubernetes, snapshot)
            begun.append(pool.submit(copy_context().run, list, of_kubernetes))
        parts = [part for one in begun for part in one.result()]
    return with_probes(snapshot, parts)


def _in_kubernetes(kubernetes: KubernetesClient, snapshot: Snapshot) -> Iterator[Probed]:
    dry_runs = probe_dry_runs(kubernetes, snapshot)
    yield dry_runs
    yield probe_served(kubernetes, with_probes(snapshot, [dry_runs]))
    yield probe_secrets(kubernetes, snapshot)
    yield probe_issuer(kubernetes, snapshot)


def _at_the_gateway(cluster: KubernetesCluster, snapshot: Snapshot) -> Iterator[Probed]:
    if not isinstance(cluster, Cluster):
        why = "Kubeflow was not entered: no gateway was given, or none was needed"
        yield Probed(unseen=(Unseen("the gateway's pages and certificate", why),))
        return
    gateway, settings = cluster.gateway_url, cluster.config.gateway
    credentials = cluster.credentials
    yield probe_pages(gateway, settings, credentials, snapshot)
    yield probe_token(credentials)
    yield probe_gateway_certificate(gateway, settings)
    yield probe_default_password(gateway, settings, credentials, cluster.kubernetes, snapshot)
