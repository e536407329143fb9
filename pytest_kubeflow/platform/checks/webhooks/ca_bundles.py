"""The caBundles of webhooks against the certificates of their servers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pytest_kubeflow.platform.backends import has_ended, pods_of
from pytest_kubeflow.platform.certificate import (
    Certificate,
    NoCertificateError,
    read_der,
    read_pem,
)
from pytest_kubeflow.platform.snapshot import Object, Snapshot
from pytest_kubeflow.platform.snapshot.fields import items, name_of, pairs, text
from pytest_kubeflow.platform.snapshot.kind import CERTIFICATES, SERVICES
from pytest_kubeflow.platform.webhook import Webhook

_INJECTED_FROM = "cert-manager.io/inject-ca-from"


@dataclass(frozen=True)
class ServerCertificate:
    """What a webhook's server shows, its own first. `source` says how it was seen."""

    chain: Sequence[Certificate]
    source: str

    @property
    def own(self) -> Certificate:
        """The server's own."""
        return self.chain[0]


def server_certificate(
    snapshot: Snapshot, service: tuple[str, str], webhooks: Sequence[Webhook]
) -> ServerCertificate | None:
    """What the server shows; else what its Secret holds. None where neither was seen."""
    namespace, name = service
    served = snapshot.observed.served.get(f"{namespace}/{name}")
    if served is not None and served.chain:
        try:
            chain = [read_der(one) for one in served.chain]
        except NoCertificateError:
            return None
        return ServerCertificate(chain, f"Service {namespace}/{name} shows")
    for secret in secrets_of(snapshot, service, webhooks):
        pem = snapshot.observed.secret_certificates.get(secret)
        if pem is None:
            continue
        try:
            return ServerCertificate(read_pem(pem), f"Secret {secret} holds")
        except NoCertificateError:
            continue
    return None


def secrets_of(
    snapshot: Snapshot, service: tuple[str, str], webhooks: Sequence[Webhook]
) -> Iterator[str]:
    """The Secrets that the server may have its certificate from, the likeliest first."""
    for webhook in webhooks:
        origin = pairs(webhook.configuration, "metadata", "annotations").get(_INJECTED_FROM, "")
        namespace, _, name = origin.partition("/")
        certificate = snapshot.named(CERTIFICATES, name, namespace)
        if certificate is not None and (secret := text(certificate, "spec", "secretName")):
            yield f"{namespace}/{secret}"
    mounted = tuple(mounted_secrets(snapshot, service))
    if len(mounted) == 1:  # of several, which one it serves with cannot be told
        yield from mounted


def mounted_secrets(snapshot: Snapshot, service: tuple[str, str]) -> Iterator[str]:
    """The Secrets in the volumes of the pods behind a Service, by "namespace/name"."""
    found = snapshot.named(SERVICES, service[1], service[0])
    pods: Sequence[Object] = pods_of(snapshot, found) if found is not None else ()
    yield from sorted({secret for pod in pods for secret in secrets_in(pod)})


def secrets_in(pod: Object) -> Iterator[str]:
    """The Secrets in the volumes of a pod, by "namespace/name"; none of one that has ended."""
    namespace = text(pod, "metadata", "namespace")
    for volume in () if has_ended(pod) else items(pod, "spec", "volumes"):
        if name := text(volume, "secret", "secretName"):
            yield f"{namespace}/{name}"


def anchors_of(webhook: Webhook) -> Sequence[Certificate]:
    """The certificates in its caBundle. Raises NoCertificateError."""
    return read_pem(webhook.bundle)


def described(webhooks: Sequence[Webhook]) -> str:
    """Their configurations, for people."""
    return ", ".join(dict.fromkeys(name_of(one.configuration) for one in webhooks))
