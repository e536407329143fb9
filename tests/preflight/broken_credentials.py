"""Credentials for the gateway that are none."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt

from tests.cluster.remote import Remote
from tests.cluster.web import page, web

from .setup import USER, Given, good, in_clear, setup


@setup(r"Dex does not accept the password of user@example\.com")
def wrong_password(remote: Remote, _: Path) -> Iterator[Given]:
    yield good(remote), {**in_clear(remote), "KF_PASSWORD": "planted-password"}


@setup(r"Dex does not accept the password of nobody@example\.com \(or does not know this user")
def unknown_user(remote: Remote, _: Path) -> Iterator[Given]:
    yield good(remote, username="nobody@example.com"), in_clear(remote)


@setup(r"Dex has no connector local or ldap, but github, google: ")
def no_connector_for_passwords(remote: Remote, _: Path) -> Iterator[Given]:
    links = '<a href="/dex/auth/github?x">G</a><a href="/dex/auth/google?x">G</a>'
    pages = {"/dex/auth": page(links)}
    go = page("", 302, Location="/dex/auth")
    with web(lambda path: pages.get(path, go)(path)) as port:
        yield good(remote, host=f"http://127.0.0.1:{port}"), in_clear(remote)


@setup(
    r"^/\S+ answers 401 'Jwt is not in the form.*damaged.* \(the login at \S+ failed with the "
    r"bearer token from environment KF_TOKEN: a token was given\)$"
)
def wrong_token(remote: Remote, _: Path) -> Iterator[Given]:
    yield good(remote, username=""), {**in_clear(remote), "KF_TOKEN": "planted-wrong-token"}


def token(**claims: float) -> str:
    found: dict[str, Any] = {"iss": "https://elsewhere.example", "sub": USER, **claims}
    return jwt.encode(found, "somebody else's key, long enough", algorithm="HS256")


@setup(
    r"^the token expired at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC, 3 h ago: it is .* now "
    r"\(/\S+ answers 401 'Jwt issuer is not configured'"
)
def expired_token(remote: Remote, _: Path) -> Iterator[Given]:
    yield (
        good(remote, username=""),
        {**in_clear(remote), "KF_TOKEN": token(exp=time.time() - 3 * 3600)},
    )


@setup(r"the token is not valid before \d{4}-\S+ \S+ UTC, in 5 h: it is .* now")
def token_of_tomorrow(remote: Remote, _: Path) -> Iterator[Given]:
    yield (
        good(remote, username=""),
        {**in_clear(remote), "KF_TOKEN": token(nbf=time.time() + 5 * 3600)},
    )


@setup(r"the bearer token is not one: it has spaces, line breaks or characters beyond ASCII")
def token_of_two_lines(remote: Remote, _: Path) -> Iterator[Given]:
    yield good(remote, username=""), {**in_clear(remote), "KF_TOKEN": "planted\ntoken"}


@setup(r"the token expired .*; the clock of this machine is \d+ s (ahead of|behind) the gateway's")
def clock_that_is_wrong(remote: Remote, _: Path) -> Iterator[Given]:
    with web(page("Jwt is expired", 401), clock=2 * 3600) as port:
        expired = {"KF_TOKEN": token(exp=time.time() + 3600)}
        host = f"http://127.0.0.1:{port}"
        yield good(remote, host=host, username=""), {**in_clear(remote), **expired}


@setup(
    r"answers 401 '\{\}': it wants another login; .* \(the login at \S+ failed with the cookies "
    r"from environment KF_COOKIE: cookies were given\)$"
)
def session_that_is_over(remote: Remote, _: Path) -> Iterator[Given]:
    cookie = {"KF_COOKIE": "oauth2_proxy_kubeflow=planted-old-session"}
    yield good(remote, username=""), {**in_clear(remote), **cookie}


@setup(r"the cookies from environment KF_COOKIE are none: give them as a browser sends them")
def cookies_that_are_none(remote: Remote, _: Path) -> Iterator[Given]:
    yield good(remote, username=""), {**in_clear(remote), "KF_COOKIE": "planted-no-cookie"}


@setup(r"--kf-auth=projected \(from command line\) needs a token in this pod")
def no_projected_token(remote: Remote, _: Path) -> Iterator[Given]:
    yield good(remote, auth="projected"), in_clear(remote)


@setup(r"cannot request a token for kubeflow-user-example-com/nobody: Kubernetes answers 404")
def no_such_service_account(remote: Remote, _: Path) -> Iterator[Given]:
    yield good(remote, auth="token-request", service_account="nobody"), in_clear(remote)
