"""Addresses of the gateway as people copy them from a browser, and the files that go with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_kubeflow.config.header import header_lines
from pytest_kubeflow.errors import ConfigurationError
from tests.cluster.certificate import self_signed

from .sources import resolved

COPIED = {
    "https://kf.example.com": ("https://kf.example.com", ""),
    "https://kf.example.com/": ("https://kf.example.com", ""),
    "https://kf.example.com/_/pipeline/#/runs": ("https://kf.example.com", "/_/pipeline/#..."),
    "https://kf.example.com/_/pipeline/?ns=team": ("https://kf.example.com", "/_/pipeline/?..."),
    "https://kf.example.com:8443/#/home": ("https://kf.example.com:8443", "#..."),
    "https://kf.example.com/?ns=team": ("https://kf.example.com", "?..."),
    "http://localhost:8080/pipeline/#/experiments": ("http://localhost:8080", "/pipeline/#..."),
    "http://localhost:8080/dex/auth/local/login?state=planted": (
        "http://localhost:8080",
        "/dex/auth/local/login?...",
    ),
    "http://[::1]:8080/volumes/?ns=a#b": ("http://[::1]:8080", "/volumes/?...#..."),
    "https://portal.example.com/console": ("https://portal.example.com/console", ""),
    "https://portal.example.com/pipelines": ("https://portal.example.com/pipelines", ""),
}


@pytest.mark.parametrize("copied", COPIED)
def test_an_address_of_a_browser_is_cut_to_the_host(copied: str) -> None:
    host, cut = COPIED[copied]
    config = resolved({"host": copied})
    assert config.gateway.host == host
    assert config.origin("host") == "command line" + (f", without {cut}" if cut else "")
    (header,) = header_lines(config)
    assert f"host={host} ({config.origin('host')})" in header
    assert "planted" not in header


@pytest.mark.parametrize(
    "password", ["secret", "pa/dex/planted", "planted#1", "1/_/planted", "1?planted"]
)
def test_a_password_in_it_is_not_taken_for_a_page(password: str) -> None:
    with pytest.raises(ConfigurationError, match="is not valid") as caught:
        resolved({"host": f"https://user:{password}@kf.example.com"})
    assert "planted" not in caught.value.message


@pytest.mark.parametrize("content", ["", "root:x:0:0\n", "PRIVATE", "\x30\x82\x01\x0a"])
def test_a_file_without_a_certificate_is_told_by_its_name(tmp_path: Path, content: str) -> None:
    file = tmp_path / "ca.pem"
    file.write_text(content)
    if content == "PRIVATE":
        file = self_signed(tmp_path)[1]
    with pytest.raises(ConfigurationError) as caught:
        resolved({"ca_cert": str(file)})
    assert caught.value.message.startswith(f"--kf-ca-cert: {str(file)!r} from command line is not")
    assert f"(there is no certificate in PEM in {file}" in caught.value.message


def test_a_file_with_certificates_is_taken(tmp_path: Path) -> None:
    certificate, _ = self_signed(tmp_path)
    two = tmp_path / "two.pem"
    two.write_text(certificate.read_text() * 2)
    for file in (certificate, two):
        assert resolved({"ca_cert": str(file)}).gateway.ca_cert == file


def test_an_authority_and_no_verification_exclude_each_other(tmp_path: Path) -> None:
    certificate, _ = self_signed(tmp_path)
    authority = {"ca_cert": str(certificate)}
    with pytest.raises(ConfigurationError) as caught:
        resolved({**authority, "insecure": "true"})
    assert caught.value.message == (
        f"--kf-insecure (from command line) and --kf-ca-cert={certificate} (from command line) "
        "exclude each other: with --kf-ca-cert the gateway's certificate is verified, with "
        "--kf-insecure it is not; leave one out"
    )
    with pytest.raises(ConfigurationError, match="exclude each other"):
        resolved({"insecure": "true"}, {"KF_CA_CERT": str(certificate)})
    assert resolved({**authority, "insecure": "false"}).gateway.insecure is False


def test_of_the_two_the_more_important_source_counts(tmp_path: Path) -> None:
    certificate, _ = self_signed(tmp_path)
    in_ini = resolved({"ca_cert": str(certificate)}, {}, {"insecure": "true"})
    assert (in_ini.gateway.insecure, in_ini.gateway.ca_cert) == (False, certificate)
    given = resolved({"insecure": "true"}, {}, {"ca_cert": str(certificate)})
    assert given.gateway.insecure is True


@pytest.mark.parametrize("name", ["local", "Company LDAP", "ldap/eu", "okta_1", "%41"])
def test_connectors_have_any_name(name: str) -> None:
    assert resolved({"dex_connector": name}).gateway.connector == name
