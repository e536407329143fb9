"""The certificates in Secrets. Keys are not kept, and neither is any other value."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator

from pytest_kubeflow.errors import KubeflowError, NotFound, PermissionDenied
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.listing import get_json, list_pages
from pytest_kubeflow.platform.checks.webhook_certificates import mounted_secrets
from pytest_kubeflow.platform.probes.probed import Probed
from pytest_kubeflow.platform.snapshot import Object, Snapshot, Unseen
from pytest_kubeflow.platform.snapshot.fields import mapping, name_of, text
from pytest_kubeflow.platform.snapshot.observations import Observations
from pytest_kubeflow.platform.webhook import webhooks_of
from pytest_kubeflow.retries.policy import outages_of

_CERTIFICATE = "tls.crt"
_OF_TLS = "type=kubernetes.io/tls"
_WHAT = "the certificates in Secrets"
_MOST_BY_NAME = 4
_MOST_NAMESPACES = 3
_SECONDS = 3.0


def probe_secrets(kubernetes: KubernetesClient, snapshot: Snapshot) -> Probed:
    """`tls.crt` of the Secrets for TLS, by "namespace/name", and of what webhooks' servers mount.

    Where Secrets may not be listed in the whole cluster, those of the snapshot's namespaces.
    """
    return _Reading(kubernetes, snapshot).read()


class _Reading:
    def __init__(self, kubernetes: KubernetesClient, snapshot: Snapshot) -> None:
        self._kubernetes = kubernetes
        self._snapshot = snapshot
        self._found: dict[str, str] = {}
        self._unseen: list[Unseen] = []
        self._requests = 0

    def read(self) -> Probed:
        with outages_of(_SECONDS):
            try:
                self._list("/api/v1/secrets")
            except PermissionDenied as refused:
                self._in_namespaces(refused)
            except KubeflowError as error:
                self._unseen.append(Unseen(_WHAT, error.message))
            else:
                self._mounted()
        observed = Observations(secret_certificates=self._found, requests=self._requests)
        return Probed(observed=observed, unseen=tuple(self._unseen))

    def _in_namespaces(self, refused: KubeflowError) -> None:
        seen = []
        for namespace in self._snapshot.namespaces[:_MOST_NAMESPACES]:
            try:
                self._list(f"/api/v1/namespaces/{namespace}/secrets")
            except KubeflowError:
                continue
            seen.append(namespace)
        partly = f"seen in {', '.join(seen)} alone: " if seen else ""
        self._unseen.append(Unseen(_WHAT, f"{partly}{refused.message}"))

    def _list(self, path: str) -> None:
        self._requests += 1  # a refused one, too
        pages = list_pages(self._kubernetes, path, "list Secrets", field_selector=_OF_TLS)
        for number, page in enumerate(pages):
            self._requests += number > 0
            for one in page:
                self._keep(one)

    def _mounted(self) -> None:
        """Those that have another type: servers that make their certificates themselves."""
        for secret in list(self._missing())[:_MOST_BY_NAME]:
            namespace, _, name = secret.partition("/")
            path = f"/api/v1/namespaces/{namespace}/secrets/{name}"
            self._requests += 1
            try:
                found, _ = get_json(self._kubernetes, path, f"read Secret {secret}")
            except NotFound:
                continue
            except KubeflowError as error:
                self._unseen.append(Unseen(f"the certificate in Secret {secret}", error.message))
                continue
            self._keep(found)

    def _missing(self) -> Iterator[str]:
        told: set[str] = set(self._found)
        for webhook in webhooks_of(self._snapshot):
            if webhook.service is None:
                continue
            for secret in mounted_secrets(self._snapshot, webhook.service):
                if secret not in told:
                    told.add(secret)
                    yield secret

    def _keep(self, secret: Object) -> None:
        data = mapping(secret, "data")
        if _CERTIFICATE not in data:
            return
        given = text(secret, "data", _CERTIFICATE)
        try:
            told = base64.b64decode(given, validate=True).decode(errors="replace")
        except (binascii.Error, ValueError):
            told = given
        self._found[name_of(secret)] = told
