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
from pytest_kubeflow.platform.checks.mesh.gateway_certificate import gateway_secrets
from pytest_kubeflow.platform.checks.mesh.mutual_tls import ROOT
from pytest_kubeflow.platform.checks.webhooks.ca_bundles import secrets_of
from pytest_kubeflow.platform.place import PLATFORM
from pytest_kubeflow.platform.probes.probed import Probed
from pytest_kubeflow.platform.snapshot import Object, Snapshot, Unseen
from pytest_kubeflow.platform.snapshot.fields import mapping, name_of, text, time
from pytest_kubeflow.platform.snapshot.kind import CERTIFICATES, DEPLOYMENTS, TLS_SECRETS
from pytest_kubeflow.platform.snapshot.observations import Observations
from pytest_kubeflow.platform.webhook import webhooks_of
from pytest_kubeflow.retries.policy import outages_of

_CERTIFICATES = ("tls.crt", "ca-cert.pem")
_MOST = 16
_SECONDS = 3.0


def probe_secrets(kubernetes: KubernetesClient, snapshot: Snapshot) -> Probed:
    """The certificate by "namespace/name": of Secrets that Gateways name, of servers of webhooks.

    Of those servers alone that have shown no certificate. Then of the other Secrets for TLS of the
    platform that no Certificate tells of, and of Istio's authority where it was given one.
    """
    found: dict[str, str] = {}
    unseen: list[Unseen] = []
    known = list(dict.fromkeys(_wanted(snapshot)))
    wanted, left_out = known[:_MOST], known[_MOST:]
    if left_out:
        why = f"{_MOST} Secrets are read at most"
        unseen.append(Unseen(f"the certificates in Secrets {', '.join(left_out)}", why))
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
        key = next((one for one in _CERTIFICATES if one in mapping(read, "data")), "")
        if key:
            found[secret] = _decoded(text(read, "data", key))
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
    found = {_secret_of(one) for one in snapshot.all(CERTIFICATES) if _ends(one)}
    for secret in snapshot.all(TLS_SECRETS):
        if text(secret, "metadata", "namespace") in PLATFORM and name_of(secret) not in found:
            yield name_of(secret)
    if (
        snapshot.named(DEPLOYMENTS, "istiod", ROOT)
        and f"{ROOT}/istiod" not in snapshot.observed.served
    ):
        yield f"{ROOT}/cacerts"


def _secret_of(certificate: Object) -> str:
    namespace = text(certificate, "metadata", "namespace")
    return f"{namespace}/{text(certificate, 'spec', 'secretName')}"


def _ends(certificate: Object) -> bool:
    """Whether cert-manager tells until when it is valid."""
    return time(certificate, "status", "notAfter") is not None


def _decoded(given: str) -> str:
    """What is no base64 is no certificate either: it is given as it is."""
    try:
        return base64.b64decode(given, validate=True).decode(errors="replace")
    except (binascii.Error, ValueError):
        return given
