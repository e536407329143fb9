"""The certificate of a gateway, seen by real handshakes on loopback."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pytest_kubeflow.config.groups.gateway import GatewaySettings
from pytest_kubeflow.platform.checks.mesh.gateway_certificate import check_gateway_certificate
from pytest_kubeflow.platform.probes import Probed, with_probes
from pytest_kubeflow.platform.probes.gateway_handshake import probe_gateway_certificate
from tests.cluster.forward_proxy import forward_proxy
from tests.cluster.web import closed_port, page, silent_port, web
from tests.platform.authority import DAY, Authority, Issued
from tests.platform.snapshots import snapshot_of

_PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in _PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def settings(authority: Authority, tmp_path: Path) -> GatewaySettings:
    path = tmp_path / "authority.pem"
    path.write_text(authority.root.pem)
    return GatewaySettings(ca_cert=path)


@contextmanager
def _gateway(own: Issued, folder: Path, *above: Issued) -> Iterator[str]:
    chain, key = folder / "chain.pem", folder / "key.pem"
    chain.write_text("".join(one.pem for one in (own, *above)))
    key.write_text(own.key_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    with web(page("hello"), tls=context) as port:
        yield f"https://127.0.0.1:{port}"


def _codes(probed: Probed) -> list[str]:
    snapshot = with_probes(snapshot_of(), [probed])
    return [one.code for one in check_gateway_certificate(snapshot)]


def test_a_gateway_that_is_well(
    authority: Authority, settings: GatewaySettings, tmp_path: Path
) -> None:
    own = authority.issue("127.0.0.1")
    with _gateway(own, tmp_path) as url:
        probed = probe_gateway_certificate(url, settings)
    ((address, served),) = probed.observed.served.items()
    assert address == url.removeprefix("https://")
    assert served.chain == (own.der,)
    assert served.error == ""
    assert _codes(probed) == []


def test_the_certificates_that_are_sent_along_count(
    authority: Authority, settings: GatewaySettings, tmp_path: Path
) -> None:
    between = Authority("between", above=authority)
    own = between.issue("127.0.0.1")
    with _gateway(own, tmp_path, between.root) as url:
        probed = probe_gateway_certificate(url, settings)
    assert next(iter(probed.observed.served.values())).chain == (own.der, between.root.der)
    assert _codes(probed) == []
    with _gateway(own, tmp_path) as url:
        assert _codes(probe_gateway_certificate(url, settings)) == ["KF227"]


def test_all_that_may_be_wrong_is_told_by_itself(
    authority: Authority, settings: GatewaySettings, tmp_path: Path
) -> None:
    old = authority.issue("127.0.0.1", begins=-9 * DAY, ends=-DAY)
    other = authority.issue("example.com")
    stranger = Authority("stranger").issue("127.0.0.1")
    nobodys = Authority("nobody").issue("example.com", begins=-9 * DAY, ends=-DAY)
    for own, codes in (
        (old, ["KF225"]),
        (other, ["KF226"]),
        (stranger, ["KF227"]),
        (nobodys, ["KF225", "KF226", "KF227"]),
    ):
        with _gateway(own, tmp_path) as url:
            assert _codes(probe_gateway_certificate(url, settings)) == codes


def test_it_is_asked_through_the_proxy_of_the_session(
    authority: Authority,
    settings: GatewaySettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own = authority.issue("127.0.0.1")
    with _gateway(own, tmp_path) as url, forward_proxy() as (proxy, led):
        monkeypatch.setenv("HTTPS_PROXY", proxy)
        probed = probe_gateway_certificate(url, settings)
        assert set(led) == {f"CONNECT {url.removeprefix('https://')}"}
        monkeypatch.setenv("HTTPS_PROXY", proxy.replace("planted", "wrong"))
        refused = probe_gateway_certificate(url, settings)
    assert next(iter(probed.observed.served.values())).chain == (own.der,)
    (unseen,) = refused.unseen
    assert "407" in unseen.why
    assert "planted" not in unseen.why


def test_a_proxy_with_tls_is_not_gone_through(
    settings: GatewaySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "https://user:planted@127.0.0.1:1")
    (unseen,) = probe_gateway_certificate("https://127.0.0.1:2", settings).unseen
    assert unseen.why == "the proxy https://127.0.0.1:1 on the way to it speaks TLS itself"


def test_a_gateway_without_tls_has_no_certificate(settings: GatewaySettings) -> None:
    (unseen,) = probe_gateway_certificate("http://127.0.0.1:1", settings).unseen
    assert unseen.why == "http://127.0.0.1:1 has none"


def test_what_cannot_be_looked_at_is_told(
    settings: GatewaySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pytest_kubeflow.platform.probes.gateway_handshake._SECONDS", 0.5)
    with closed_port() as closed, silent_port() as silent, web(page("plain")) as plain:
        found = [
            probe_gateway_certificate(f"https://127.0.0.1:{port}", settings)
            for port in (closed, silent, plain)
        ]
    for probed, word in zip(found, ("refused", "timed out", "WRONG_VERSION_NUMBER"), strict=True):
        (unseen,) = probed.unseen
        assert unseen.what == "the gateway's certificate"
        assert word in unseen.why
        assert _codes(probed) == []
