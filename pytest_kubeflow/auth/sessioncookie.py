"""The cookie of a session that does not come back to who set it: why."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from email.utils import mktime_tz, parsedate_tz
from http.cookies import CookieError, Morsel, SimpleCookie
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
    for name, morsel in _set_by(hops):
        domain = morsel["domain"].lstrip(".")
        if domain and not f".{parts.hostname}".endswith(f".{domain}"):
            return (
                f"the session cookie {name} is for the domain {domain}, to which {parts.hostname} "
                "does not belong: use a --kf-host in that domain, or change oauth2-proxy's "
                "cookie_domains"
            )
        ends = parsedate_tz(morsel["expires"]) if morsel.value else None
        if ends is not None and mktime_tz(ends) <= time.time():
            return (
                f"the session cookie {name} is over by this machine's clock "
                f"({morsel['expires']}): compare the clocks, and oauth2-proxy's cookie_expire"
            )
    return ""


def _set_by(hops: Sequence[requests.Response]) -> Iterator[tuple[str, Morsel[str]]]:
    """The cookies that were set, or removed, by name."""
    for hop in hops:
        for header in hop.raw.headers.getlist("set-cookie"):
            try:
                yield from SimpleCookie(header).items()
            except CookieError:
                continue
