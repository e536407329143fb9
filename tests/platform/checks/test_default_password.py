"""The example installation's password is looked for without harm: at a real login on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pytest_kubeflow.auth.credentials import Credentials
from pytest_kubeflow.auth.dex import DexLogin
from pytest_kubeflow.auth.token import BearerToken
from pytest_kubeflow.config.groups.gateway import GatewaySettings
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.local.gateway import Gateway, Route
from pytest_kubeflow.local.gateway.identity import TrustedIssuer
from pytest_kubeflow.platform.probes import Probed
from pytest_kubeflow.platform.probes.default_password import probe_default_password
from pytest_kubeflow.platform.snapshot import Object
from pytest_kubeflow.platform.snapshot.kind import CONFIG_MAPS
from pytest_kubeflow.redaction import Redactor, Secret
from tests.auth.conftest import serving, who
from tests.platform.snapshots import an_object, snapshot_of

USER, PASSWORD = "user@example.com", "12341234"
JANE, OWN = "jane@example.com", "planted-password-of-jane"
HASH = "$2y$12$4K/VkmDd1q1Orb3xAt82zu8gk7Ad6ReFR4LCP9UeYE90NLiN9Df72"


@dataclass
class _Counted:
    """An application, and the paths that something was posted to."""

    app: Any
    posted: list[str] = field(default_factory=list)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["method"] == "POST":
            self.posted.append(scope["path"])
        await self.app(scope, receive, send)


@contextmanager
def _gateway(password: str) -> Iterator[tuple[str, list[str]]]:
    """Its URL, and what was posted. It knows jane, and the user with this password."""
    gateway = Gateway(
        [Route("/", who)],
        passwords={JANE: OWN, USER: password},
        ldap_users={"jane": (OWN, JANE)},
        cluster=TrustedIssuer("https://kubernetes.default.svc", {}, "sub"),
        secret="the-gateway-itself",
    )
    counted = _Counted(gateway)
    with serving(counted) as url:
        yield url, counted.posted


def _settings(username: str, password: str, **more: Any) -> GatewaySettings:
    return GatewaySettings(username=username, password=Secret(password), **more)


def _probe(
    url: str,
    settings: GatewaySettings,
    *objects: Object,
    credentials: Credentials | None = None,
) -> Probed:
    if credentials is None:
        assert settings.username is not None
        assert settings.password is not None
        credentials = DexLogin(
            url,
            settings,
            username=settings.username,
            password=settings.password,
            redactor=Redactor(),
        )
    nowhere = KubernetesClient(Path("/nonexistent/kubeconfig"))
    return probe_default_password(url, settings, credentials, nowhere, snapshot_of(*objects))


def _told(probed: Probed) -> tuple[str, list[str]]:
    return probed.observed.default_password, [one.why for one in probed.unseen]


def test_a_session_that_logs_in_with_it_needs_no_try() -> None:
    with _gateway(PASSWORD) as (url, posted):
        assert _told(_probe(url, _settings(USER, PASSWORD))) == (
            "this session logs in with it",
            [],
        )
        assert _told(_probe(url, _settings(USER, "another"))) == ("", [])
    assert posted == []


def test_it_is_tried_once_where_dex_has_users_of_its_own() -> None:
    with _gateway(PASSWORD) as (url, posted):
        for _ in range(3):
            found = _probe(url, _settings(JANE, OWN))
            assert _told(found) == ("a login with it works", [])
    assert len(posted) == 1
    assert posted[0].startswith("/dex/auth/local/")


def test_one_that_is_refused_is_not_tried_again() -> None:
    with _gateway("another") as (url, posted):
        for _ in range(3):
            assert _told(_probe(url, _settings(JANE, OWN))) == ("", [])
    assert len(posted) == 1


def test_it_is_not_tried_where_the_session_comes_in_another_way() -> None:
    with _gateway(PASSWORD) as (url, posted):
        token = BearerToken(Secret("t"), origin="KF_TOKEN")
        assert _told(_probe(url, GatewaySettings(), credentials=token)) == (
            "",
            ["not tried: this session comes in with the bearer token from KF_TOKEN"],
        )
        assert _told(_probe(url, _settings("jane", OWN, connector="ldap"))) == (
            "",
            ["not tried: this session logs in at ldap, not at Dex's own users"],
        )
    assert posted == []


def test_it_goes_to_no_other_host() -> None:
    async def elsewhere(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        form = b'<form action="/login" method="post"><input name="login"><input name="password">'
        headers = [(b"content-type", b"text/html")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": form})

    foreign = _Counted(elsewhere)
    with serving(foreign) as other:

        async def away(scope: Any, receive: Any, send: Any) -> None:
            await receive()
            headers = [(b"location", f"{other}/dex/auth/local/login".encode())]
            await send({"type": "http.response.start", "status": 302, "headers": headers})
            await send({"type": "http.response.body", "body": b""})

        gateway = _Counted(away)
        with serving(gateway) as url:
            found = _probe(url, _settings(JANE, OWN))
    assert found.observed.default_password == ""
    (unseen,) = found.unseen
    assert unseen.why.startswith("a login with it did not come to an end: ")
    assert foreign.posted == gateway.posted == []


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (f"- email: {USER}\n  hash: {HASH}\n", "its hash is in ConfigMap auth/dex"),
        (f"- email: '{USER}'\n  hash: {HASH}\n", "its hash is in ConfigMap auth/dex"),
        (f"- email: other@example.com\n  hash: {HASH}\n", ""),
        (f"- email: {USER}\n  hash: $2y$12$other\n", ""),
    ],
)
def test_it_is_read_where_dex_is_configured_with_its_hash(config: str, message: str) -> None:
    dex = an_object(CONFIG_MAPS, "dex", "auth", data={"config.yaml": config})
    token = BearerToken(Secret("t"), origin="KF_TOKEN")
    found = _probe("http://127.0.0.1:1", GatewaySettings(), dex, credentials=token)
    assert found.observed.default_password == message
    assert bool(found.unseen) is not bool(message)
