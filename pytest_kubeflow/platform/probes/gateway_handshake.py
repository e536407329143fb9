"""The gateway's certificate, as it is shown at its address."""

from __future__ import annotations

import http.client
import socket
from pathlib import Path
from urllib.parse import urlsplit

from pytest_kubeflow.config.groups.gateway import GatewaySettings
from pytest_kubeflow.errors import ConfigurationError
from pytest_kubeflow.platform.probes.handshake import shown_by, trust_in
from pytest_kubeflow.platform.probes.probed import Probed
from pytest_kubeflow.platform.snapshot.observations import Observations, ServedCertificate
from pytest_kubeflow.proxy import Proxy, proxy_for

_SECONDS = 5.0
_WHAT = "the gateway's certificate"


def probe_gateway_certificate(gateway: str, settings: GatewaySettings) -> Probed:
    """What the gateway at this URL shows, by "host:port".

    It is asked by the way that the session takes, through its proxy, and believed if it comes from
    the session's authorities.
    """
    from requests.utils import DEFAULT_CA_BUNDLE_PATH

    parts = urlsplit(gateway)
    if parts.scheme != "https" or not parts.hostname:
        return Probed.nothing(_WHAT, f"{gateway} has none")
    host, port = parts.hostname, parts.port or 443
    try:
        proxy = proxy_for(gateway)
    except ConfigurationError as error:
        return Probed.nothing(_WHAT, error)
    if proxy is not None and urlsplit(proxy.url).scheme == "https":
        return Probed.nothing(_WHAT, f"the proxy {proxy.url} on the way to it speaks TLS itself")

    def connect() -> socket.socket:
        return _connect(host, port, proxy)

    shown = shown_by(connect, host)
    if not shown.chain:
        return Probed.nothing(_WHAT, f"no TLS handshake with {host}:{port}: {shown.error}")
    authorities = Path(str(settings.ca_cert or DEFAULT_CA_BUNDLE_PATH))
    served = ServedCertificate(shown.chain, trust_in(connect, host, authorities))
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return Probed(observed=Observations(served={address: served}))


def _connect(host: str, port: int, proxy: Proxy | None) -> socket.socket:
    """A connection to the server. Raises OSError."""
    if proxy is None:
        return socket.create_connection((host, port), timeout=_SECONDS)
    at, on = proxy.address
    tunnel = http.client.HTTPConnection(at, on, timeout=_SECONDS)
    tunnel.set_tunnel(host, port, headers=dict(proxy.headers))
    try:
        tunnel.connect()
    except http.client.HTTPException as error:
        tunnel.close()
        raise OSError(f"the proxy answers what is no HTTP: {error}") from error
    connection: socket.socket = tunnel.sock
    return connection
