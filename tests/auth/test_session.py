"""Sessions at the gateway: what is sent where, also after redirects."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from pytest_kubeflow.auth.cookie import GivenCookie
from pytest_kubeflow.auth.session import gateway_session
from pytest_kubeflow.auth.token import BearerToken
from pytest_kubeflow.config.groups.gateway import GatewaySettings
from pytest_kubeflow.redaction import Redactor, Secret
from pytest_kubeflow.retries.policy import outages_of

from .conftest import serving

SETTINGS = GatewaySettings()
COOKIE = GivenCookie(Secret("session=ours"), origin="a test", redactor=Redactor())
TOKEN = BearerToken(Secret("our-token"), origin="a test")


class Echo:
    """Tells what login came; /to?URL redirects there, /set gives a cookie of its own."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        answer: Response
        if request.url.path == "/to":
            answer = RedirectResponse(request.url.query, status_code=302)
        else:
            sent = {name: request.headers.get(name, "") for name in ("cookie", "authorization")}
            answer = JSONResponse(sent)
        if request.url.path == "/set":
            answer.set_cookie("XSRF-TOKEN", "theirs")
            answer.set_cookie("session", "another")
        await answer(scope, receive, send)


@pytest.mark.parametrize(
    ("credentials", "sent"),
    [
        (COOKIE, {"cookie": "session=ours", "authorization": ""}),
        (TOKEN, {"cookie": "", "authorization": "Bearer our-token"}),
    ],
    ids=["cookie", "token"],
)
def test_a_redirect_keeps_the_login_on_its_host_alone(
    credentials: Any, sent: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("default login somebody password planted\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with serving(Echo()) as here, serving(Echo()) as another:
        there = another.replace("localhost", "127.0.0.1")
        with gateway_session(SETTINGS, credentials) as session:
            assert session.get(f"{here}/x").json() == sent
            assert session.get(f"{here}/to?/x").json() == sent
            elsewhere = session.get(f"{here}/to?{there}/x").json()
    assert elsewhere == {"cookie": "", "authorization": ""}


def test_cookies_of_the_web_apps_go_along() -> None:
    with serving(Echo()) as here, gateway_session(SETTINGS, COOKIE) as session:
        session.get(f"{here}/set")
        sent = session.get(f"{here}/x").json()["cookie"]
    assert sent == "session=ours; XSRF-TOKEN=theirs"


def test_the_environment_does_not_come_in_between(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/at/all")
    with serving(Echo()) as here, gateway_session(SETTINGS, TOKEN) as session:
        assert session.get(f"{here}/x").status_code == 200


class Shaky:
    """Answers `status` a number of times, then 200."""

    def __init__(self, status: int, times: int, **headers: str) -> None:
        self.status, self.left, self.headers = status, times, headers
        self.asked: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        self.asked.append(request.method)
        self.left -= 1
        status = self.status if self.left >= 0 else 200
        headers = self.headers if status != 200 else {}
        await Response("at it", status_code=status, headers=headers)(scope, receive, send)


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_gateway_that_is_away_for_a_moment_is_asked_again(status: int) -> None:
    app = Shaky(status, 2, **({"Retry-After": "0"} if status == 429 else {}))
    with serving(app) as url, gateway_session(SETTINGS) as session:
        assert session.get(url).status_code == 200
    assert app.asked == ["GET"] * 3


@pytest.mark.parametrize(
    ("method", "status", "attempts"),
    [("GET", 503, 2), ("POST", 503, 1), ("GET", 403, 1), ("GET", 404, 1), ("GET", 500, 1)],
)
def test_what_a_gateway_goes_on_to_say_is_its_answer(
    method: str, status: int, attempts: int
) -> None:
    """After as long as is given to it; at once, where another attempt would not mend it."""
    app = Shaky(status, 99)
    with serving(app) as url, gateway_session(SETTINGS) as session, outages_of(0.3):
        answer = session.request(method, url)
        assert (answer.status_code, answer.text) == (status, "at it")
    assert set(app.asked) == {method}
    assert len(app.asked) == 1 if attempts == 1 else len(app.asked) >= attempts


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_one_401_is_asked_again_with_the_same_login(method: str) -> None:
    """A gateway that has just started does not know everybody; two of them are its verdict."""
    for times, status in ((1, 200), (2, 401)):
        app = Shaky(401, times)
        with serving(app) as url, gateway_session(SETTINGS, TOKEN) as session:
            assert session.request(method, url).status_code == status
        assert app.asked == [method] * 2
    app = Shaky(401, 1)
    with serving(app) as url, gateway_session(SETTINGS) as session:
        assert session.request(method, url).status_code == 401
    assert app.asked == [method]
