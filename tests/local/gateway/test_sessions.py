"""Session cookies: whole again after any split, and nobody's but this proxy's."""

from __future__ import annotations

import random
from http.cookies import SimpleCookie
from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from starlette.responses import Response

from pytest_kubeflow.local.gateway.dex import _back_link
from pytest_kubeflow.local.gateway.oauth2proxy import _is_here
from pytest_kubeflow.local.gateway.sessions import COOKIE, CookieBox

BOX = CookieBox(lifetime=60, secure=False)


def sent(box: CookieBox, session: dict[str, str]) -> dict[str, str]:
    """The cookies that a browser has after it."""
    response = Response()
    box.save(response, session)
    jar: SimpleCookie = SimpleCookie()
    for name, value in response.raw_headers:
        if name == b"set-cookie":
            assert len(value) <= 4096
            jar.load(value.decode())
    return {name: morsel.value for name, morsel in jar.items()}


def incompressible(size: int) -> str:
    """As the signatures and the base64 of tokens are."""
    return random.Random(size).randbytes(size // 2).hex()  # noqa: S311  nothing secret


@given(st.integers(0, 20_000))
def test_what_is_saved_is_loaded(size: int) -> None:
    session = {"id_token": incompressible(size)}
    cookies = sent(BOX, session)
    assert BOX.load(cookies) == session
    assert (COOKIE in cookies) == (len(cookies) == 1)


def test_nobody_else_makes_them() -> None:
    cookies = sent(CookieBox(lifetime=60, secure=False), {"id_token": "x"})
    assert BOX.load(cookies) is None
    mine = sent(BOX, {"id_token": incompressible(10_000)})
    assert BOX.load(mine) is not None
    assert BOX.load({**mine, f"{COOKIE}_1": "x" + mine[f"{COOKIE}_1"]}) is None
    assert BOX.load({}) is None


@pytest.mark.parametrize("value", ["", "x", "\u00e9", "gAAAAA=="])
def test_other_values_are_no_session(value: str) -> None:
    assert BOX.load({COOKIE: value}) is None
    assert BOX.load_csrf({f"{COOKIE}_csrf": value}) is None


def test_they_are_cleared_by_name() -> None:
    response = Response()
    BOX.clear(response, {COOKIE: "", f"{COOKIE}_0": "", f"{COOKIE}_csrf": "", "other": ""})
    cleared = [value for name, value in response.raw_headers if name == b"set-cookie"]
    assert sorted(one.partition(b"=")[0].decode() for one in cleared) == [COOKIE, f"{COOKIE}_0"]


PATHS = st.text(st.sampled_from("/\\.:@?# \t\r\nabe"), max_size=12).map(lambda text: f"/{text}")


@settings(max_examples=1000)
@example("/\t\\x")
@given(PATHS)
def test_the_way_back_never_leaves_this_host(path: str) -> None:
    """As a browser reads it: backslashes are slashes, and line breaks are not there."""
    read = "".join(path.replace("\\", "/").split("\n")).replace("\t", "").replace("\r", "")
    target = urlsplit(urljoin("http://kf.example/", read.strip()))
    if _is_here(path) or _back_link(path):
        assert target.netloc == "kf.example"
