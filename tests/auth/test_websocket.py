"""Websockets through the gateway: TLS is verified, proxies are used, refusals are told."""

from __future__ import annotations

import base64
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path

import pytest
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve

from pytest_kubeflow.auth.websocket import HandshakeRefused, gateway_websocket
from pytest_kubeflow.config.groups.gateway import GatewaySettings
from pytest_kubeflow.errors import (
    AuthenticationError,
    ClusterUnreachable,
    ConfigurationError,
    PermissionDenied,
)
from pytest_kubeflow.local.platform.certificate import self_signed
from tests.cluster.forward_proxy import PASSWORD, forward_proxy

Refusals = dict[str, tuple[HTTPStatus, str]]
REFUSALS: Refusals = {
    "/gone": (HTTPStatus.NOT_FOUND, "Not Found"),
    "/rbac": (HTTPStatus.FORBIDDEN, "RBAC: access denied"),
    "/login": (HTTPStatus.UNAUTHORIZED, "expired"),
}


def echo(connection: ServerConnection) -> None:
    for message in connection:
        connection.send(message)


def refuse(connection: ServerConnection, request: Request) -> Response | None:
    found = REFUSALS.get(request.path)
    return connection.respond(*found) if found is not None else None


@contextmanager
def echoing(context: ssl.SSLContext | None = None) -> Iterator[int]:
    """A server of websockets on loopback, by its port."""
    with serve(echo, "127.0.0.1", 0, ssl=context, process_request=refuse) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.socket.getsockname()[1]
        finally:
            server.shutdown()
            thread.join(10)


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, ssl.SSLContext]:
    """The file of a certificate for localhost, and a server's context with it."""
    pair = self_signed(("localhost",))
    files = {name: tmp_path / name for name in ("tls.crt", "tls.key")}
    for name, file in files.items():
        file.write_bytes(base64.b64decode(pair.data[name]))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files["tls.crt"], files["tls.key"])
    return files["tls.crt"], context


def said(url: str, settings: GatewaySettings | None = None) -> str | bytes:
    """What the server sends back."""
    with gateway_websocket(url, settings or GatewaySettings(), largest=100) as connection:
        connection.send("hello")
        return connection.recv(30)


def test_certificates_are_verified(certificate: tuple[Path, ssl.SSLContext]) -> None:
    file, context = certificate
    with echoing(context) as port:
        url = f"https://localhost:{port}/"
        assert said(url, GatewaySettings(ca_cert=file)) == "hello"
        assert said(url, GatewaySettings(insecure=True)) == "hello"
        with pytest.raises(
            ClusterUnreachable, match=r"is not accepted: .* with --kf-ca-cert"
        ) as no:
            said(url)
        assert "\n" not in str(no.value)


def test_the_proxy_of_the_environment_leads_there(
    certificate: tuple[Path, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    file, context = certificate
    settings = GatewaySettings(ca_cert=file)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with echoing(context) as port, forward_proxy() as (proxy, led):
        monkeypatch.setenv("HTTPS_PROXY", proxy)
        assert said(f"https://localhost:{port}/", settings) == "hello"
        assert led == [f"CONNECT localhost:{port}"]
        monkeypatch.setenv("HTTPS_PROXY", proxy.replace(PASSWORD, "wrong"))
        with pytest.raises(
            ConfigurationError, match=r"wants a login of its own \(407\)"
        ) as refused:
            said(f"https://localhost:{port}/", settings)
        assert PASSWORD not in str(refused.value)


@pytest.mark.parametrize(
    ("path", "kind", "message"),
    [
        ("/gone", HandshakeRefused, "no websocket: /gone answers 404"),
        ("/rbac", PermissionDenied, "RBAC: access denied"),
        ("/login", AuthenticationError, "the login has ended"),
    ],
)
def test_refusals(path: str, kind: type[Exception], message: str) -> None:
    with echoing() as port, pytest.raises(kind, match=message) as refused:
        said(f"http://localhost:{port}{path}")
    assert "\n" not in str(refused.value)


def test_messages_that_are_too_large_end_it() -> None:
    from websockets.exceptions import ConnectionClosedError

    with (
        echoing() as port,
        gateway_websocket(f"http://localhost:{port}", GatewaySettings(), largest=3) as connection,
    ):
        connection.send("hello")
        with pytest.raises(ConnectionClosedError, match="1009"):
            connection.recv(30)
