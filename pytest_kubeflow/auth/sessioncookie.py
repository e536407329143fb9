"""The cookies of a login that do not come back to who set them: why.

It is told from what was set, what the cookie jar has kept of it, and the addresses.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from email.utils import mktime_tz, parsedate_tz
from http.cookies import CookieError, Morsel, SimpleCookie
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import requests

_OF_DEX = "/dex"

_REPLICAS = (
    "the replicas of oauth2-proxy have different cookie secrets (compare their "
    "OAUTH2_PROXY_COOKIE_SECRET; kubectl -n oauth2-proxy get pods), or clocks that differ by more "
    "than a quarter of an hour"
)


def cookie_fault(session: requests.Session, hops: Sequence[requests.Response], host: str) -> str:
    """Why a cookie that a response among `hops` set is not sent to `host` (a URL); empty if it is.

    `hops` are all responses of a login, redirects too.
    """
    parts = urlsplit(host)
    if parts.scheme != "https":
        for cookie in session.cookies:
            if cookie.secure and not cookie.path.startswith(_OF_DEX):
                return (
                    f"the cookie {cookie.name} of {parts.netloc} is for https only "
                    "(Secure): use an https URL in --kf-host, or set cookie_secure = false at "
                    "oauth2-proxy"
                )
    for name, morsel in _set_by(hops):
        domain = morsel["domain"].lstrip(".")
        if domain and not f".{parts.hostname}".endswith(f".{domain}"):
            return (
                f"the cookie {name} is for the domain {domain}, to which {parts.hostname} "
                "does not belong: use a --kf-host in that domain, or change oauth2-proxy's "
                "cookie_domains"
            )
        ends = parsedate_tz(morsel["expires"]) if morsel.value else None
        if ends is not None and mktime_tz(ends) <= time.time():
            return (
                f"the cookie {name} is over by this machine's clock "
                f"({morsel['expires']}): compare the clocks, and oauth2-proxy's cookie_expire"
            )
    return ""


def csrf_fault(session: requests.Session, hops: Sequence[requests.Response], host: str) -> str:
    """Why oauth2-proxy misses the cookie that it sets when a login begins.

    The last of `hops` is the response that says so.
    """
    if fault := cookie_fault(session, hops, host):
        return fault
    names = [name for name, morsel in _set_by(hops) if "csrf" in name and morsel.value]
    if not names:
        return (
            "no response of the login has set it: a proxy on the way takes cookies out, or Istio "
            "does (set-cookie belongs into headersToDownstreamOnDeny of its extension provider "
            "oauth2-proxy)"
        )
    below = next((one["path"] for name, one in _set_by(hops) if name == names[-1]), "/")
    if below not in {"", "/"}:
        return (
            f'{names[-1]} is for paths below {below} alone: set cookie_path = "/" at oauth2-proxy'
        )
    sent = hops[-1].request.headers.get("Cookie", "")
    if any(f"{name}=" in sent for name in names):
        return f"it was set and came back, and was not understood: {_REPLICAS}"
    return f"{names[-1]} was set, and not kept, for a reason that its attributes do not show"


def _set_by(hops: Sequence[requests.Response]) -> Iterator[tuple[str, Morsel[str]]]:
    """The cookies that were set, or removed, by name; not those that Dex has for itself."""
    for hop in hops:
        for header in hop.raw.headers.getlist("set-cookie"):
            try:
                found = SimpleCookie(header).items()
            except CookieError:
                continue
            yield from (one for one in found if not one[1]["path"].startswith(_OF_DEX))
