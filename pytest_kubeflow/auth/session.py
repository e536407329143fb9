"""requests.Session for the gateway: verified TLS, a timeout on every call, errors in one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pytest_kubeflow.config.model import GatewaySettings
from pytest_kubeflow.errors import ClusterUnreachable

if TYPE_CHECKING:
    import requests

    from pytest_kubeflow.auth.credentials import Credentials

CONNECT_TIMEOUT = 10.0
READ_TIMEOUT = 30.0


def gateway_session(
    settings: GatewaySettings, credentials: Credentials | None = None
) -> requests.Session:
    """A session that sends `credentials` with each request; without them it sends none at all.

    What lies in ~/.netrc or $REQUESTS_CA_BUNDLE does not come in between.
    """
    import requests
    from requests.adapters import HTTPAdapter

    verify: bool | str = not settings.insecure
    if settings.ca_cert is not None and not settings.insecure:
        verify = str(settings.ca_cert)

    class Adapter(HTTPAdapter):
        """Our timeout where none is given; our verification, whatever the environment says."""

        def send(self, request: Any, **kwargs: Any) -> Any:  # type: ignore[override]
            kwargs["timeout"] = kwargs.get("timeout") or (CONNECT_TIMEOUT, READ_TIMEOUT)
            if verify is not True:
                kwargs["verify"] = verify
            return super().send(request, **kwargs)

    def sign(request: requests.PreparedRequest) -> requests.PreparedRequest:
        if credentials is not None:
            request.headers.update(credentials.headers())
        return request

    session = requests.Session()
    session.auth = sign  # also keeps requests from looking into ~/.netrc
    for scheme in ("http://", "https://"):
        session.mount(scheme, Adapter())
    if settings.insecure:
        import urllib3

        # The user has said so; once a request is more than once too often.
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    return session


@contextmanager
def reaching(url: str) -> Iterator[None]:
    """Turn the failures of requests inside into one ClusterUnreachable that says which it was."""
    import requests

    host = urlsplit(url).netloc
    try:
        yield
    except requests.exceptions.SSLError as error:
        if "WRONG_VERSION_NUMBER" in str(error):
            raise ClusterUnreachable(
                f"{host} does not speak TLS; is it http://{host}? (a login over plain http works "
                "on localhost alone)"
            ) from error
        raise ClusterUnreachable(
            f"the certificate of {host} is not accepted: {_innermost(error)}; "
            "name its authority with --kf-ca-cert (or skip the check with --kf-insecure)"
        ) from error
    except requests.exceptions.Timeout as error:
        raise ClusterUnreachable(
            f"{host} does not answer in time; is it reachable from here?"
        ) from error
    except requests.exceptions.TooManyRedirects as error:
        raise ClusterUnreachable(f"{url} redirects without end") from error
    except requests.exceptions.RequestException as error:
        said = _innermost(error)
        if "resolve" in str(error) or "getaddrinfo" in str(error):
            told = f"the host name {urlsplit(url).hostname} is not known ({said})"
        elif "refused" in said:
            told = f"nothing listens at {host} (connection refused)"
        else:
            told = f"cannot talk to {host}: {said}"
        raise ClusterUnreachable(told) from error


def _innermost(error: BaseException) -> str:
    """What the operating system or OpenSSL said, without the layers around it."""
    while True:
        inner = getattr(error, "reason", None)
        if not isinstance(inner, BaseException):
            inner = next((one for one in error.args if isinstance(one, BaseException)), None)
        if inner is None:
            inner = error.__cause__
        if inner is None or inner is error:
            text = getattr(error, "strerror", None) or str(error)
            return " ".join(text.split()) or type(error).__name__
        error = inner
