"""Pages: what the gateway shows of the web apps, at the dashboard's links and beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from pytest_kubeflow.platform.age import is_young
from pytest_kubeflow.platform.backends import is_ready
from pytest_kubeflow.platform.catalogue.applications import (
    APPLICATION_NOT_ANSWERING,
    CSRF_COOKIE_SECURE,
    MENU_LINK_WRONG,
    NOTEBOOK_NOT_LISTENING,
)
from pytest_kubeflow.platform.checks.mesh.gateway_certificate import is_this_machine
from pytest_kubeflow.platform.checks.mesh.mutual_tls import is_without_proxy
from pytest_kubeflow.platform.finding import Finding
from pytest_kubeflow.platform.menu import Link, NoMenuError, menu_links
from pytest_kubeflow.platform.notebook import Notebook, notebooks_of
from pytest_kubeflow.platform.routes import objects_at
from pytest_kubeflow.platform.snapshot import Snapshot
from pytest_kubeflow.platform.snapshot.fields import name_of, text
from pytest_kubeflow.platform.snapshot.observations import GatewayPage

HEALTH = "/pipeline/apis/v2beta1/healthz"
"""Where the pipelines API tells whether it is well."""

NAMESPACES = {
    "/jupyter/": "/jupyter/api/namespaces",
    "/volumes/": "/volumes/api/namespaces",
    "/tensorboards/": "/tensorboards/api/namespaces",
}
"""What the web apps answer to nobody whom they do not know, by their links."""

_DASHBOARD = "dashboard"
_HOME = "/"
_TITLES = {
    "/jupyter": "Jupyter Management UI",
    "/kserve-endpoints": "Endpoints Management UI",
    "/pipeline": "Kubeflow Pipelines",
    "/tensorboards": "Tensorboards Manager UI",
}
"""Titles of pages that tell their apps apart; those of volumes and Katib are "Frontend"."""

_NOBODY_THERE = re.compile(r"upstream connect error|no healthy upstream|delayed connect error")


def check_pages(snapshot: Snapshot) -> Iterator[Finding]:
    """The menu's links, the web apps' cookies, the pages of notebooks."""
    yield from _menu(snapshot)
    yield from _silent(snapshot)
    yield from _cookies(snapshot)
    for notebook in notebooks_of(snapshot):
        yield from _notebook(snapshot, notebook)


def _menu(snapshot: Snapshot) -> Iterator[Finding]:
    try:
        links = menu_links(snapshot)
    except NoMenuError as error:
        yield _wrong(str(error), "kubectl -n kubeflow edit configmap dashboard-config")
        return
    home = snapshot.observed.pages.get(_HOME)
    for link in links:
        page = snapshot.observed.pages.get(link.path)
        if page is None or link.path == _HOME:
            continue
        if why := _mistake(link, page, home):
            yield _wrong(
                f"the dashboard's link {link.text} ({link.path}) {why}",
                "kubectl get virtualservices -A   # which one has the prefix "
                f"{link.path}, then the pods of its Service\n"
                "kubectl -n kubeflow edit configmap dashboard-config   # to take the link out",
                objects_at(snapshot, link.path),
            )


def _mistake(link: Link, page: GatewayPage, home: GatewayPage | None) -> str:
    """Why a page is not that of its app; "" if it may be.

    Whom it does not allow is told by other checks, and so is a mesh that does not reach it.
    """
    refused_too = home is not None and home.status == page.status
    if page.status == 401 or (page.status == 403 and refused_too) or is_without_proxy(page):
        return ""
    if page.status >= 400:
        return f"answers {page.status}: {page.text or 'nothing'}"
    if page.status != 200:
        return ""
    if "html" not in page.media_type:
        return f"shows no page, but {page.media_type or 'nothing'}"
    if home is not None and home.title and page.title == home.title:
        return f"shows the dashboard itself ({page.title}): the gateway has no route for it"
    mine = next((title for prefix, title in _TITLES.items() if _below(link.path, prefix)), None)
    others = set(_TITLES.values()) - {mine}
    return f"shows another app: {page.title}" if page.title in others else ""


def _below(path: str, prefix: str) -> bool:
    return path == prefix or path.startswith(f"{prefix}/")


def _silent(snapshot: Snapshot) -> Iterator[Finding]:
    """What answers for nobody's link: the pipelines API, the dashboard itself."""
    for path, component in ((_HOME, _DASHBOARD), (HEALTH, "pipelines")):
        page = snapshot.observed.pages.get(path)
        if page is None or page.status < 500 or is_without_proxy(page):
            continue
        yield Finding(
            fault=APPLICATION_NOT_ANSWERING,
            component=component,
            severity=APPLICATION_NOT_ANSWERING.severity,
            sentence=f"the gateway answers {page.status} at {path}: {page.text or 'nothing'}",
            fix="kubectl -n kubeflow get pods   # then describe and logs of those of "
            f"{component}\nkubectl get virtualservices,destinationrules -n kubeflow",
            objects=objects_at(snapshot, path),
        )


def _wrong(sentence: str, fix: str, objects: tuple[str, ...] = ()) -> Finding:
    return Finding(
        fault=MENU_LINK_WRONG,
        component=_DASHBOARD,
        severity=MENU_LINK_WRONG.severity,
        sentence=sentence,
        fix=fix,
        objects=objects,
    )


def _cookies(snapshot: Snapshot) -> Iterator[Finding]:
    address = snapshot.observed.gateway
    parts = urlsplit(address)
    if parts.scheme != "http" or is_this_machine(parts.hostname or ""):
        return
    refused = [
        path
        for path, page in snapshot.observed.pages.items()
        if any(_is_secure(one) for one in page.cookies)
    ]
    if refused:
        yield Finding(
            fault=CSRF_COOKIE_SECURE,
            component="notebooks",
            severity=CSRF_COOKIE_SECURE.severity,
            sentence=f"{', '.join(sorted(refused))} set the cookie XSRF-TOKEN as Secure, and "
            f"browsers do not send that back to {address}: nothing can be made there",
            fix=CSRF_COOKIE_SECURE.fix,
        )


def _is_secure(cookie: str) -> bool:
    name, _, rest = cookie.partition("=")
    marks = [one.strip().lower() for one in rest.split(";")[1:]]
    return name.strip() == "XSRF-TOKEN" and "secure" in marks


def _notebook(snapshot: Snapshot, notebook: Notebook) -> Iterator[Finding]:
    pod, why = notebook.pod, _why_silent(snapshot, notebook)
    if not why or pod is None or not is_ready(pod) or is_young(snapshot, pod):
        return
    yield Finding(
        fault=NOTEBOOK_NOT_LISTENING,
        component="notebooks",
        severity=NOTEBOOK_NOT_LISTENING.severity,
        sentence=f"pod {name_of(pod)} of Notebook {notebook} is ready, and {why}",
        fix=f"kubectl -n {notebook.namespace} logs {text(pod, 'metadata', 'name')}\n"
        "# its image must listen on 0.0.0.0:8888 with the base URL $NB_PREFIX",
        objects=(f"Notebook {notebook}",),
    )


def _why_silent(snapshot: Snapshot, notebook: Notebook) -> str:
    """What shows that nothing answers in a notebook's pod; "" where nothing does."""
    page = snapshot.observed.pages.get(notebook.path)
    if page is not None and page.status == 503 and _NOBODY_THERE.search(page.text):
        return f"its page answers {page.status}: {page.text}"
    return snapshot.observed.listening.get(str(notebook), "")
