"""Pages: what the gateway answers to this session, at the dashboard's links and beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from pytest_kubeflow.auth.credentials import Credentials
from pytest_kubeflow.auth.session import gateway_session
from pytest_kubeflow.config.groups.gateway import GatewaySettings
from pytest_kubeflow.errors import KubeflowError
from pytest_kubeflow.html_page import HtmlPage as Html
from pytest_kubeflow.network_errors import network_errors
from pytest_kubeflow.platform.checks.applications.login import ENV_INFO
from pytest_kubeflow.platform.checks.applications.pages import HEALTH, NAMESPACES
from pytest_kubeflow.platform.menu import LINKS_PATH, NoMenuError, menu_links
from pytest_kubeflow.platform.notebook import notebooks_of
from pytest_kubeflow.platform.probes.probed import Probed
from pytest_kubeflow.platform.snapshot import Snapshot, Unseen
from pytest_kubeflow.platform.snapshot.observations import GatewayPage, Observations
from pytest_kubeflow.response_text import words_of

if TYPE_CHECKING:
    import requests

_TIMEOUT = (3.0, 5.0)
_AT_ONCE = 6
_MOST_LINKS, _MOST_NOTEBOOKS = 12, 5
_MOST_REDIRECTS = 4
_CHUNK, _MOST_CHUNKS = 16 * 1024, 8
_WHAT = "the pages of the gateway"


def probe_pages(
    gateway: str, settings: GatewaySettings, credentials: Credentials, snapshot: Snapshot
) -> Probed:
    """What is shown at the gateway with this URL (no slash at its end) to who has `credentials`.

    Only `get` is used. The menu comes from the dashboard where its ConfigMap was not seen.
    """
    asker = _Asker(gateway, settings, credentials)
    try:
        credentials.headers()  # one login for all of them
        first = {path: asker.ask(path) for path in ("/", LINKS_PATH)}
    except KubeflowError as error:
        return Probed.nothing(_WHAT, error)
    known = replace(snapshot, observed=replace(snapshot.observed, pages=first))
    paths = [one for one in _paths(known) if one not in first]
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="pages") as pool:
        begun = [(one, pool.submit(copy_context().run, asker.ask, one)) for one in paths]
        pages: dict[str, GatewayPage] = dict(first)
        unseen: list[Unseen] = []
        for path, outcome in begun:
            try:
                pages[path] = outcome.result()
            except KubeflowError as error:
                unseen.append(Unseen(f"the page {path}", error.message))
    return Probed(
        observed=Observations(gateway=gateway, pages=pages),
        unseen=(*unseen, *_without_menu(known)),
    )


def _paths(snapshot: Snapshot) -> Sequence[str]:
    """All that is asked for."""
    try:
        links = menu_links(snapshot)
    except NoMenuError:  # which is a finding
        links = ()
    apps = [one.path for one in islice(links, _MOST_LINKS)]
    running = (one for one in notebooks_of(snapshot) if one.pod is not None)
    notebooks = [one.path for one in islice(running, _MOST_NOTEBOOKS)]
    beside = [path for app, path in NAMESPACES.items() if app in apps]
    found = [ENV_INFO, HEALTH, *apps, *beside, *notebooks]
    return list(dict.fromkeys(found))


def _without_menu(snapshot: Snapshot) -> Iterator[Unseen]:
    try:
        links = menu_links(snapshot)
    except NoMenuError:
        return
    if not links:
        page = snapshot.observed.pages[LINKS_PATH]
        yield Unseen(
            "the links of the dashboard's menu",
            f"no ConfigMap dashboard-config was seen, and {LINKS_PATH} answers {page.status}",
        )


class _Asker:
    def __init__(self, gateway: str, settings: GatewaySettings, credentials: Credentials) -> None:
        self._gateway = gateway
        self._settings = settings
        self._credentials = credentials

    def ask(self, path: str) -> GatewayPage:
        """The page there, after redirects within the gateway. Raises KubeflowError."""
        url = f"{self._gateway}{path}"
        with (
            gateway_session(self._settings, self._credentials, patient=False) as session,
            network_errors(self._gateway),
        ):
            for _ in range(_MOST_REDIRECTS):
                with session.get(
                    url, allow_redirects=False, timeout=_TIMEOUT, stream=True
                ) as response:
                    target = urljoin(url, response.headers.get("location") or "")
                    if not response.is_redirect or not self._is_ours(target):
                        return _page(response)
                url = target
            return GatewayPage(508, text="it redirects without end")

    def _is_ours(self, url: str) -> bool:
        one, other = urlsplit(url), urlsplit(self._gateway)
        return (one.scheme, one.netloc) == (other.scheme, other.netloc)


def _page(response: requests.Response) -> GatewayPage:
    media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = b"".join(islice(response.iter_content(_CHUNK), _MOST_CHUNKS))
    found = body.decode(errors="replace")
    is_json = "json" in media_type and response.status_code == 200
    return GatewayPage(
        status=response.status_code,
        media_type=media_type,
        title=Html(found).title if "html" in media_type else "",
        text=found if is_json else words_of(body),
        cookies=tuple(_without_value(one) for one in _cookies(response)),
    )


def _cookies(response: requests.Response) -> Sequence[str]:
    headers = response.raw.headers
    return list(headers.getlist("Set-Cookie")) if hasattr(headers, "getlist") else ()


def _without_value(cookie: str) -> str:
    pair, semicolon, rest = cookie.partition(";")
    return f"{pair.partition('=')[0]}=...{semicolon}{rest}"
