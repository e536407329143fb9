"""Which errors of sockets, TLS, urllib3, requests and http.client are outages.

Final is what only people can mend: certificates, host names, proxies that want a login, URLs that
are none, redirects without end.
"""

from __future__ import annotations

import http.client
import socket
import ssl

from pytest_kubeflow.errors import KubeflowError
from pytest_kubeflow.network_errors import chain, innermost
from pytest_kubeflow.retries.outage import Outage, carried_by


def outage_of(error: BaseException) -> Outage | None:
    """What `error` says of the server's availability; None if another attempt would not mend it.

    Errors of ours are verdicts: of another client, whose policy has had its time.
    """
    if isinstance(error, KubeflowError):
        return None
    causes = list(chain(error))
    for cause in causes:
        if (outage := carried_by(cause)) is not None:
            return outage
    if any(map(_is_final, causes)) or not any(map(_is_network, causes)):
        return None
    found = innermost(error)
    return Outage(
        found[:1].lower() + found[1:],
        _kind(causes),
        ambiguous=not any(map(_is_connect, causes)),
    )


def _kind(causes: list[BaseException]) -> str:
    """A few words, for counting."""
    from urllib3.exceptions import IncompleteRead
    from urllib3.exceptions import TimeoutError as NoAnswerInTime

    def there(*kinds: type[BaseException]) -> bool:
        return any(isinstance(one, kinds) for one in causes)

    if there(ConnectionRefusedError):
        return "connection refused"
    if there(NoAnswerInTime, TimeoutError):
        return "time-out"
    if there(IncompleteRead, http.client.IncompleteRead):
        return "cut off"
    if there(ConnectionResetError, BrokenPipeError, http.client.RemoteDisconnected):
        return "connection reset"
    return "TLS broke off" if there(ssl.SSLError) else "no connection"


def _is_final(cause: BaseException) -> bool:
    from requests import RequestException
    from requests.exceptions import ChunkedEncodingError, ContentDecodingError, Timeout
    from requests.exceptions import ConnectionError as NoConnection
    from urllib3.exceptions import LocationValueError, NameResolutionError, ResponseError

    name = (socket.gaierror, NameResolutionError, LocationValueError)
    if isinstance(cause, (*name, ResponseError)):  # the last: redirects without end
        return True
    if isinstance(cause, ssl.SSLError):
        return not isinstance(cause, (ssl.SSLEOFError, ssl.SSLZeroReturnError))
    passing = (NoConnection, Timeout, ChunkedEncodingError, ContentDecodingError)
    if isinstance(cause, RequestException):
        return not isinstance(cause, passing)
    return "Tunnel connection failed: 4" in str(cause)


def _is_network(cause: BaseException) -> bool:
    from urllib3.exceptions import HTTPError

    local = (FileNotFoundError, PermissionError, IsADirectoryError)
    kinds = (HTTPError, OSError, http.client.HTTPException)
    return isinstance(cause, kinds) and not isinstance(cause, local)


def _is_connect(cause: BaseException) -> bool:
    """Whether it came to no connection, so that nothing was sent."""
    from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

    kinds = (ConnectTimeoutError, NewConnectionError, ConnectionRefusedError)
    return isinstance(cause, kinds)
