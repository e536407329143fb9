"""The login of a person, against the embedded gateway and against variants of its pages."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

import pytest
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

from pytest_kubeflow.auth.dex import DexLogin
from pytest_kubeflow.auth.session import gateway_session
from pytest_kubeflow.config.groups.gateway import GatewaySettings
from pytest_kubeflow.errors import AuthenticationError, ClusterUnreachable
from pytest_kubeflow.redaction import Redactor, Secret
from pytest_kubeflow.retries.policy import outages_of

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
    with pytest.raises(AuthenticationError, match="does not accept the password of user@") as found:
        login(gateway, "wrong-password").headers()
    assert "wrong-password" not in str(found.value)


def test_a_host_without_a_login_is_told_apart() -> None:
    asked = []

    async def page(scope: Any, receive: Any, send: Any) -> None:
        asked.append(scope["path"])
        await HTMLResponse("<h1>It works</h1>")(scope, receive, send)

    with serving(page) as url, pytest.raises(AuthenticationError, match="shows no Dex login"):
        login(url).headers()
    assert len(asked) == 3


def test_nobody_there() -> None:
    async def unused(scope: Any, receive: Any, send: Any) -> None: ...

    with serving(unused) as url:
        pass
    with outages_of(1.0), pytest.raises(ClusterUnreachable, match="connection refused"):
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


WAY = ("/", "/dex/auth", "/dex/auth/local", "/dex/approval")
"""The pages of it that are asked for without the password."""


def test_connector_choice_and_approval() -> None:
    with serving(LongWay()) as url:
        assert login(url).headers() == {"Cookie": "a_session=let-me-in"}


@pytest.mark.parametrize(
    ("where", "status"),
    [
        *((where, 200) for where in (*WAY, "/dex/auth/local/login")),
        *((where, 401) for where in WAY),
    ],
)
def test_a_page_of_something_else_is_no_verdict_the_first_time(where: str, status: int) -> None:
    way = LongWay()
    seen = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["path"])
        if scope["path"] == where and seen.count(where) == 1:
            await HTMLResponse("<h1>One moment, please</h1>", status)(scope, receive, send)
        else:
            await way(scope, receive, send)

    with serving(app) as url:
        assert login(url).headers() == {"Cookie": "a_session=let-me-in"}
    assert seen.count("/dex/auth/local/login") <= 2


def test_two_of_them_in_one_login_are_none_either() -> None:
    """One before the password, and one after it was accepted."""
    way, met = LongWay(), set[str]()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        where = scope["path"]
        if where in {WAY[0], WAY[-1]} and where not in met:
            met.add(where)
            await HTMLResponse("<h1>One moment, please</h1>")(scope, receive, send)
        else:
            await way(scope, receive, send)

    with serving(app) as url:
        assert login(url).headers() == {"Cookie": "a_session=let-me-in"}
    assert met == {WAY[0], WAY[-1]}


def test_a_401_to_the_password_is_its_refusal() -> None:
    way = LongWay()
    posted = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["method"] == "POST":
            posted.append(scope["path"])
            await PlainTextResponse("Unauthorized", 401)(scope, receive, send)
        else:
            await way(scope, receive, send)

    with serving(app) as url, pytest.raises(AuthenticationError, match=r"ended at .*status 401"):
        login(url).headers()
    assert posted == ["/dex/auth/local/login"]


def test_a_login_that_ends_in_an_error_says_where() -> None:
    with (
        serving(LongWay(ends=403)) as url,
        pytest.raises(AuthenticationError, match=r"ended at / \(status 403\): dashboard"),
    ):
        login(url).headers()


def test_a_login_that_meets_a_broken_server_is_no_wrong_login() -> None:
    with (
        serving(LongWay(ends=500)) as url,
        pytest.raises(ClusterUnreachable, match=r"^/ answers 500 .dashboard.: .*fails.*broke off"),
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


class FreshKey:
    """A gateway that learns Dex's new key after `refusals` requests with a session."""

    def __init__(self, refusals: int) -> None:
        self.refusals = refusals
        self.logins = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        answer: Response
        match request.method, request.url.path:
            case "GET", "/" if "a_session" in request.cookies:
                self.refusals -= 1
                new = "Jwks doesn't have key to match kid or alg from Jwt"
                answer = (
                    PlainTextResponse(new, 401) if self.refusals >= 0 else HTMLResponse("dashboard")
                )
            case "GET", "/":
                answer = RedirectResponse("/dex/auth/local", status_code=302)
            case "GET", _:
                answer = HTMLResponse('<form><input name="login"><input name="password"></form>')
            case _:
                self.logins += 1
                answer = RedirectResponse("/", status_code=303)
                answer.set_cookie("a_session", "let-me-in")
        await answer(scope, receive, send)


def test_a_login_waits_until_the_gateway_has_read_dexs_new_key() -> None:
    app = FreshKey(refusals=4)
    with serving(app) as url:
        assert login(url).headers() == {"Cookie": "a_session=let-me-in"}
    assert app.logins == 1


def test_a_key_that_is_never_read_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_kubeflow.auth.signin.NEW_KEY_SECONDS", 0.1)
    with (
        serving(FreshKey(refusals=10**6)) as url,
        pytest.raises(AuthenticationError, match=r"Jwks doesn't have key .*has not read the key"),
    ):
        login(url).headers()


def test_a_refused_password_is_sent_once() -> None:
    """More of them lock the account, where Dex asks a company's directory."""
    posts = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        posts.extend([scope["path"]] if scope["method"] == "POST" else [])
        form = '<form action="/dex/auth"><input name="login"><input name="password"></form>'
        await HTMLResponse(form, 401 if posts else 200)(scope, receive, send)

    with serving(app) as url:
        credentials = login(url, "wrong-password")
        for _ in range(3):
            with pytest.raises(AuthenticationError, match="does not accept the password"):
                credentials.headers()
    assert posts == ["/dex/auth"]


@pytest.mark.parametrize(
    "action",
    [
        r"http://{other}\@{ours}/dex/auth",
        r"//{other}\@{ours}/dex/auth",
        "//{other}/dex/auth",
        "http://{ours}@{other}/dex/auth",
        "http://[{other}/dex/auth",
        "http://{ours}0/dex/auth",
    ],
)
def test_the_password_goes_to_the_gateway_alone(action: str) -> None:
    """Whatever the form's action makes of its name."""
    posts = []

    async def elsewhere(scope: Any, receive: Any, send: Any) -> None:
        posts.append((scope["method"], scope["path"]))
        await PlainTextResponse("thanks")(scope, receive, send)

    with serving(elsewhere) as other:

        async def app(scope: Any, receive: Any, send: Any) -> None:
            hosts = {"ours": Request(scope).headers["host"], "other": other.partition("//")[2]}
            fields = '<input name="login"><input name="password">'
            form = f'<form action="{action.format(**hosts)}">{fields}</form>'
            await HTMLResponse(form)(scope, receive, send)

        with (
            serving(app) as url,
            pytest.raises(AuthenticationError, match=r"not sent there|is no address"),
        ):
            login(url).headers()
    assert posts == []
