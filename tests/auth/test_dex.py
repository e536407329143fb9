"""The login of a person, against the embedded gateway and against variants of its pages."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

import pytest
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from pytest_kubeflow.auth.dex import DexLogin
from pytest_kubeflow.auth.session import gateway_session
from pytest_kubeflow.config.model import GatewaySettings
from pytest_kubeflow.errors import AuthenticationError, ClusterUnreachable
from pytest_kubeflow.redaction import Redactor, Secret

from .conftest import PASSWORD, USER, serving

SETTINGS = GatewaySettings()


def login(host: str, password: str = PASSWORD, redactor: Redactor | None = None) -> DexLogin:
    return DexLogin(
        host,
        SETTINGS,
        username=USER,
        password=Secret(password),
        redactor=redactor or Redactor(),
    )


def test_the_gateway_knows_who_logged_in(gateway: str) -> None:
    url = f"{gateway}/pipeline/apis/v2beta1/healthz"
    with gateway_session(SETTINGS, login(gateway)) as session:
        assert session.get(url).json()["user"] == USER
    with gateway_session(SETTINGS) as session:
        assert session.get(url).status_code == 401


def test_the_session_is_kept_and_its_cookie_redacted(gateway: str) -> None:
    redactor = Redactor()
    credentials = login(gateway, redactor=redactor)
    cookie = credentials.headers()["Cookie"]
    assert credentials.headers()["Cookie"] == cookie
    value = cookie.partition("=")[2]
    assert value not in redactor.redact(f"the server said {value}")


def test_a_wrong_password_is_told_apart(gateway: str) -> None:
    with pytest.raises(AuthenticationError, match="does not accept the password of user@") as told:
        login(gateway, "wrong-password").headers()
    assert "wrong-password" not in str(told.value)


def test_a_host_without_a_login_is_told_apart() -> None:
    async def page(scope: Any, receive: Any, send: Any) -> None:
        await HTMLResponse("<h1>It works</h1>")(scope, receive, send)

    with serving(page) as url, pytest.raises(AuthenticationError, match="shows no Dex login"):
        login(url).headers()


def test_nobody_there() -> None:
    async def unused(scope: Any, receive: Any, send: Any) -> None: ...

    with serving(unused) as url:
        pass
    with pytest.raises(ClusterUnreachable, match="connection refused"):
        login(url).headers()


class LongWay:
    """A login with every page that installations can put in between; `secure` as its cookie is."""

    def __init__(self, *, secure: bool = False, ends: int = 200) -> None:
        self.secure = secure
        self.ends = ends

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        response = await self.answer(request)
        await response(scope, receive, send)

    async def answer(self, request: Request) -> Response:
        form = parse_qs((await request.body()).decode())
        match request.method, request.url.path:
            case "GET", "/" if request.cookies.get("a_session") == "let-me-in":
                return HTMLResponse("dashboard", status_code=self.ends)
            case "GET", "/":
                return RedirectResponse("/dex/auth?client_id=x", status_code=302)
            case "GET", "/dex/auth":
                links = '<a href="/dex/auth/google?x">G</a> <a href="/dex/auth/local?x=1">E</a>'
                return HTMLResponse(links)
            case "GET", "/dex/auth/local":
                # A relative action and a hidden input, which must be sent back.
                return HTMLResponse(
                    '<form action="local/login?state=1&amp;back="><input name="login">'
                    '<input name="password"><input type="hidden" name="csrf" value="c"></form>'
                )
            case "POST", "/dex/auth/local/login" if form.get("csrf") == ["c"]:
                assert form["login"] == [USER]
                return RedirectResponse("/dex/approval?req=r1", status_code=303)
            case "GET", "/dex/approval":
                return HTMLResponse(
                    '<form method="post"><input type="hidden" name="req" value="r1">'
                    '<input type="hidden" name="approval" value="approve">'
                    '<button type="submit">Grant</button></form>'
                    '<form method="post"><input type="hidden" name="req" value="r1">'
                    '<input type="hidden" name="approval" value="rejected"></form>'
                )
            case "POST", "/dex/approval":
                assert form == {"req": ["r1"], "approval": ["approve"]}
                done = RedirectResponse("/", status_code=303)
                done.set_cookie("a_session", "let-me-in", secure=self.secure)
                return done
        return HTMLResponse("<p>no such page</p>", status_code=404)


def test_connector_choice_and_approval() -> None:
    with serving(LongWay()) as url:
        assert login(url).headers() == {"Cookie": "a_session=let-me-in"}


def test_a_login_that_ends_in_an_error_says_where() -> None:
    with (
        serving(LongWay(ends=403)) as url,
        pytest.raises(AuthenticationError, match=r"ended at / \(status 403\): dashboard"),
    ):
        login(url).headers()


def test_a_login_that_meets_a_broken_server_is_no_wrong_login() -> None:
    with (
        serving(LongWay(ends=500)) as url,
        pytest.raises(ClusterUnreachable, match=r"broke off at / \(status 500\): dashboard"),
    ):
        login(url).headers()


def test_a_page_after_the_password_is_no_login() -> None:
    """As of one that asks for a second factor, while oauth2-proxy's own cookie is there."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        answer: Response
        match request.method, request.url.path:
            case "GET", "/":
                answer = RedirectResponse("/dex/auth/local", status_code=302)
                answer.set_cookie("_oauth2_proxy_csrf", "a-csrf-value")
            case "GET", _:
                answer = HTMLResponse('<form><input name="login"><input name="password"></form>')
            case _:
                answer = HTMLResponse("<p>now the code of your second factor</p>")
        await answer(scope, receive, send)

    with (
        serving(app) as url,
        pytest.raises(AuthenticationError, match=r"ended at /dex/.*second factor"),
    ):
        login(url).headers()
