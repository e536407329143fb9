"""Connectors of Dex: which one a login goes by, and which others there are.

Their ids are whatever an administrator has written: paths have them with percent signs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import unquote, urlsplit

from pytest_kubeflow.errors import AuthenticationError
from pytest_kubeflow.html_page import HtmlPage

_WITH_PASSWORDS = ("local", "ldap")
_FOLDER = "/dex/auth/"


def offered_by(page: HtmlPage) -> dict[str, str]:
    """The links on the page that asks how to log in, by the connector's id."""
    found: dict[str, str] = {}
    for link in page.links:
        folder, _, name = urlsplit(link).path.rstrip("/").rpartition("/")
        if folder.endswith("/auth"):
            found.setdefault(_id(name), link)
    return found


def chosen(offered: Mapping[str, str], wanted: str | None) -> str:
    """The link of the one to log in by. Raises AuthenticationError where it is not offered."""
    for name in _WITH_PASSWORDS if wanted is None else (wanted,):
        if name in offered:
            return offered[name]
    if wanted is not None:
        raise no_connector(wanted, offered)
    raise AuthenticationError(
        f"Dex has no connector local or ldap, but {', '.join(offered)}: name one that takes a user "
        "and a password with --kf-dex-connector, or come with a token"
    )


def taken(urls: Iterable[str]) -> str | None:
    """The one that a login went by, by the URLs that it has passed; None if by none of Dex's.

    Where there is one connector alone, Dex does not ask.
    """
    for url in urls:
        _, there, rest = urlsplit(url).path.partition(_FOLDER)
        if there and rest:
            return _id(rest.partition("/")[0])
    return None


def _id(segment: str) -> str:
    """The id of a path's segment: Dex escapes it, and the path with it once more."""
    return unquote(unquote(segment))


def no_connector(wanted: str, others: Iterable[str]) -> AuthenticationError:
    """The line for one that Dex does not have."""
    return AuthenticationError(
        f"Dex has no connector {wanted!r}: set --kf-dex-connector to one of {', '.join(others)}"
    )
