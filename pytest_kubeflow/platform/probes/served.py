"""Served: the certificates that the servers of webhooks show, by forwarded ports."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass

from pytest_kubeflow.errors import KubeflowError, PermissionDenied
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.ports.portforward import PortForward
from pytest_kubeflow.k8s.ports.tunnel import PodPort
from pytest_kubeflow.platform.backends import is_ready, pods_of, target_port
from pytest_kubeflow.platform.probes.handshake import shown_by
from pytest_kubeflow.platform.probes.probed import Probed
from pytest_kubeflow.platform.snapshot import Snapshot, Unseen
from pytest_kubeflow.platform.snapshot.fields import name_of, text
from pytest_kubeflow.platform.snapshot.kind import SERVICES
from pytest_kubeflow.platform.snapshot.observations import Observations, ServedCertificate
from pytest_kubeflow.platform.webhook import webhooks_of
from pytest_kubeflow.retries.policy import outages_of

_MOST = 10
"""Services that are asked at most: those whose calls are not known to work come first."""

_AT_ONCE = 5
_SECONDS = 3.0


@dataclass(frozen=True)
class _Server:
    """Where a webhook is asked."""

    service: str
    name: str
    target: PodPort


def probe_served(kubernetes: KubernetesClient, snapshot: Snapshot) -> Probed:
    """What they show, by "namespace/service".

    Needs `create pods/portforward` in their namespaces: without it nothing more is asked.
    """
    found = list(_servers(snapshot))
    servers, left_out = found[:_MOST], found[_MOST:]
    if not servers:
        return Probed()
    served: dict[str, ServedCertificate] = {}
    requests = 1
    with outages_of(_SECONDS):
        try:
            served[servers[0].service] = _ask(kubernetes, servers[0])
        except PermissionDenied as error:
            what = "the certificates that the servers of webhooks show"
            return Probed.nothing(what, error, requests=requests)
        except KubeflowError as error:
            served[servers[0].service] = ServedCertificate((), error.message)
        unseen = [
            Unseen(
                f"the certificate that Service {one.service} shows", f"{_MOST} are asked at most"
            )
            for one in left_out
        ]
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="served") as pool:
            begun = [
                (one, pool.submit(copy_context().run, _ask, kubernetes, one)) for one in servers[1:]
            ]
            for server, outcome in begun:
                requests += 1
                try:
                    served[server.service] = outcome.result()
                except PermissionDenied as error:
                    what = f"the certificate that Service {server.service} shows"
                    unseen.append(Unseen(what, error.message))
                except KubeflowError as error:
                    served[server.service] = ServedCertificate((), error.message)
    return Probed(observed=Observations(served=served, requests=requests), unseen=tuple(unseen))


def _servers(snapshot: Snapshot) -> Iterator[_Server]:
    """Of each Service of a webhook, a pod that is ready."""
    known = snapshot.observed.dry_runs
    webhooks = sorted(webhooks_of(snapshot), key=lambda one: known.get(one.name) == "")
    found: set[tuple[str, str]] = set()
    for webhook in webhooks:
        if webhook.service is None or webhook.service in found:
            continue
        found.add(webhook.service)
        namespace, name = webhook.service
        service = snapshot.named(SERVICES, name, namespace)
        if service is None:
            continue
        for pod in filter(is_ready, pods_of(snapshot, service)):
            port = target_port(service, webhook.port, pod)
            if port is not None:
                target = PodPort(namespace, text(pod, "metadata", "name"), port)
                yield _Server(name_of(service), webhook.server_name, target)
                break


def _ask(kubernetes: KubernetesClient, server: _Server) -> ServedCertificate:
    with PortForward.to_pod(kubernetes, server.target) as forward:
        return shown_by(
            lambda: socket.create_connection(forward.address, timeout=_SECONDS), server.name
        )
