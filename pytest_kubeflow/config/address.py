"""The address of a gateway, as people give it: often a browser's, of a page of Kubeflow."""

from __future__ import annotations

import re
from urllib.parse import urlsplit, urlunsplit

_PAGES = re.compile(
    r"/(_|pipeline|volumes|jupyter|notebook|tensorboards|katib|kserve-endpoints|models|workspaces"
    r"|dex|oauth2|authservice)(/|$)"
)
"""What the paths of Kubeflow's own pages begin with; `/_/` is the dashboard's frame."""


def cut_to_host(text: str) -> str:
    """`text` without what names a page: Kubeflow's paths, and query and fragment of any.

    One with an @ stays as it is: what looks like a path may be a part of a password.
    """
    if "@" in text:
        return text
    try:
        parts = urlsplit(text)
    except ValueError:
        return text
    path = "" if _PAGES.match(parts.path) else parts.path
    return urlunsplit((parts.scheme, parts.netloc, path, "", ""))


def note_of(text: str) -> str:
    """What `cut_to_host` leaves out, for people; empty where that is nothing.

    Queries and fragments are not shown: they may have a code or a token in them.
    """
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    path = parts.path if _PAGES.match(parts.path) else ""
    marks = [mark for mark, there in (("?...", parts.query), ("#...", parts.fragment)) if there]
    cut = "".join([path, *marks])
    return f"without {cut}" if cut else ""
