"""Responses that want a login: of oauth2-proxy, Istio or the API, to those whom they do not know.

That is 401, a redirect to the login, or oauth2-proxy's sign-in page, which comes with status 403
and is Kubeflow's default. Any other 403 may also mean that we are known, and may not do this.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pytest_kubeflow.html_page import HtmlPage

if TYPE_CHECKING:
    import requests

_CHUNK = 16 * 1024
_MOST_CHUNKS = 8
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_START = "/oauth2/start"


def wants_login(response: requests.Response) -> bool:
    """Whether this is what is answered to somebody without a session, or with an old one."""
    if response.status_code in _REDIRECTS:
        return leads_to_login(response.headers.get("location", ""))
    if response.status_code == 403 and "html" in response.headers.get("content-type", ""):
        return shows_sign_in(error_body(response))
    return response.status_code == 401


def leads_to_login(url: str) -> bool:
    """Whether a redirect to `url` is one to Dex, to oauth2-proxy or to another's login."""
    path = urlsplit(url).path
    return "/dex/" in path or "/oauth2/" in path or path.endswith("/auth")


def shows_sign_in(html: str | bytes) -> bool:
    """Whether this is oauth2-proxy's sign-in page, whatever theme it has."""
    text = html.decode(errors="replace") if isinstance(html, bytes) else html
    return _START in text and is_sign_in(HtmlPage(text))


def is_sign_in(page: HtmlPage) -> bool:
    """The same of a page that was read already."""
    return any(
        urlsplit(target).path.endswith(_START)
        for target in [*(form.action for form in page.forms), *page.links]
    )


def error_body(response: requests.Response) -> bytes:
    """The body of a response, as much of it as anybody needs: bodies of others may never end.

    Whoever reads it afterwards gets the same, also of a response that is streamed.
    """
    content = response._content
    if isinstance(content, bytes):
        return content
    body = b"".join(islice(response.iter_content(_CHUNK), _MOST_CHUNKS))
    response._content = body
    response._content_consumed = True  # type: ignore[attr-defined]
    if len(body) >= _CHUNK * _MOST_CHUNKS:
        response.close()
    return body
