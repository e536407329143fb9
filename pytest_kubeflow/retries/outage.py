"""Outage: which errors of a call say that the Kubernetes API may answer a moment later.

What the API server decided (401, 403, 404, 422 and most others) is final, and so is what only
people can mend: certificates, host names, proxies that want a login.
"""

from __future__ import annotations

import json
import socket
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_kubeflow.reaching import chain, innermost
from pytest_kubeflow.response_text import words_of

if TYPE_CHECKING:
    from kubernetes.client import ApiException

_LONGEST = 1000
_BUSY = 429
_UNAVAILABLE = frozenset({502, 503, 504})
_TEMPORARY = frozenset({"ServerTimeout", "Timeout", "TooManyRequests"})
"""Reasons of a Status that ask for another attempt."""

_STORAGE = ("etcdserver: ", "leader changed", "rpc error: code = Unavailable")
"""What a 500 says when it is etcd that does not answer."""


@dataclass(frozen=True, slots=True)
class Outage:
    """A call that was not answered for now. `reason` is in the server's or the system's words."""

    reason: str
    silent: bool = True
    """Whether no API server answered, rather than one that refuses for now."""

    ambiguous: bool = True
    """Whether what was asked for may have been done all the same."""

    retry_after: float = 0.0
    """Seconds for which the server asks to be left alone."""


def outage_of(error: BaseException) -> Outage | None:
    """What `error` says of the API's availability; None if another attempt would not mend it."""
    from kubernetes.client import ApiException

    if isinstance(error, ApiException) and error.status:
        return _answered(error)
    causes = list(chain(error))
    if any(map(_is_final, causes)) or not any(map(_is_network, causes)):
        return None
    told = innermost(error)
    return Outage(told[:1].lower() + told[1:], ambiguous=not any(map(_is_connect, causes)))


def _answered(error: ApiException) -> Outage | None:
    status = _status(error)
    message = words_of(error.body, longest=_LONGEST) or words_of(error.reason)
    reason = f"it answers {error.status}: {message}"
    after = _retry_after(error)
    if error.status == _BUSY:
        return Outage(reason, silent=False, ambiguous=False, retry_after=after)
    if error.status in _UNAVAILABLE:
        return Outage(reason, retry_after=after)
    if error.status == 500 and (
        after or status.get("reason") in _TEMPORARY or any(one in message for one in _STORAGE)
    ):
        return Outage(reason, retry_after=after)
    if error.status == 409 and _kind(status) == "resourcequotas":
        # Not the object that was to be made, but the count of the quota that it is charged to.
        return Outage(reason, silent=False, ambiguous=False, retry_after=after)
    return None


def _status(error: ApiException) -> dict[str, Any]:
    """The Status object of an answer; {} if it has none."""
    try:
        found = json.loads(error.body)
    except (TypeError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _kind(status: dict[str, Any]) -> str:
    return str((status.get("details") or {}).get("kind") or "")


def _retry_after(error: ApiException) -> float:
    """Seconds of the header Retry-After; 0 without one, or with one that is malformed."""
    from urllib3.exceptions import InvalidHeader
    from urllib3.util import Retry

    for name, value in dict(error.headers or {}).items():
        if name.lower() == "retry-after":
            try:
                return float(Retry().parse_retry_after(value))
            except InvalidHeader:
                return 0.0
    return 0.0


def _is_final(cause: BaseException) -> bool:
    from urllib3.exceptions import LocationValueError, NameResolutionError, ResponseError

    name = (socket.gaierror, NameResolutionError, LocationValueError)
    if isinstance(cause, (*name, ResponseError)):  # the last: redirects without end
        return True
    if isinstance(cause, ssl.SSLError):
        return not isinstance(cause, (ssl.SSLEOFError, ssl.SSLZeroReturnError))
    return "Tunnel connection failed: 4" in str(cause)


def _is_network(cause: BaseException) -> bool:
    from urllib3.exceptions import HTTPError

    local = (FileNotFoundError, PermissionError, IsADirectoryError)
    return isinstance(cause, (HTTPError, OSError)) and not isinstance(cause, local)


def _is_connect(cause: BaseException) -> bool:
    """Whether it came to no connection, so that nothing was sent."""
    from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

    kinds = (ConnectTimeoutError, NewConnectionError, ConnectionRefusedError)
    return isinstance(cause, kinds)
