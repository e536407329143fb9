"""The way to a URL, layer by layer: name, connection, TLS. Whoever is stopped, it says by which."""

from __future__ import annotations

import contextlib
import datetime
import socket
import ssl
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from pytest_kubeflow.auth.retries import gateway_policy
from pytest_kubeflow.auth.tls import gateway_tls
from pytest_kubeflow.cluster.checklist import Checklist
from pytest_kubeflow.config.groups.gateway import GatewaySettings
from pytest_kubeflow.errors import ClusterUnreachable
from pytest_kubeflow.network_errors import network_errors
from pytest_kubeflow.proxy import Proxy, proxy_for

NAME, CONNECTION, TLS = "DNS", "TCP", "TLS"

_SECONDS = 3.0
_SOON = datetime.timedelta(days=14)


def check_network(url: str, settings: GatewaySettings, checks: Checklist) -> None:
    """Check what stands before the first request to `url`; through a proxy, the way to that.

    Raises ClusterUnreachable, ConfigurationError (a proxy that is none).
    """
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    proxy = proxy_for(url)
    host, port = (
        proxy.address if proxy else (parts.hostname or "", parts.port or (443 if secure else 80))
    )
    through = f" of the proxy {host}" if proxy else ""
    with checks.check(NAME) as finding, _blaming(proxy), network_errors(_where(url, proxy)):
        addresses = _resolve(host, port)
        finding.message = f"{host} is {', '.join(addresses)}"
    policy = gateway_policy()

    def connect() -> socket.socket:
        return socket.create_connection((host, port), timeout=_SECONDS)

    def shake_hands() -> _Certificate:
        with connect() as connection:
            return _handshake(connection, host, settings)

    with checks.check(CONNECTION) as finding, _blaming(proxy), network_errors(_where(url, proxy)):
        policy.repeat(connect).close()
        finding.message = f"port {port}{through} is open"
    if not secure:
        checks.skip(TLS, "plain http")
    elif proxy is not None:
        checks.skip(TLS, "the proxy stands between")
    else:
        with checks.check(TLS) as finding, network_errors(url):
            shown = policy.repeat(shake_hands)
            finding.message = shown.message
            if settings.insecure:
                finding.warn(f"{shown.message}, not verified (--kf-insecure)")
            elif shown.left is not None and shown.left < _SOON:
                finding.warn(f"{shown.message}: renew it, it ends in {shown.left.days} days")


@contextlib.contextmanager
def _blaming(proxy: Proxy | None) -> Iterator[None]:
    """Say that it is the proxy that cannot be reached, if there is one."""
    try:
        yield
    except ClusterUnreachable as error:
        if proxy is None:
            raise
        raise ClusterUnreachable(
            f"the proxy that HTTPS_PROXY or HTTP_PROXY names cannot be used: {error.message}"
        ) from error


def _where(url: str, proxy: Proxy | None) -> str:
    """The URL that messages speak of."""
    return proxy.url if proxy else url


def _resolve(host: str, port: int) -> list[str]:
    """Its addresses. The system's resolver takes no timeout, so it is left alone if it hangs."""
    found: list[Any] = []
    failed: list[OSError] = []

    def ask() -> None:
        try:
            found.extend(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except OSError as error:
            failed.append(error)
        except UnicodeError:
            failed.append(socket.gaierror(socket.EAI_NONAME, "it is no host name"))

    thread = threading.Thread(target=ask, name=f"resolve {host}", daemon=True)
    thread.start()
    thread.join(_SECONDS)
    if failed:
        raise failed[0]
    if not found:
        raise ClusterUnreachable(
            f"the host name {host} is not known: no name server answers within {_SECONDS:g} s"
        )
    return list(dict.fromkeys(entry[4][0] for entry in found))


class _Certificate:
    """What a server showed: as a text, and how long it is valid from now, if it was verified."""

    def __init__(self, version: str, shown: dict[str, Any]) -> None:
        ends = shown.get("notAfter")
        self.message = version
        self.left: datetime.timedelta | None = None
        if ends:
            seconds = ssl.cert_time_to_seconds(ends)
            until = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
            self.message = f"{version}, certificate valid until {until:%Y-%m-%d}"
            self.left = until - datetime.datetime.now(datetime.UTC)


def _handshake(connection: socket.socket, host: str, settings: GatewaySettings) -> _Certificate:
    context = gateway_tls(settings)
    with context.wrap_socket(connection, server_hostname=host) as secured:
        return _Certificate(secured.version() or "TLS", secured.getpeercert() or {})
