"""The web app's client against a small app: cookies over http, and what else may answer."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from pytest_kubeflow.errors import (
    AuthenticationError,
    ComponentMissing,
    NotFound,
    PermissionDenied,
)
from pytest_kubeflow.notebooks.errors import NotebookFailed
from pytest_kubeflow.notebooks.webapp import JupyterWebApp
from pytest_kubeflow.webapps.errors import ServerRefused
from tests.auth.conftest import serving
from tests.notebooks.conftest import session

HOST = "kubeflow.test"


class App:
    """Answers as it is told to; keeps what came."""

    def __init__(self) -> None:
        self.secure = True
        self.cookie = True
        self.answer: Callable[[], Response] = lambda: JSONResponse({"success": True})
        self.requests: list[tuple[str, str, dict[str, str], str]] = []
        self.starlette = Starlette(
            routes=[
                Route("/jupyter/", self.page),
                Route("/{path:path}", self.api, methods=["GET", "POST", "PATCH", "DELETE"]),
            ]
        )

    @property
    def changes(self) -> list[tuple[str, str, dict[str, str], str]]:
        """What came to change something."""
        return [one for one in self.requests if one[0] != "GET"]

    async def page(self, _request: Request) -> Response:
        response = HTMLResponse("<title>Jupyter Management UI</title>")
        if self.cookie:
            response.set_cookie(
                "XSRF-TOKEN", "drawn", path="/jupyter", secure=self.secure, samesite="strict"
            )
        return response

    async def api(self, request: Request) -> Response:
        body = (await request.body()).decode()
        self.requests.append((request.method, request.url.path, dict(request.cookies), body))
        if request.method != "GET":
            if request.cookies.get("XSRF-TOKEN") != "drawn":
                return refused(403, "Could not find CSRF cookie XSRF-TOKEN in the request.")
            if request.headers.get("X-XSRF-TOKEN") != "drawn":
                return refused(403, "Could not detect CSRF protection header X-XSRF-TOKEN.")
            assert not body or request.headers["content-type"] == "application/json"
        return self.answer()


def refused(status: int, words: str) -> Response:
    body = {"success": False, "log": words, "status": status, "user": "user@example.com"}
    return JSONResponse(body, status)


@pytest.fixture
def app() -> App:
    return App()


@pytest.fixture
def url(app: App) -> Iterator[str]:
    async def known(host: str) -> bool:
        return host == HOST

    with serving(app.starlette, known=known) as found:
        yield found


@pytest.fixture
def named(url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The same at a name that is not this machine's."""
    known = socket.getaddrinfo

    def resolve(host: Any, *arguments: Any, **more: Any) -> Any:
        return known("127.0.0.1" if host == HOST else host, *arguments, **more)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return f"http://{HOST}:{urlsplit(url).port}"


def test_a_change_carries_the_cookie_and_repeats_it(app: App, url: str) -> None:
    """Over http to this machine a Secure cookie is sent, as browsers do."""
    client = JupyterWebApp(url, session())
    client.create("team", {"name": "lab"})
    client.set_stopped("team", "lab", stopped=True)
    client.delete("team", "lab")
    assert [one[:2] for one in app.changes] == [
        ("POST", "/jupyter/api/namespaces/team/notebooks"),
        ("PATCH", "/jupyter/api/namespaces/team/notebooks/lab"),
        ("DELETE", "/jupyter/api/namespaces/team/notebooks/lab"),
    ]
    assert app.changes[1][3] == '{"stopped": true}'


def test_a_cookie_for_https_alone_is_told_over_http(app: App, named: str) -> None:
    client = JupyterWebApp(named, session())
    with pytest.raises(NotebookFailed, match="for https alone") as found:
        client.create("team", {"name": "lab"})
    assert "\n" not in found.value.message
    assert '403 "Could not find CSRF cookie XSRF-TOKEN"' in found.value.message
    assert "APP_SECURE_COOKIES=false" in found.value.message
    assert app.changes == []
    app.secure = False
    client.create("team", {"name": "lab"})
    assert len(app.changes) == 1


@pytest.mark.parametrize("before", [False, True])
def test_what_a_mesh_sends_twice_is_made_once(app: App, url: str, *, before: bool) -> None:
    """409 is the second one's response, unless the name was taken before."""

    def answer() -> Response:
        method = app.requests[-1][0]
        if method == "POST":
            return refused(409, 'notebooks.kubeflow.org "lab" already exists')
        if app.changes or before:
            return JSONResponse({"success": True, "notebook": {"metadata": {"name": "lab"}}})
        return refused(404, "notebooks 'lab' not found")

    app.answer = answer
    client = JupyterWebApp(url, session())
    with contextlib.ExitStack() as stack:
        if before:
            taken = "there is a Notebook team/lab, or a claim of its name, already"
            stack.enter_context(pytest.raises(NotebookFailed, match=taken))
        client.create("team", {"name": "lab"})
    assert len(app.changes) == 1


def test_a_page_without_the_cookie_is_told(app: App, url: str) -> None:
    app.cookie = False
    with pytest.raises(ComponentMissing, match="sets no cookie XSRF-TOKEN"):
        JupyterWebApp(url, session()).delete("team", "lab")


@pytest.mark.parametrize(
    ("answer", "kind", "message"),
    [
        (refused(401, "No user detected."), AuthenticationError, "No user detected"),
        (refused(403, "User 'u' is not authorized"), PermissionDenied, "is not authorized"),
        (refused(404, "notebooks 'lab' not found"), NotFound, "not found"),
        (refused(500, "An error occured"), ServerRefused, "answers 500: An error occured"),
        (HTMLResponse("<title>Dashboard</title>"), ComponentMissing, "is not at http"),
        (Response("RBAC: access denied", 403), PermissionDenied, "RBAC: access denied"),
    ],
    ids=["nobody", "no-rights", "not-there", "broken", "something-else", "mesh"],
)
def test_what_else_may_answer(
    answer: Response, kind: type[Exception], message: str, app: App, url: str
) -> None:
    app.answer = lambda: answer
    with pytest.raises(kind, match=message) as failed:
        JupyterWebApp(url, session()).get("team", "lab")
    assert "\n" not in str(failed.value)


def test_a_quota_of_claims_is_told_with_its_rule(app: App, url: str) -> None:
    words = (
        'persistentvolumeclaims "lab-workspace" is forbidden: exceeded quota: team, requested: '
        "requests.storage=5Gi, used: requests.storage=0, limited: requests.storage=1Gi"
    )
    app.answer = lambda: refused(403, words)
    with pytest.raises(NotebookFailed, match="it is ResourceQuota 'team' that refuses") as found:
        JupyterWebApp(url, session()).create("team", {"name": "lab"})
    assert "Notebook team/lab is not made: " in found.value.message
    assert "\n" not in found.value.message
