"""Certificates: what cert-manager has issued, and how long what is shown or stored is valid."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from pytest_kubeflow.platform.age import ENDING, STARTING, is_young, longer_than
from pytest_kubeflow.platform.backends import is_ending
from pytest_kubeflow.platform.catalogue.certificates import (
    CERTIFICATE_EXPIRED,
    CERTIFICATE_EXPIRES_SOON,
    CERTIFICATE_NOT_READY,
    CERTIFICATE_UNREADABLE,
)
from pytest_kubeflow.platform.certificate import (
    SOON,
    Certificate,
    NoCertificateError,
    read_der,
    read_pem,
)
from pytest_kubeflow.platform.checks.mesh.gateway_certificate import gateway_secrets
from pytest_kubeflow.platform.checks.webhooks.ca_bundles import secrets_in
from pytest_kubeflow.platform.component import component_of
from pytest_kubeflow.platform.fault import Fault, Severity
from pytest_kubeflow.platform.finding import Finding
from pytest_kubeflow.platform.place import is_ours, severity_at
from pytest_kubeflow.platform.snapshot import Object, Snapshot
from pytest_kubeflow.platform.snapshot.fields import condition, name_of, text, time
from pytest_kubeflow.platform.snapshot.kind import CERTIFICATES, PODS

_AUTHORITY = "istio-system/cacerts"
"""With which Istio signs, where it was given one."""


def check_certificates(snapshot: Snapshot) -> Iterator[Finding]:
    """Whether certificates are there, can be read, and are valid for a while."""
    told: set[str] = set()
    for certificate in snapshot.all(CERTIFICATES):
        if is_ending(certificate):
            continue
        found = _of_cert_manager(snapshot, certificate)
        severity = _weight_at(snapshot, _secret_of(certificate), found)
        if found is not None and severity is not None:
            told.add(_secret_of(certificate))
            yield replace(found, severity=severity)
    seen: set[bytes] = set()
    elsewhere = told | set(gateway_secrets(snapshot))
    for where, certificates in _shown(snapshot):
        if where.removeprefix("Secret ") in elsewhere:  # its server shows the same
            seen.update(one.fingerprint for one in certificates)
    for where, certificates in _shown(snapshot):
        yield from _times(snapshot, where, certificates, seen)
    yield from _unreadable(snapshot, told)


def _of_cert_manager(snapshot: Snapshot, certificate: Object) -> Finding | None:
    """What its status says of it; of several things the worst."""
    now, name = snapshot.taken, name_of(certificate)
    ends = time(certificate, "status", "notAfter")
    if ends is not None and ends <= now:
        return _finding(
            CERTIFICATE_EXPIRED,
            name,
            f"Certificate {name} ended at {_day(ends)}: cert-manager has not renewed it",
            _describe(certificate),
            (_ready_message(certificate),),
            f"Certificate {name}",
        )
    ready = condition(certificate, "Ready")
    late = longer_than(STARTING, snapshot, ready, "lastTransitionTime")
    if text(ready, "status") == "False" and late and not is_young(snapshot, certificate):
        return _finding(
            CERTIFICATE_NOT_READY,
            name,
            f"Certificate {name} is not ready: "
            + (text(ready, "message") or text(ready, "reason") or "it says no reason"),
            _describe(certificate),
            (),
            f"Certificate {name}",
        )
    renewal = time(certificate, "status", "renewalTime")
    is_late = renewal is None or renewal < now - ENDING
    if ends is not None and ends - now <= SOON and is_late:
        return _finding(
            CERTIFICATE_EXPIRES_SOON,
            name,
            f"Certificate {name} ends at {_day(ends)}, {_days(ends, now)}, and was not renewed",
            _describe(certificate),
            (_ready_message(certificate),),
            f"Certificate {name}",
        )
    return None


def _shown(snapshot: Snapshot) -> Iterator[tuple[str, tuple[Certificate, ...]]]:
    """The certificates that servers show, and those in Secrets, with where they are."""
    for service, served in snapshot.observed.served.items():
        if ":" in service or not served.chain:  # the gateway's, which is looked at by itself
            continue
        try:
            yield f"Service {service}", tuple(read_der(one) for one in served.chain)
        except NoCertificateError:
            continue
    for secret, pem in snapshot.observed.secret_certificates.items():
        try:
            yield f"Secret {secret}", read_pem(pem)
        except NoCertificateError:
            continue


def _times(
    snapshot: Snapshot, where: str, certificates: tuple[Certificate, ...], seen: set[bytes]
) -> Iterator[Finding]:
    now = snapshot.taken
    for one in certificates:
        if one.fingerprint in seen:
            continue
        seen.add(one.fingerprint)
        if not (one.has_ended(now) or one.ends_soon(now)):
            continue
        fault = CERTIFICATE_EXPIRED if one.has_ended(now) else CERTIFICATE_EXPIRES_SOON
        verb = "ended" if one.has_ended(now) else "ends"
        name = where.partition(" ")[2]
        yield _finding(
            fault,
            name,
            f"the certificate of {where} ({one.subject or 'without a name'}) {verb} at "
            f"{_day(one.ends)}, {_days(one.ends, now)}",
            _renewal(where),
            (f"issued by {one.issuer}",),
            where,
            severity=_severity(snapshot, where, fault),
        )
        return  # one finding for a chain


def _unreadable(snapshot: Snapshot, known: set[str]) -> Iterator[Finding]:
    for secret, pem in snapshot.observed.secret_certificates.items():
        try:
            read_pem(pem)
        except NoCertificateError as error:
            if secret in known:
                continue
            yield _finding(
                CERTIFICATE_UNREADABLE,
                secret,
                f"tls.crt of Secret {secret} is no certificate: {error}",
                _renewal(f"Secret {secret}"),
                (),
                f"Secret {secret}",
                severity=_severity(snapshot, f"Secret {secret}", CERTIFICATE_UNREADABLE),
            )


def _weight_at(snapshot: Snapshot, secret: str, found: Finding | None) -> Severity | None:
    """What cert-manager makes for others is theirs, unless the gateway shows it."""
    if found is None:
        return None
    if secret in gateway_secrets(snapshot):
        return found.fault.severity
    return severity_at(found.fault, snapshot, secret.partition("/")[0])


def _severity(snapshot: Snapshot, where: str, fault: Fault) -> Severity:
    """A Secret that nothing names may be left over: then it is a notice."""
    kind, _, name = where.partition(" ")
    if kind == "Secret" and name not in _used(snapshot):
        return Severity.NOTICE
    of_others = not is_ours(snapshot, name.partition("/")[0])
    lesser = Severity.DEGRADED if of_others else fault.severity
    return max(lesser, fault.severity, key=lambda one: one.weight)


def _used(snapshot: Snapshot) -> set[str]:
    """The Secrets that Certificates and Gateways name, those that pods mount, Istio's own."""
    found = {_secret_of(one) for one in snapshot.all(CERTIFICATES)}
    found.update(gateway_secrets(snapshot))
    found.update(secret for pod in snapshot.all(PODS) for secret in secrets_in(pod))
    return found | {_AUTHORITY}


