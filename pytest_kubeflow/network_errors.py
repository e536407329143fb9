"""What goes wrong on the way to a server, told apart: name, address, proxy, TLS, certificate."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from pytest_kubeflow.errors import ClusterUnreachable, ConfigurationError

# OpenSSL's numbers of what is wrong with a certificate (include/openssl/x509_vfy.h).
_CERTIFICATE = {
    9: "it is not valid yet: is the clock of this machine right?",
    10: "it has to be renewed there",
    18: "it is signed by itself: give it (or its authority) with --kf-ca-cert",
    19: "its authority is not one that this machine trusts: give that with --kf-ca-cert",
    20: "its authority is not one that this machine trusts: give that with --kf-ca-cert",
    62: "ask for the host by a name that its certificate has",
    64: "ask for the host by a name that its certificate has",
}
_OTHERWISE = "name its authority with --kf-ca-cert"


@contextmanager
def network_errors(url: str) -> Iterator[None]:
    """Turn failures of sockets and of `requests` inside into one line that says which it was.

    Raises ClusterUnreachable; ConfigurationError for what only the user's proxy can be to blame.
    """
    try:
        yield
    except OSError as error:  # which those of requests and ssl are, too
        raise _described(url, error) from error


def _described(url: str, error: BaseException) -> ClusterUnreachable | ConfigurationError:
    asked, url = url, _asked_last(error) or url
    if urlsplit(url).netloc != urlsplit(asked).netloc:
        inner = _told_of(url, error)
        return type(inner)(f"{inner.message}; {urlsplit(asked).netloc} redirects there")
    return _told_of(url, error)


def _asked_last(error: BaseException) -> str:
    """The URL of the request that failed, after redirects; empty where that is not known."""
    request = getattr(error, "request", None)
    return str(getattr(request, "url", None) or "")


def _told_of(url: str, error: BaseException) -> ClusterUnreachable | ConfigurationError:
    import requests

    parts = urlsplit(url)
    host = parts.netloc
    causes = list(chain(error))
    said = innermost(error)

    def there(*kinds: type[BaseException]) -> BaseException | None:
        return next((one for one in causes if isinstance(one, kinds)), None)

    if any("407" in str(one) for one in causes if "Tunnel" in str(one)):
        return proxy_wants_login(url)
    if there(requests.exceptions.ProxyError):
        return ClusterUnreachable(
            f"the proxy on the way to {host} does not answer ({said}); "
            "HTTPS_PROXY and HTTP_PROXY name it, NO_PROXY the hosts that go without"
        )
    if (refused := there(ssl.SSLCertVerificationError)) is not None:
        code = getattr(refused, "verify_code", 0)
        reason = getattr(refused, "verify_message", "") or _message(refused)
        return ClusterUnreachable(
            f"the certificate of {host} is not accepted: {reason.rstrip('.')}; "
            f"{_CERTIFICATE.get(code, _OTHERWISE)} (--kf-insecure skips the check)"
        )
    if there(ssl.SSLError):
        if any("WRONG_VERSION_NUMBER" in str(one) for one in causes):
            return ClusterUnreachable(
                f"{host} does not speak TLS; is it http://{host}? (a login over plain http works "
                "on localhost alone)"
            )
        return ClusterUnreachable(f"no TLS connection with {host}: {said}")
    if there(socket.gaierror) or "resolve" in str(error):
        return ClusterUnreachable(f"the host name {parts.hostname} is not known ({said})")
    if there(requests.exceptions.ReadTimeout) or "handshake" in said:
        return ClusterUnreachable(
            f"{host} accepts the connection and sends no response in time: it is slow or "
            "overloaded, or what stands behind it hangs; try again, and look at its pods"
        )
    if there(requests.exceptions.Timeout, TimeoutError):
        return ClusterUnreachable(f"{host} does not answer in time; is it reachable from here?")
    if there(requests.exceptions.TooManyRedirects):
        return ClusterUnreachable(
            f"{url} redirects without end: what stands before Kubeflow there, and its login, send "
            "each request to each other"
        )
    if there(ConnectionRefusedError) or "refused" in said:
        return ClusterUnreachable(f"nothing listens at {host} (connection refused)")
    return ClusterUnreachable(f"cannot talk to {host}: {said}")


def proxy_wants_login(url: str) -> ConfigurationError:
    """The line for a proxy that answers 407."""
    return ConfigurationError(
        f"the proxy on the way to {urlsplit(url).netloc} wants a login of its own (407): put it "
        "into the proxy's URL, as in HTTPS_PROXY=http://user:password@proxy:3128, or name the host "
        "in NO_PROXY"
    )


def chain(error: BaseException) -> Iterator[BaseException]:
    """The error and those inside it, the innermost last."""
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        yield one
        reason = getattr(one, "reason", None)
        inner = reason if isinstance(reason, BaseException) else None
        inner = inner or next((arg for arg in one.args if isinstance(arg, BaseException)), None)
        one = inner or one.__cause__ or one.__context__


def innermost(error: BaseException) -> str:
    """What the operating system or OpenSSL said, on one line, without the layers around it."""
    return _message([*chain(error)][-1])


def _message(error: BaseException) -> str:
    text = getattr(error, "strerror", None) or str(error)
    return " ".join(text.split()) or type(error).__name__
