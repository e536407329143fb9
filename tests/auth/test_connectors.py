"""Connectors of Dex by any name, as its own pages write them."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette

from pytest_kubeflow.auth.connectors import chosen, offered_by, taken
from pytest_kubeflow.auth.sameorigin import SameOrigin
from pytest_kubeflow.auth.session import gateway_session
from pytest_kubeflow.auth.signin import SignIn
from pytest_kubeflow.config.groups.gateway import GatewaySettings
from pytest_kubeflow.errors import AuthenticationError
from pytest_kubeflow.html_page import HtmlPage
from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.gateway.connectors import Connector, Person
from pytest_kubeflow.local.gateway.dex import Dex
from pytest_kubeflow.local.gateway.issuer import Issuer, make_key
from pytest_kubeflow.redaction import Redactor, Secret

from .conftest import PASSWORD, USER, serving

IDS = ["local", "Company LDAP/eu", "100%", "%41", "a?b#c", "größe", "a+b&c"]
QUERY = "client_id=kubeflow-oidc-authservice&redirect_uri=/oauth2/callback&response_type=code"


def dex_with(*names: str) -> Starlette:
    connectors = [
        Connector(name, name, "Login", [(USER, PASSWORD, Person("1", "user", USER))])
        for name in names
    ]
    dex = Dex(
        Issuer(make_key(), lifetime=60),
        connectors,
        client_secret="secret",
        approval=False,
        faults=Faults(),
    )
    return Starlette(routes=dex.routes())


@given(st.text(min_size=1, max_size=20).filter(lambda text: text.isprintable()))
def test_an_id_is_read_as_it_was_written(name: str) -> None:
    segment = quote(quote(name, safe=""), safe="")
    url = f"http://kf.example/dex/auth/{segment}/login?state=x"
    assert taken(["http://kf.example/", url]) == name
    page = HtmlPage(f'<a href="/dex/auth/{segment}?{QUERY}">it</a><a href="/elsewhere/x">no</a>')
    assert list(offered_by(page)) == [name]


def test_dex_offers_and_takes_them() -> None:
    """The embedded Dex, whose links are written as the real one's."""
    settings = GatewaySettings()
    with serving(dex_with(*IDS)) as url:
        for name in IDS:
            with gateway_session(settings) as session:
                walk = SameOrigin(session, url)
                offered = offered_by(HtmlPage(walk.get(f"/dex/auth?{QUERY}&scope=openid").text))
                assert sorted(offered) == sorted(IDS)
                form = walk.get(chosen(offered, name))
                assert HtmlPage(form.text).form_with("login", "password") is not None
                assert taken([form.url]) == name


def test_one_that_does_not_exist_is_told_with_those_that_do() -> None:
    offered = {"Company LDAP/eu": "/dex/auth/x", "local": "/dex/auth/local"}
    with pytest.raises(AuthenticationError) as caught:
        chosen(offered, "company ldap/eu")
    assert caught.value.message == (
        "Dex has no connector 'company ldap/eu': set --kf-dex-connector to one of "
        "Company LDAP/eu, local"
    )


def test_the_only_one_is_told_where_another_was_asked_for() -> None:
    """Dex leads to it without asking; the password is not for it."""
    posted = []
    dex = dex_with("local")

    async def app(scope: dict[str, object], receive: object, send: object) -> None:
        posted.extend([scope["path"]] if scope["method"] == "POST" else [])
        if scope["path"] == "/":
            scope = {**scope, "path": "/dex/auth", "query_string": f"{QUERY}&scope=openid".encode()}
        await dex(scope, receive, send)  # type: ignore[arg-type]

    settings = GatewaySettings(connector="ldap")
    with serving(app) as url, gateway_session(settings) as session:
        sign_in = SignIn(
            session, url, settings, username=USER, password=Secret(PASSWORD), redactor=Redactor()
        )
        with pytest.raises(AuthenticationError, match=r"'ldap': set --kf-dex-conn.* one of local$"):
            sign_in.cookies()
    assert posted == []