def _finding(
    fault: Fault,
    name: str,
    sentence: str,
    fix: str,
    evidence: tuple[str, ...],
    about: str,
    *,
    severity: Severity | None = None,
) -> Finding:
    namespace, _, own = name.partition("/")
    return Finding(
        fault=fault,
        component=component_of(namespace, own),
        sentence=sentence,
        fix=fix,
        evidence=tuple(one for one in evidence if one),
        severity=severity or fault.severity,
        objects=(about,),
    )


def _secret_of(certificate: Object) -> str:
    namespace = text(certificate, "metadata", "namespace")
    return f"{namespace}/{text(certificate, 'spec', 'secretName')}"


def _ready_message(certificate: Object) -> str:
    return text(condition(certificate, "Ready"), "message")


def _describe(certificate: Object) -> str:
    namespace, name = (text(certificate, "metadata", one) for one in ("namespace", "name"))
    return (
        f"kubectl -n {namespace} describe certificate {name}\n"
        "kubectl -n cert-manager get pods\n"
        "kubectl -n cert-manager logs deployment/cert-manager"
    )


def _renewal(where: str) -> str:
    kind, _, name = where.partition(" ")
    namespace, _, own = name.partition("/")
    if name == _AUTHORITY:
        return (
            f"kubectl -n {namespace} create secret generic {own} --from-file=ca-cert.pem "
            "--from-file=ca-key.pem --from-file=root-cert.pem --from-file=cert-chain.pem "
            "--dry-run=client -o yaml | kubectl apply -f -\n"
            f"kubectl -n {namespace} rollout restart deployment istiod"
        )
    if kind == "Secret":
        return (
            f"kubectl -n {namespace} delete secret {own}   # where cert-manager or the server "
            "itself makes it anew\n"
            f"kubectl -n {namespace} create secret tls {own} --cert=FILE --key=FILE "
            "--dry-run=client -o yaml | kubectl apply -f -   # otherwise"
        )
    return (
        f"kubectl -n {namespace} get endpointslices -l kubernetes.io/service-name={own}\n"
        f"kubectl -n {namespace} rollout restart deployment NAME   # it reads its Secret again"
    )


def _day(when: datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M} UTC"


def _days(ends: datetime, now: datetime) -> str:
    left = ends - now
    if left.total_seconds() < 0:
        return f"{-left.days} days ago" if left.days < -1 else "within the last day"
    return f"in {left.days} days" if left.days >= 2 else f"in {left.total_seconds() / 3600:.0f} h"
