"""Menu: the links of the dashboard, as its configuration or the dashboard itself tells them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from pytest_kubeflow.platform.snapshot import Object, Snapshot
from pytest_kubeflow.platform.snapshot.fields import items, text
from pytest_kubeflow.platform.snapshot.kind import CONFIG_MAPS

LINKS_PATH = "/api/dashboard-links"
"""Where the dashboard tells them to its page."""

_CONFIG_MAPS = ("dashboard-config", "centraldashboard-config")
_NAMESPACE = "kubeflow"


@dataclass(frozen=True)
class Link:
    """One entry: what it is called, and the path that the gateway is asked for."""

    text: str
    path: str


class NoMenuError(ValueError):
    """What should be the menu cannot be read; the text says where it is and what is wrong."""


def menu_links(snapshot: Snapshot) -> tuple[Link, ...]:
    """The links within the platform, each path once; none where the menu was not seen.

    Raises NoMenuError for one that is no JSON.
    """
    for name in _CONFIG_MAPS:
        found = snapshot.named(CONFIG_MAPS, name, _NAMESPACE)
        if found is not None and (links := text(found, "data", "links")):
            return _links(links, f"ConfigMap {_NAMESPACE}/{name}")
    page = snapshot.observed.pages.get(LINKS_PATH)
    if page is not None and page.status == 200 and "json" in page.media_type:
        return _links(page.text, LINKS_PATH)
    return ()


def _links(text: str, where: str) -> tuple[Link, ...]:
    try:
        menu = json.loads(text)
    except ValueError as error:
        raise NoMenuError(f"the links in {where} are no JSON: {error}") from None
    paths: dict[str, Link] = {}
    for link in _items(menu, "menuLinks"):
        paths.setdefault(link.path, link)
    return tuple(paths.values())


def _items(menu: object, key: str, depth: int = 3) -> Iterator[Link]:
    for one in items(menu, key):
        yield from _own(one)
        if depth:
            yield from _items(one, "items", depth - 1)


def _own(entry: Object) -> Iterator[Link]:
    target = text(entry, "link")
    try:
        parts = urlsplit(target)
    except ValueError:
        return
    if target.startswith("/") and not parts.netloc:
        yield Link(text(entry, "text") or target, parts.path)
