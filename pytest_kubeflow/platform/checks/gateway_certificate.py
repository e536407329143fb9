"""The certificate that the gateway shows to browsers and clients."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_kubeflow.platform.catalogue.certificates import (
    GATEWAY_CERTIFICATE_EXPIRES,
    GATEWAY_CERTIFICATE_NAME_WRONG,
    GATEWAY_CERTIFICATE_UNTRUSTED,
)
from pytest_kubeflow.platform.certificate import Certificate, NoCertificateError, read_der
from pytest_kubeflow.platform.fault import Fault, Severity
from pytest_kubeflow.platform.finding import Finding
from pytest_kubeflow.platform.snapshot import Snapshot
from pytest_kubeflow.platform.snapshot.fields import items, text
from pytest_kubeflow.platform.snapshot.kind import GATEWAYS

_ISTIO = "istio"


def check_gateway_certificate(snapshot: Snapshot) -> Iterator[Finding]:
    """Its time, its name, and whether this machine trusts who has issued it."""
    for address, served in snapshot.observed.served.items():
        if ":" not in address or not served.chain:
            continue
        host = address.rpartition(":")[0]
        try:
            chain = [read_der(one) for one in served.chain]
        except NoCertificateError:
            continue
        own = chain[0]
        if (found := _time(snapshot, address, chain)) is not None:
            yield found
        if not own.is_for(host.strip("[]")):
            names = ", ".join(own.names) or "no name at all"
            yield _finding(
                snapshot,
                GATEWAY_CERTIFICATE_NAME_WRONG,
                f"the gateway at {address} shows a certificate for {names}, not for {host}",
                own,
            )
        if served.error:
            yield _finding(
                snapshot,
                GATEWAY_CERTIFICATE_UNTRUSTED,
                f"the certificate of the gateway at {address} is not trusted here: {served.error}",
                own,
            )


def _time(snapshot: Snapshot, address: str, chain: list[Certificate]) -> Finding | None:
    now = snapshot.taken
    for one in chain:
        if one.has_ended(now):
            sentence = f"the certificate of the gateway at {address} ended at {one.ends:%Y-%m-%d}"
            return _finding(snapshot, GATEWAY_CERTIFICATE_EXPIRES, sentence, one)
        if one.ends_soon(now):
            left = (one.ends - now).days
            sentence = (
                f"the certificate of the gateway at {address} ends at {one.ends:%Y-%m-%d}, "
                f"in {left} days"
            )
            return _finding(
                snapshot, GATEWAY_CERTIFICATE_EXPIRES, sentence, one, severity=Severity.DEGRADED
            )
    return None


def _finding(
    snapshot: Snapshot,
    fault: Fault,
    sentence: str,
    shown: Certificate,
    *,
    severity: Severity | None = None,
) -> Finding:
    secrets = dict.fromkeys(
        name
        for gateway in snapshot.all(GATEWAYS)
        for server in items(gateway, "spec", "servers")
        if (name := text(server, "tls", "credentialName"))
    )
    named = list(secrets) or ["NAME"]
    return Finding(
        fault=fault,
        component=_ISTIO,
        sentence=sentence,
        fix="\n".join(
            f"kubectl -n istio-system create secret tls {name} --cert=FILE --key=FILE "
            "--dry-run=client -o yaml | kubectl apply -f -"
            for name in named
        ),
        evidence=(f"it shows {shown.subject or 'no subject'}, issued by {shown.issuer}",),
        severity=severity or fault.severity,
    )
