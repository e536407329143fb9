"""The certificates that the gateway shows to browsers and clients, or is configured with."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from pytest_kubeflow.platform.backends import labels
from pytest_kubeflow.platform.catalogue.certificates import (
    GATEWAY_CERTIFICATE_EXPIRES,
    GATEWAY_CERTIFICATE_NAME_WRONG,
    GATEWAY_CERTIFICATE_UNTRUSTED,
)
from pytest_kubeflow.platform.certificate import (
    Certificate,
    NoCertificateError,
    read_der,
    read_pem,
)
from pytest_kubeflow.platform.fault import Fault, Severity
from pytest_kubeflow.platform.finding import Finding
from pytest_kubeflow.platform.place import PLATFORM
from pytest_kubeflow.platform.selectors import is_within
from pytest_kubeflow.platform.snapshot import Object, Snapshot
from pytest_kubeflow.platform.snapshot.fields import items, name_of, pairs, text, texts
from pytest_kubeflow.platform.snapshot.kind import GATEWAYS, PODS

_ISTIO = "istio"
_NAMESPACE = "istio-system"
"""Where the gateway's pods, and so its Secrets, are, if nothing else is seen."""

_LOCAL = re.compile(r"localhost|127(\.\d+){3}|::1|.+\.localhost")


def check_gateway_certificate(snapshot: Snapshot) -> Iterator[Finding]:
    """Their times, their names, and whether this machine trusts who has issued them."""
    seen: set[bytes] = set()
    for address, served in snapshot.observed.served.items():
        if ":" not in address or not served.chain:
            continue
        try:
            chain = [read_der(one) for one in served.chain]
        except NoCertificateError:
            continue
        seen.add(chain[0].fingerprint)
        yield from _shown(snapshot, address, chain, served.error)
    for secret, server in gateway_secrets(snapshot).items():
        try:
            chain = list(read_pem(snapshot.observed.secret_certificates.get(secret, "")))
        except NoCertificateError:  # not seen, or told as what it is
            continue
        if chain[0].fingerprint not in seen:
            yield from _configured(snapshot, secret, server, chain)


def is_this_machine(host: str) -> bool:
    """Whether a host is a port of this machine, such as a forwarded one: people use another."""
    return _LOCAL.fullmatch(host) is not None


def gateway_secrets(snapshot: Snapshot) -> Mapping[str, Object]:
    """The Secrets that Gateways name, by "namespace/name", with the server that does.

    Istio reads them in the namespace of the gateway's pods.
    """
    found: dict[str, Object] = {}
    for gateway in snapshot.all(GATEWAYS):
        namespace = _namespace_of(snapshot, gateway)
        for server in items(gateway, "spec", "servers"):
            if name := text(server, "tls", "credentialName"):
                found.setdefault(f"{namespace}/{name}", {**server, "of": name_of(gateway)})
    return found


def _namespace_of(snapshot: Snapshot, gateway: Object) -> str:
    wanted = pairs(gateway, "spec", "selector")
    pods = (one for one in snapshot.all(PODS) if wanted and is_within(wanted, labels(one)))
    return next((text(one, "metadata", "namespace") for one in pods), _NAMESPACE)


def _shown(
    snapshot: Snapshot, address: str, chain: Sequence[Certificate], error: str
) -> Iterator[Finding]:
    host = urlsplit(f"//{address}").hostname or ""
    whose = f"the certificate of the gateway at {address}"
    yield from _time(snapshot, whose, chain)
    own = chain[0]
    if not own.is_for(host):
        names = ", ".join(own.names) or "no name at all"
        sentence = f"the gateway at {address} shows a certificate for {names}, not for {host}"
        forwarded = Severity.NOTICE if is_this_machine(host) else None
        yield _finding(snapshot, GATEWAY_CERTIFICATE_NAME_WRONG, sentence, own, severity=forwarded)
    if error:
        sentence = f"{whose} is not trusted here: {error}"
        yield _finding(snapshot, GATEWAY_CERTIFICATE_UNTRUSTED, sentence, own)


def _configured(
    snapshot: Snapshot, secret: str, server: Object, chain: Sequence[Certificate]
) -> Iterator[Finding]:
    whose = f"the certificate of Gateway {text(server, 'of')} (Secret {secret})"
    if text(server, "of").partition("/")[0] not in PLATFORM:  # users of Kubeflow do not see it
        for found in _time(snapshot, whose, chain):
            yield replace(found, severity=Severity.DEGRADED)
        return
    yield from _time(snapshot, whose, chain)
    hosts = [one.rpartition("/")[2] for one in texts(server, "hosts")]
    asked = urlsplit(snapshot.observed.gateway).hostname or ""
    if "*" in hosts and not is_this_machine(asked):
        hosts.append(asked)
    wrong = [one for one in hosts if one and "*" not in one and not chain[0].is_for(one)]
    if wrong:
        names = ", ".join(chain[0].names) or "no name at all"
        sentence = f"{whose} is for {names}, not for {', '.join(wrong)}"
        yield _finding(snapshot, GATEWAY_CERTIFICATE_NAME_WRONG, sentence, chain[0])


def _time(snapshot: Snapshot, whose: str, chain: Sequence[Certificate]) -> Iterator[Finding]:
    now = snapshot.taken
    for one in chain:
        if one.has_ended(now):
            sentence = f"{whose} ended at {one.ends:%Y-%m-%d}"
            yield _finding(snapshot, GATEWAY_CERTIFICATE_EXPIRES, sentence, one)
            return
        if one.ends_soon(now):
            sentence = f"{whose} ends at {one.ends:%Y-%m-%d}, in {(one.ends - now).days} days"
            yield _finding(
                snapshot, GATEWAY_CERTIFICATE_EXPIRES, sentence, one, severity=Severity.DEGRADED
            )
            return


def _finding(
    snapshot: Snapshot,
    fault: Fault,
    sentence: str,
    shown: Certificate,
    *,
    severity: Severity | None = None,
) -> Finding:
    secrets = list(gateway_secrets(snapshot)) or [f"{_NAMESPACE}/NAME"]
    return Finding(
        fault=fault,
        component=_ISTIO,
        sentence=sentence,
        fix="\n".join(
            f"kubectl -n {one.partition('/')[0]} create secret tls "
            f"{shlex.quote(one.partition('/')[2])} --cert=FILE --key=FILE "
            "--dry-run=client -o yaml | kubectl apply -f -"
            for one in secrets
        ),
        evidence=(f"it is that of {shown.subject or 'nobody'}, issued by {shown.issuer}",),
        severity=severity or fault.severity,
    )
