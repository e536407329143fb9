"""A websocket through the gateway: verified TLS, the session's credentials, renewed logins.

`websockets` speaks it. The handshake is a request like any other: what refuses it are the gateway's
layers, so their responses are read as those of sessions are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_kubeflow.auth.loginwanted import wants_login
from pytest_kubeflow.auth.refusal import Refusal
from pytest_kubeflow.auth.retries import gateway_policy
from pytest_kubeflow.auth.tls import gateway_tls
from pytest_kubeflow.errors import AuthenticationError, KubeflowError
from pytest_kubeflow.network_errors import network_errors, proxy_wants_login
from pytest_kubeflow.proxy import proxy_for
from pytest_kubeflow.retries.statuses import outage_in

if TYPE_CHECKING:
    import requests
    from websockets.http11 import Response
    from websockets.sync.client import ClientConnection

    from pytest_kubeflow.auth.credentials import Credentials
    from pytest_kubeflow.config.groups.gateway import GatewaySettings
    from pytest_kubeflow.retries.outage import Outage

OPEN_SECONDS = 10.0
"""Until a handshake is answered, unless its server has more to do for that."""

_CLOSE_SECONDS = 1.0
_PING_SECONDS = 20.0
"""Between two pings: balancers on the way end connections on which nothing goes for a minute."""

_PONG_SECONDS = 60.0
"""After which a connection without a pong counts as cut: a loaded server may take its time."""


class HandshakeRefused(KubeflowError):  # noqa: N818  as in pytest_kubeflow.errors
    """A response to the handshake that is no websocket. `status` is HTTP's."""

    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class _Sizes:
    """How large messages may be, in bytes, and how long a handshake may take, in seconds."""

    largest: int
    open_seconds: float


@contextmanager
def gateway_websocket(
    url: str,
    settings: GatewaySettings,
    credentials: Credentials | None = None,
    *,
    largest: int,
    headers: Mapping[str, str] | None = None,
    open_seconds: float = OPEN_SECONDS,
) -> Iterator[ClientConnection]:
    """One at `url` (http or https), open while inside; messages have `largest` bytes at most.

    Its handshake is answered within `open_seconds`.

    What is lost on the way is tried again, as a session's requests are; a login that has ended is
    renewed once. Raises AuthenticationError where that does not help, ClusterUnreachable,
    HandshakeRefused.
    """
    sizes = _Sizes(largest, open_seconds)
    connection = _opened(url, settings, credentials, sizes, headers or {})
    try:
        yield connection
    finally:
        connection.close()


def _opened(
    url: str,
    settings: GatewaySettings,
    credentials: Credentials | None,
    sizes: _Sizes,
    headers: Mapping[str, str],
) -> ClientConnection:
    import requests

    signed = dict(credentials.headers()) if credentials is not None else {}
    found = _attempted(url, settings, {**headers, **signed}, sizes)
    refused = isinstance(found, requests.Response) and wants_login(found)
    if refused and credentials is not None and credentials.renew(signed):
        found = _attempted(url, settings, {**headers, **credentials.headers()}, sizes)
    if not isinstance(found, requests.Response):
        return found
    refusal = Refusal.of(found)
    if refusal.wants_login:
        raise AuthenticationError(
            f"{refusal}: the login has ended, or never was good for this path: log in again, or "
            "give a user and a password (--kf-username, KF_PASSWORD), which log in anew"
        )
    if refusal.is_known:
        raise refusal.error()
    raise HandshakeRefused(f"no websocket: {refusal}", status=refusal.status)


def _attempted(
    url: str, settings: GatewaySettings, headers: Mapping[str, str], sizes: _Sizes
) -> ClientConnection | requests.Response:
    """The connection, or what was answered in its place."""
    import requests
    from websockets.exceptions import InvalidHandshake, InvalidProxyStatus, InvalidStatus
    from websockets.sync.client import connect

    proxy = proxy_for(url)

    def attempt() -> ClientConnection | requests.Response:
        try:
            return connect(
                f"ws{url.removeprefix('http')}",
                ssl=gateway_tls(settings) if url.startswith("https:") else None,
                additional_headers=dict(headers),
                proxy=proxy.url_with_login if proxy else None,
                compression=None,
                max_size=sizes.largest,
                ping_interval=_PING_SECONDS,
                ping_timeout=_PONG_SECONDS,
                open_timeout=sizes.open_seconds,
                close_timeout=_CLOSE_SECONDS,
            ).__enter__()
        except InvalidStatus as error:
            return _as_response(error.response, url)
        except InvalidProxyStatus as error:
            if error.response.status_code == 407:
                raise proxy_wants_login(url) from error
            raise ConnectionError(str(error)) from error
        except InvalidHandshake as error:  # also a connection that broke off
            raise ConnectionError(str(error)) from error

    def outage(found: ClientConnection | requests.Response) -> Outage | None:
        if not isinstance(found, requests.Response) or found.status_code == 401:
            return None  # 401 is for another login to answer
        return outage_in(found.status_code, found.headers, found.content)

    with network_errors(url):
        return gateway_policy().response(attempt, outage)


def _as_response(found: Response, url: str) -> requests.Response:
    """As the readers of refusals know it."""
    import requests

    response = requests.Response()
    response.url, response.status_code = url, found.status_code
    for name, value in found.headers.raw_items():
        response.headers[name] = value
    response._content = bytes(found.body or b"")
    return response
