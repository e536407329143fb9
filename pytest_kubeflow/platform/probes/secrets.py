"""The certificates in Secrets. Keys are not kept, and neither is any other value.

Secrets are read one by one, and few of them: a list would bring every key of the cluster here.
What cert-manager issues is known by its Certificates, what servers show by a handshake.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator

from pytest_kubeflow.errors import KubeflowError, NotFound
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.listing import get_json
from pytest_kubeflow.platform.checks.gateway_certificate import gateway_secrets
from pytest_kubeflow.platform.checks.webhook_certificates import secrets_of
from pytest_kubeflow.platform.probes.probed import Probed
from pytest_kubeflow.platform.snapshot import Snapshot, Unseen
from pytest_kubeflow.platform.snapshot.fields import mapping, text
from pytest_kubeflow.platform.snapshot.observations import Observations
from pytest_kubeflow.platform.webhook import webhooks_of
from pytest_kubeflow.retries.policy import outages_of

_CERTIFICATE = "tls.crt"
_MOST = 8
_SECONDS = 3.0


def probe_secrets(kubernetes: KubernetesClient, snapshot: Snapshot) -> Probed:
    """`tls.crt` by "namespace/name": of Secrets that Gateways name, and of servers of webhooks.

    Of those servers alone that have shown no certificate.
    """
    found: dict[str, str] = {}
    unseen: list[Unseen] = []
    wanted = list(dict.fromkeys(_wanted(snapshot)))[:_MOST]
    for secret in wanted:
        namespace, _, name = secret.partition("/")
        path = f"/api/v1/namespaces/{namespace}/secrets/{name}"
        try:
            with outages_of(_SECONDS):
                read, _ = get_json(kubernetes, path, f"read Secret {secret}")
        except NotFound:
            continue
        except KubeflowError as error:
            unseen.append(Unseen(f"the certificate in Secret {secret}", error.message))
            continue
        if _CERTIFICATE in mapping(read, "data"):
            found[secret] = _decoded(text(read, "data", _CERTIFICATE))
    observed = Observations(secret_certificates=found, requests=len(wanted))
    return Probed(observed=observed, unseen=tuple(unseen))


def _wanted(snapshot: Snapshot) -> Iterator[str]:
    yield from gateway_secrets(snapshot)
    for webhook in webhooks_of(snapshot):
        if webhook.service is None:
            continue
        served = snapshot.observed.served.get("/".join(webhook.service))
        if served is None or not served.chain:
            yield from secrets_of(snapshot, webhook.service, [webhook])


def _decoded(given: str) -> str:
    """What is no base64 is no certificate either: it is given as it is."""
    try:
        return base64.b64decode(given, validate=True).decode(errors="replace")
    except (binascii.Error, ValueError):
        return given
