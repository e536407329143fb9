"""What is read from certificates."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pytest_kubeflow.platform.certificate import (
    NoCertificateError,
    is_issued_by,
    read_der,
    read_pem,
)
from tests.platform.authority import DAY, Authority

NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


def test_a_chain_is_read_in_its_order(authority: Authority) -> None:
    own, root = read_pem(authority.issue("a.b.svc").pem + authority.root.pem)
    assert own.names == ("a.b.svc",)
    assert own.subject == "CN=a.b.svc"
    assert own.issuer == root.subject == "CN=authority"


@pytest.mark.parametrize(
    ("pem", "reason"),
    [
        ("", "it is empty"),
        ("\n", "it is empty"),
        ("LS0t", "it is no PEM file with a certificate"),
        (
            "-----BEGIN EC PRIVATE KEY-----\nAA==\n-----END EC PRIVATE KEY-----",
            "it is no PEM file with a certificate",
        ),
        (
            "-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----",
            "what stands between its lines is no base64",
        ),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "it cannot be read: "),
    ],
)
def test_what_is_no_certificate_says_what_it_is(pem: str, reason: str) -> None:
    with pytest.raises(NoCertificateError) as refused:
        read_pem(pem)
    assert str(refused.value).startswith(reason)


def test_what_cannot_be_read_beside_a_certificate_is_left_out(authority: Authority) -> None:
    broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    assert read_pem(broken + authority.root.pem) == (authority.root.read,)


def test_bytes_that_are_no_certificate() -> None:
    with pytest.raises(NoCertificateError):
        read_der(b"hello")


@pytest.mark.parametrize(
    ("names", "host", "fits"),
    [
        (("a.b.svc",), "a.b.svc", True),
        (("a.b.svc",), "A.B.svc.", True),
        (("a.b.svc",), "c.b.svc", False),
        (("*.example.com",), "kubeflow.example.com", True),
        (("*.example.com",), "a.kubeflow.example.com", False),
        (("*.example.com",), "example.com", False),
        (("*.com",), "com", False),
        (("127.0.0.1",), "127.0.0.1", True),
        ((), "a.b.svc", False),
    ],
)
def test_names(authority: Authority, names: tuple[str, ...], host: str, fits: bool) -> None:
    assert authority.issue(*names).read.is_for(host) is fits


@pytest.mark.parametrize(
    ("life", "left", "soon"),
    [(365, 15, False), (365, 13, True), (90, 13, True), (7, 2, False), (7, 0.5, True)],
)
def test_those_of_a_week_are_late_on_their_last_day(
    authority: Authority, life: float, left: float, soon: bool
) -> None:
    one = authority.issue("a", begins=(left - life) * DAY, ends=left * DAY).read
    assert one.ends_soon(NOW) is soon
    assert not one.has_ended(NOW)


def test_one_that_is_over_does_not_end_soon(authority: Authority) -> None:
    one = authority.issue("a", begins=-9 * DAY, ends=-DAY).read
    assert one.has_ended(NOW)
    assert not one.ends_soon(NOW)


def test_where_a_chain_comes_from(authority: Authority) -> None:
    between = Authority("between", above=authority)
    own = between.issue("a").read
    chain = [own, between.root.read]
    root = authority.root.read
    assert is_issued_by(chain, [root])
    assert is_issued_by([own], [between.root.read]), "an anchor need not be signed by itself"
    assert is_issued_by([own], [own]), "a certificate may be its own anchor"
    assert not is_issued_by([own], [root]), "the certificate between is missing"
    assert not is_issued_by(chain, [Authority().root.read]), "another one of the same name"
    assert not is_issued_by(chain, [])
