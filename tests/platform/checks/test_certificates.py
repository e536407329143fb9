"""What is said of certificates: of cert-manager's, of those in Secrets, of those that are shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pytest_kubeflow.platform.checks.mesh.authority import check_mesh_authority
from pytest_kubeflow.platform.checks.mesh.certificates import check_certificates
from pytest_kubeflow.platform.checks.mesh.gateway_certificate import check_gateway_certificate
from pytest_kubeflow.platform.fault import Severity
from pytest_kubeflow.platform.finding import Finding
from pytest_kubeflow.platform.snapshot import Object, Snapshot
from pytest_kubeflow.platform.snapshot.kind import CERTIFICATES, CONFIG_MAPS, GATEWAYS, PODS
from pytest_kubeflow.platform.snapshot.observations import Observations, ServedCertificate
from tests.platform.authority import DAY, Authority
from tests.platform.snapshots import an_object, snapshot_of

NAME, SECRET = "katib-webhook-cert", "kubeflow/katib-webhook-cert"
SERVICE = "kubeflow/katib-controller"
LONG_AGO = "2026-01-01T00:00:00Z"


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


def _at(left: timedelta) -> str:
    return (datetime.now(UTC) + left).isoformat()


def _certificate(ready: str = "True", message: str = "", **status: Any) -> Object:
    return an_object(
        CERTIFICATES,
        NAME,
        "kubeflow",
        metadata={"creationTimestamp": LONG_AGO},
        spec={"secretName": NAME},
        status={"conditions": [{"type": "Ready", "status": ready, "message": message}], **status},
    )


def _told(snapshot: Snapshot) -> list[str]:
    return [one.code for one in check_certificates(snapshot)]


def _only(snapshot: Snapshot) -> Finding:
    (found,) = check_certificates(snapshot)
    return found


def test_a_certificate_that_is_well() -> None:
    later = _at(80 * DAY)
    assert _told(snapshot_of(_certificate(notAfter=later, renewalTime=_at(50 * DAY)))) == []


def test_cert_manager_has_not_issued_it() -> None:
    found = _only(snapshot_of(_certificate("False", "Issuer not found")))
    assert found.code == "KF221"
    assert found.sentence == f"Certificate kubeflow/{NAME} is not ready: Issuer not found"
    assert found.component == "katib"


def test_one_that_was_just_asked_for_may_be_on_its_way() -> None:
    young = _certificate("False")
    young["metadata"]["creationTimestamp"] = _at(timedelta())
    assert _told(snapshot_of(young)) == []


def test_one_that_is_being_deleted() -> None:
    ending = _certificate("False")
    ending["metadata"]["deletionTimestamp"] = LONG_AGO
    assert _told(snapshot_of(ending)) == []


def test_one_whose_renewal_is_overdue() -> None:
    late = _certificate(notAfter=_at(5.2 * DAY), renewalTime=_at(-20 * DAY))
    found = _only(snapshot_of(late))
    assert found.code == "KF222"
    assert found.severity is Severity.DEGRADED
    assert f"Certificate kubeflow/{NAME} ends at " in found.sentence
    assert ", in 5 days, and was not renewed" in found.sentence


def test_one_that_lives_for_days_alone_is_renewed_in_time() -> None:
    assert _told(snapshot_of(_certificate(notAfter=_at(DAY), renewalTime=_at(DAY / 2)))) == []


def test_one_that_is_over() -> None:
    found = _only(snapshot_of(_certificate("False", notAfter=_at(-3 * DAY))))
    assert found.code == "KF223"
    assert "cert-manager has not renewed it" in found.sentence


@pytest.mark.parametrize(("left", "code"), [(5.2 * DAY, "KF222"), (-3 * DAY, "KF223")])
def test_what_a_server_shows(authority: Authority, left: timedelta, code: str) -> None:
    shown = authority.issue("a.b.svc", begins=-90 * DAY, ends=left)
    observed = Observations(served={SERVICE: ServedCertificate((shown.der,))})
    found = _only(snapshot_of(observed=observed))
    assert found.code == code
    assert found.sentence.startswith(f"the certificate of Service {SERVICE} (CN=a.b.svc) end")
    assert found.evidence == ("issued by CN=authority",)


def test_what_is_shown_and_stored_is_told_once(authority: Authority) -> None:
    own = authority.issue("a.b.svc", begins=-90 * DAY, ends=-DAY)
    observed = Observations(
        served={SERVICE: ServedCertificate((own.der,))}, secret_certificates={SECRET: own.pem}
    )
    assert _told(snapshot_of(observed=observed)) == ["KF223"]
    over = _certificate(notAfter=_at(-DAY))
    assert _told(snapshot_of(over, observed=observed)) == ["KF223"]


def test_a_secret_that_nothing_names_is_a_notice(authority: Authority) -> None:
    own = authority.issue("a.b.svc", begins=-90 * DAY, ends=-3 * DAY)
    observed = Observations(secret_certificates={"istio-system/tls": own.pem})
    assert _only(snapshot_of(observed=observed)).severity is Severity.NOTICE
    used = _certificate()
    used["metadata"]["namespace"], used["spec"]["secretName"] = "istio-system", "tls"
    assert _only(snapshot_of(used, observed=observed)).severity is Severity.BROKEN


def test_an_authority_in_the_chain_that_is_over(authority: Authority) -> None:
    old = authority.issue("between", begins=-90 * DAY, ends=-DAY)
    chain = authority.issue("a.b.svc").pem + old.pem
    found = _only(
        snapshot_of(_certificate(), observed=Observations(secret_certificates={SECRET: chain}))
    )
    assert found.code == "KF223"
    assert "(CN=between)" in found.sentence


@pytest.mark.parametrize("pem", ["", "garbage", "-----BEGIN CERTIFICATE-----\nA"])
def test_a_secret_without_a_certificate(pem: str) -> None:
    observed = Observations(secret_certificates={SECRET: pem})
    found = _only(snapshot_of(_certificate(), observed=observed))
    assert found.code == "KF228"
    assert found.sentence.startswith(f"tls.crt of Secret {SECRET} is no certificate: it ")
    assert found.severity is Severity.BROKEN


def _gateway(address: str, *chain: bytes, error: str = "") -> list[Finding]:
    served = {address: ServedCertificate(chain, error)}
    return list(check_gateway_certificate(snapshot_of(observed=Observations(served=served))))


def test_a_gateway_that_is_well(authority: Authority) -> None:
    own = authority.issue("*.example.com")
    assert _gateway("kubeflow.example.com:443", own.der, authority.root.der) == []
    assert _gateway("127.0.0.1:8443", authority.issue("127.0.0.1").der) == []
    assert _gateway("[::1]:8443", authority.issue("::1").der) == []


@pytest.mark.parametrize(
    ("left", "severity", "sentence"),
    [
        (-2 * DAY, Severity.BROKEN, "ended at "),
        (6.5 * DAY, Severity.DEGRADED, ", in 6 days"),
    ],
)
def test_a_gateway_whose_certificate_ends(
    authority: Authority, left: timedelta, severity: Severity, sentence: str
) -> None:
    own = authority.issue("kubeflow.example.com", begins=-90 * DAY, ends=left)
    (found,) = _gateway("kubeflow.example.com:443", own.der)
    assert (found.code, found.severity) == ("KF225", severity)
    assert sentence in found.sentence


def test_a_gateway_with_a_certificate_for_another_name(authority: Authority) -> None:
    (found,) = _gateway("kubeflow.example.com:443", authority.issue("example.org").der)
    assert found.code == "KF226"
    assert found.sentence == (
        "the gateway at kubeflow.example.com:443 shows a certificate for example.org, not for "
        "kubeflow.example.com"
    )


def test_a_gateway_whose_authority_is_not_trusted_here(authority: Authority) -> None:
    own = authority.issue("kubeflow.example.com")
    (found,) = _gateway("kubeflow.example.com:443", own.der, error="unable to get local issuer")
    assert found.code == "KF227"
    assert found.sentence.endswith("is not trusted here: unable to get local issuer")


def _configured(host: str, pem: str, *, shown: bytes = b"", gateway: str = "") -> list[str]:
    """What is said of a Gateway with TLS for a host, and of its Secret."""
    server = {"hosts": [host], "tls": {"credentialName": "tls"}}
    configured = an_object(GATEWAYS, "kubeflow-gateway", "kubeflow", spec={"servers": [server]})
    served = {"kubeflow.example.com:443": ServedCertificate((shown,))} if shown else {}
    observed = Observations(
        secret_certificates={"istio-system/tls": pem}, served=served, gateway=gateway
    )
    snapshot = snapshot_of(configured, observed=observed)
    found = [*check_gateway_certificate(snapshot), *check_certificates(snapshot)]
    return [one.code for one in found]


def test_what_a_gateway_is_configured_with(authority: Authority) -> None:
    host = "kubeflow.example.com"
    assert _configured(host, authority.issue(host).pem) == []
    assert _configured(f"kubeflow/{host}", authority.issue(host).pem) == []
    late = authority.issue(host, begins=-90 * DAY, ends=5 * DAY)
    assert _configured("*", late.pem) == ["KF225"], "and not as any Secret's"
    assert _configured("*", late.pem, shown=late.der) == ["KF225"], "once"
    other = authority.issue("example.org")
    assert _configured(host, other.pem) == ["KF226"]
    assert _configured("*", other.pem) == [], "by which name it is asked is not known"
    assert _configured("*", other.pem, gateway="http://localhost:8080") == []
    assert _configured("*", other.pem, gateway=f"http://{host}") == ["KF226"]
    assert _configured("*", authority.issue(host).pem, gateway=f"http://{host}") == []
    assert _configured(host, "no PEM") == ["KF228"]


def test_a_server_that_shows_nothing_proves_nothing() -> None:
    assert _gateway("kubeflow.example.com:443", error="connection refused") == []
    assert _gateway("kubeflow.example.com:443", b"no certificate") == []
    observed = Observations(served={SERVICE: ServedCertificate((), "reset")})
    assert _told(snapshot_of(observed=observed)) == []


@pytest.mark.parametrize(
    ("left", "message"),
    [
        ([400 * DAY], []),
        ([5 * DAY], [("KF222", Severity.DEGRADED)]),
        ([-DAY], [("KF223", Severity.BROKEN)]),
        ([-DAY, 400 * DAY], []),  # a new one is there beside it
    ],
)
def test_the_root_of_the_mesh(
    authority: Authority, left: list[timedelta], message: list[tuple[str, Severity]]
) -> None:
    roots = "".join(
        authority.issue(subject="root", begins=-999 * DAY, ends=one).pem for one in left
    )
    name, space = "istio-ca-root-cert", "istio-system"
    config = an_object(CONFIG_MAPS, name, space, data={"root-cert.pem": roots})
    found = list(check_mesh_authority(snapshot_of(config)))
    assert [(one.code, one.severity) for one in found] == message
    assert all("ConfigMap istio-system/istio-ca-root-cert" in one.sentence for one in found)


def test_a_mesh_whose_root_is_not_seen_or_no_certificate() -> None:
    assert list(check_mesh_authority(snapshot_of())) == []
    config = an_object(
        CONFIG_MAPS, "istio-ca-root-cert", "istio-system", data={"root-cert.pem": "none"}
    )
    assert list(check_mesh_authority(snapshot_of(config))) == []


def test_a_secret_that_a_pod_mounts_is_in_use(authority: Authority) -> None:
    pem = authority.issue("web", begins=-90 * DAY, ends=-DAY).pem
    observed = Observations(secret_certificates={"kubeflow/web": pem})
    volumes = [{"name": "tls", "secret": {"secretName": "web"}}]
    pod = an_object(PODS, "web-0", "kubeflow", spec={"volumes": volumes})
    assert _only(snapshot_of(observed=observed)).severity is Severity.NOTICE
    assert _only(snapshot_of(pod, observed=observed)).severity is Severity.BROKEN
    ended = {**pod, "status": {"phase": "Succeeded"}}
    assert _only(snapshot_of(ended, observed=observed)).severity is Severity.NOTICE


def test_the_authority_that_istio_was_given(authority: Authority) -> None:
    pem = authority.issue(subject="between", begins=-90 * DAY, ends=-DAY).pem
    observed = Observations(secret_certificates={"istio-system/cacerts": pem})
    found = _only(snapshot_of(observed=observed))
    assert (found.code, found.severity) == ("KF223", Severity.BROKEN)
    assert "rollout restart deployment istiod" in found.fix
