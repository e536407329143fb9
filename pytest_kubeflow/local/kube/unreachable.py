"""ApiUnreachableError: no response of an API server, in the words of Go's network library.

Real components are written in Go and pass these words on, so that who looks for them finds them
here too: `Get "https://10.0.0.1:6443/api": dial tcp 10.0.0.1:6443: connect: connection refused`.
"""

from __future__ import annotations

import errno
import logging
import os
from urllib.parse import urlsplit

import aiohttp

_HTTPS = 443
_RESET = {errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED}
_RESETS = (ConnectionResetError, BrokenPipeError, ConnectionAbortedError)
"""The same without a number."""


class ApiUnreachableError(Exception):
    """The API server gave no answer, or none that is HTTP."""

    @classmethod
    def of(cls, method: str, url: str, error: Exception) -> ApiUnreachableError:
        """What a request has failed of."""
        return cls(f'{method.capitalize()} "{url}": {_words(url, error)}')


def level_of(error: Exception) -> int:
    """The level at which who asks again logs `error`: ApiWatch says once that nobody answers."""
    return logging.DEBUG if isinstance(error, ApiUnreachableError) else logging.WARNING


def _words(url: str, error: Exception) -> str:
    parts = urlsplit(url)
    address = f"{parts.hostname}:{parts.port or _HTTPS}"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return f"dial tcp: lookup {parts.hostname}: no such host"
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError):
        return f"tls: {error}"
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(cause, OSError) and (cause.errno in _RESET or isinstance(cause, _RESETS)):
        # In the TLS handshake, too, which is a part of connecting here: without a number there.
        words = os.strerror(cause.errno or errno.ECONNRESET).lower()
        return f"read tcp {address}: read: {words}"
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"dial tcp {address}: connect: {_reason(error.os_error)}"
    if isinstance(error, aiohttp.ClientOSError):  # in writing, of which aiohttp tells no number
        return f"write tcp {address}: write: broken pipe"
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return f"dial tcp {address}: i/o timeout"
    if isinstance(error, TimeoutError):
        return "http2: client connection lost"
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "EOF"
    if isinstance(error, aiohttp.ClientPayloadError):
        return f"unexpected EOF: {error}"
    return str(error) or type(error).__name__


def _reason(error: Exception) -> str:
    number = getattr(error, "errno", None)
    return os.strerror(number).lower() if number else str(error)
