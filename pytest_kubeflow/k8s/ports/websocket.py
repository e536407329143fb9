"""A websocket to the Kubernetes API, with the official client's configuration.

`websockets` speaks it: its asyncio connections stop reading while nobody takes what came, and wait
while the other side does not. The official client's own port-forward does neither, and copies all
that it holds with each piece that arrives.
"""

from __future__ import annotations

import base64
import ssl
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit, urlunsplit

if TYPE_CHECKING:
    from kubernetes import client as api
    from websockets.asyncio.client import ClientConnection

_OPEN_SECONDS = 10.0
_CLOSE_SECONDS = 1.0
_PING_SECONDS = 20.0
"""Between two pings: balancers on the way end connections on which nothing goes for a minute."""

_QUEUED = 8
"""Messages that are held for a reader before nothing more is taken from the network."""


async def connect(connection: api.ApiClient, path: str, protocol: str) -> ClientConnection:
    """Open one at `path` of the API server, with the subprotocol `protocol`.

    Raises the official client's ApiException for what the API server answers instead, OSError for
    what goes wrong on the way.
    """
    from kubernetes.client import ApiException
    from websockets.asyncio.client import connect
    from websockets.exceptions import InvalidHandshake, InvalidStatus
    from websockets.typing import Subprotocol

    settings = connection.configuration
    headers: dict[str, str] = {}
    connection.update_params_for_auth(headers, [], ["BearerToken"])
    tls = _tls(settings)
    named = {"server_hostname": settings.tls_server_name} if settings.tls_server_name else {}
    try:
        return await connect(
            f"ws{settings.host.removeprefix('http')}{path}",
            ssl=tls,
            additional_headers=headers,
            subprotocols=[Subprotocol(protocol)],
            compression=None,
            proxy=_proxy(settings),
            max_size=None,
            max_queue=_QUEUED,
            ping_interval=_PING_SECONDS,
            # A pong waits behind data that a slow pod has not taken yet.
            ping_timeout=None,
            open_timeout=_OPEN_SECONDS,
            close_timeout=_CLOSE_SECONDS,
            **(named if tls else {}),
        )
    except InvalidStatus as error:
        answer = error.response
        body = (answer.body or b"").decode(errors="replace")
        refusal = ApiException(status=answer.status_code, reason=body.strip())
        refusal.body, refusal.headers = body, dict(answer.headers.raw_items())
        raise refusal from error
    except InvalidHandshake as error:  # also the proxy's, and a connection that broke off
        raise ConnectionError(str(error)) from error


def _tls(settings: Any) -> ssl.SSLContext | None:
    if not settings.host.startswith("https:"):
        return None
    if settings.verify_ssl:
        import certifi

        context = ssl.create_default_context(cafile=settings.ssl_ca_cert or certifi.where())
        context.check_hostname = settings.assert_hostname is not False
    else:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if settings.cert_file:
        context.load_cert_chain(settings.cert_file, settings.key_file or None)
    return context


def _proxy(settings: Any) -> str | None:
    """The proxy's URL, with its credentials."""
    from requests.utils import should_bypass_proxies

    if not settings.proxy or should_bypass_proxies(settings.host, settings.no_proxy or ""):
        return None
    parts = urlsplit(settings.proxy)
    headers = {name.lower(): value for name, value in (settings.proxy_headers or {}).items()}
    kind, _, encoded = headers.get("proxy-authorization", "").partition(" ")
    if kind.lower() != "basic":
        return str(settings.proxy)
    user, _, password = base64.b64decode(encoded).decode().partition(":")
    login = f"{quote(user, safe='')}:{quote(password, safe='')}@"
    return str(urlunsplit(parts._replace(netloc=login + parts.netloc)))
