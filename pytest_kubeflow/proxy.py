"""Proxy: the HTTP proxy that the environment names for a URL (HTTPS_PROXY, HTTP_PROXY, NO_PROXY).

`requests` looks for it by itself; kfp.Client, the Kubernetes client and minio have to be told.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit, urlunsplit

from pytest_kubeflow.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Proxy:
    """Where it is, without the credentials that its URL may have had; those are in `headers`."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def address(self) -> tuple[str, int]:
        """Host and port to connect to."""
        parts = urlsplit(self.url)
        return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)

    @property
    def url_with_login(self) -> str:
        """The URL with its credentials, as `websockets` takes it."""
        kind, _, encoded = self.headers.get("proxy-authorization", "").partition(" ")
        if kind.lower() != "basic":
            return self.url
        user, _, password = base64.b64decode(encoded).decode().partition(":")
        parts = urlsplit(self.url)
        login = f"{quote(user, safe='')}:{quote(password, safe='')}@"
        return urlunsplit(parts._replace(netloc=login + parts.netloc))


def proxy_for(url: str) -> Proxy | None:
    """The proxy on the way to `url`; None where there is none, or NO_PROXY names the host.

    Raises ConfigurationError for a proxy that is no http or https URL.
    """
    from requests.utils import get_auth_from_url, get_environ_proxies, select_proxy
    from urllib3 import make_headers

    found = select_proxy(url, get_environ_proxies(url))
    if not found:
        return None
    parts = urlsplit(found if "://" in found else f"http://{found}")
    try:
        port = parts.port
    except ValueError:
        port = 0
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
        raise ConfigurationError(
            f"the proxy of the environment for {urlsplit(url).hostname} is not usable: HTTPS_PROXY "
            "and HTTP_PROXY must be like http://proxy.example:3128"
        )
    user, password = get_auth_from_url(parts.geturl())
    headers = make_headers(proxy_basic_auth=f"{user}:{password}") if user else {}
    bare = parts.netloc.rpartition("@")[2]
    return Proxy(urlunsplit((parts.scheme, bare, "", "", "")), headers)
