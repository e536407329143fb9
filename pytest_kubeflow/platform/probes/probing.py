"""Probing: all probes on one cluster, side by side as far as one does not need another."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

from pytest_kubeflow.cluster.base import KubernetesCluster
from pytest_kubeflow.cluster.cluster import Cluster
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.platform.probes.default_password import probe_default_password
from pytest_kubeflow.platform.probes.dry_runs import probe_dry_runs
from pytest_kubeflow.platform.probes.gateway_handshake import probe_gateway_certificate
from pytest_kubeflow.platform.probes.listening import probe_listening
from pytest_kubeflow.platform.probes.logs import probe_logs
from pytest_kubeflow.platform.probes.pages import probe_pages
from pytest_kubeflow.platform.probes.probed import Probed, with_probes
from pytest_kubeflow.platform.probes.secrets import probe_secrets
from pytest_kubeflow.platform.probes.served import probe_served
from pytest_kubeflow.platform.probes.tokens import probe_issuer, probe_token
from pytest_kubeflow.platform.snapshot import Snapshot

_OF_THE_GATEWAY = ("the pages of the gateway", "the gateway's certificate", "the default password")


def probe(
    cluster: KubernetesCluster,
    snapshot: Snapshot,
    *,
    asked: bool = True,
    tries_password: bool = True,
) -> Snapshot:
    """The snapshot with all that is to be seen beside its lists.

    `asked` says whether the Kubernetes API could be asked for the snapshot: if not, it is not asked
    again. With `tries_password` it may be tried whether the password of the example installation is
    valid. Nothing is raised: what cannot be looked at is in `unseen`.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="gateway") as pool:
        at_the_gateway = pool.submit(
            copy_context().run, _at_the_gateway, cluster, snapshot, tries_password
        )
        parts = _in_kubernetes(cluster.kubernetes, snapshot) if asked else []
        return with_probes(snapshot, [*parts, *at_the_gateway.result()])


def _in_kubernetes(kubernetes: KubernetesClient, snapshot: Snapshot) -> list[Probed]:
    dry_runs = probe_dry_runs(kubernetes, snapshot)
    served = probe_served(kubernetes, with_probes(snapshot, [dry_runs]))
    return [
        dry_runs,
        served,
        probe_secrets(kubernetes, with_probes(snapshot, [served])),
        probe_issuer(kubernetes, snapshot),
        probe_listening(kubernetes, snapshot),
        probe_logs(kubernetes, snapshot),
    ]


def _at_the_gateway(
    cluster: KubernetesCluster, snapshot: Snapshot, tries_password: bool
) -> list[Probed]:
    if not isinstance(cluster, Cluster):
        why = "Kubeflow was not entered"
        return [Probed.nothing(what, why) for what in _OF_THE_GATEWAY]
    gateway, settings = cluster.gateway_url, cluster.config.gateway
    credentials, kubernetes = cluster.credentials, cluster.kubernetes
    parts = [
        probe_pages(gateway, settings, credentials, snapshot),
        probe_token(credentials),
        probe_gateway_certificate(gateway, settings),
    ]
    if tries_password:
        found = probe_default_password(gateway, settings, credentials, kubernetes, snapshot)
        parts.append(found)
    return parts
