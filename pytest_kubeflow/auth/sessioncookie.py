"""The cookie of a session that does not come back to who set it: why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import requests


def cookie_fault(session: requests.Session, hops: Sequence[requests.Response], host: str) -> str:
    """Why a cookie that a response among `hops` set is not sent to `host` (a URL); empty if it is.

    `hops` are all responses of a login, redirects too.
    """
    parts = urlsplit(host)
    if parts.scheme != "https":
        for cookie in session.cookies:
            if cookie.secure:
                return (
                    f"the session cookie {cookie.name} of {parts.netloc} is for https only "
                    "(Secure): use an https URL in --kf-host, or set cookie_secure = false at "
                    "oauth2-proxy"
                )
    for name, domain in _domains(hops):
        belongs = f".{parts.hostname}".endswith(f".{domain}")
        if domain and not belongs:
            return (
                f"the session cookie {name} is for the domain {domain}, to which {parts.hostname} "
                "does not belong: use a --kf-host in that domain, or change oauth2-proxy's "
                "cookie_domains"
            )
    return ""


def _domains(hops: Sequence[requests.Response]) -> Iterator[tuple[str, str]]:
    """Names of the cookies that were set, with the domain that each is for; empty without one."""
    for hop in hops:
        for header in hop.raw.headers.getlist("set-cookie"):
            try:
                parsed = SimpleCookie(header)
            except CookieError:
                continue
            for name, morsel in parsed.items():
                yield name, morsel["domain"].lstrip(".")
