"""Sessions that are over: renewed, once, on any path and whatever the gateway answers to them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import pytest
import requests
from starlette.requests import Request
from starlette.responses import JSONResponse

from pytest_kubeflow.auth.dex import DexLogin
from pytest_kubeflow.auth.loginwanted import wants_login
from pytest_kubeflow.auth.session import gateway_session
from pytest_kubeflow.config.groups.gateway import GatewaySettings
from pytest_kubeflow.local.gateway import Gateway, Route
from pytest_kubeflow.local.gateway.identity import TrustedIssuer
from pytest_kubeflow.local.gateway.issuer import make_key
from pytest_kubeflow.local.settings import GatewaySettings as DoorSettings
from pytest_kubeflow.pipelines.client import make_kfp_client, recent_runs
from pytest_kubeflow.pipelines.following.watcher import RunWatcher
from pytest_kubeflow.pipelines.runs.view import RunView
from pytest_kubeflow.redaction import Redactor, Secret
from pytest_kubeflow.waiting import Deadline

from .conftest import PASSWORD, USER, serving, who

SETTINGS = GatewaySettings()


dex_key = cache(make_key)


class Forgetful:
    """A gateway that can forget its sessions; counts logins."""

    def __init__(self, behind: Any = who, **settings: Any) -> None:
        self.logins = 0
        self.dead: set[str] = set()
        self.alive: set[str] = set()
        self.deaf = False
        self._gateway = Gateway(
            [Route("/pipeline", behind, strip=True), Route("/ml_metadata", who)],
            passwords={USER: PASSWORD},
            cluster=TrustedIssuer("https://cluster.example", {}, "sub"),
            secret="the-gateway-itself",
            dex_key=dex_key(),
            settings=DoorSettings(**settings),
        )

    def forget(self) -> None:
        """All that it knows now."""
        self.dead |= self.alive

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope)
        self.logins += request.method == "POST" and request.url.path.startswith("/dex/")
        session = request.cookies.get("oauth2_proxy_kubeflow", "")
        self.alive |= {session} - {""}
        if session in self.dead or (self.deaf and session and request.url.path != "/"):
            kept = [one for one in scope["headers"] if one[0] != b"cookie"]
            scope = {**scope, "headers": [*kept, (b"cookie", b"oauth2_proxy_kubeflow=stale")]}
        await self._gateway(scope, receive, send)


@contextmanager
def logged_in(behind: Any = who, **settings: bool) -> Iterator[tuple[Forgetful, str, DexLogin]]:
    app = Forgetful(behind, **settings)
    with serving(app) as url:
        credentials = DexLogin(
            url, SETTINGS, username=USER, password=Secret(PASSWORD), redactor=Redactor()
        )
        credentials.headers()
        yield app, url, credentials


ENDPOINTS = [
    {"sign_in_page": page, "api_routes": routes}
    for page in (True, False)
    for routes in (True, False)
]


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=str)
def test_any_path(endpoint: dict[str, bool], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_kubeflow.auth.dex.YOUNG", 0.0)
    with (
        logged_in(**endpoint) as (app, url, credentials),
        gateway_session(SETTINGS, credentials) as session,
    ):
        for number, (method, path) in enumerate(
            [
                ("GET", "/pipeline/k8s/pod/logs"),
                ("POST", "/pipeline/upload"),
                ("GET", "/pipeline/apis/v2beta1/runs"),
                ("POST", "/ml_metadata.MetadataStoreService/GetArtifacts"),
            ]
        ):
            app.forget()
            body = b"what is sent" if method == "POST" else None
            with session.request(method, url + path, data=body, stream=True) as answer:
                assert (answer.status_code, answer.json()["user"]) == (200, USER)
            assert app.logins == number + 2
        client = make_kfp_client(
            f"{url}/pipeline", credentials=credentials, settings=SETTINGS, namespace="team"
        )
        before = app.logins
        for ask in (client.list_experiments, client.get_kfp_healthz):
            app.forget()
            ask()
        assert app.logins == before + 2


class Listing:
    """The runs as a wait lists them; each time the gateway forgets its sessions after it."""

    def __init__(self, client: Any, app: Forgetful) -> None:
        self._client = client
        self._app = app

    def recent(self, _count: int) -> list[RunView]:
        found = recent_runs(self._client, experiment_id="theirs", count=1)
        self._app.forget()
        return found

    def view(self, _run_id: str) -> RunView:
        return self.recent(1)[0]

    def open_watch(self) -> None:
        return None


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=str)
def test_a_wait_goes_on(endpoint: dict[str, bool], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_kubeflow.auth.dex.YOUNG", 0.0)
    states = iter(["PENDING", "RUNNING"])

    async def runs(scope: Any, receive: Any, send: Any) -> None:
        run = {"run_id": "r", "display_name": "run", "state": next(states, "SUCCEEDED")}
        await JSONResponse({"runs": [run]})(scope, receive, send)

    with logged_in(runs, **endpoint) as (app, url, credentials):
        client = make_kfp_client(
            f"{url}/pipeline", credentials=credentials, settings=SETTINGS, namespace="team"
        )
        watcher = RunWatcher(Listing(client, app))
        try:
            ended = watcher.wait(RunView("r", "run", "PENDING"), deadline=Deadline.after(60))
        finally:
            watcher.close()
        assert ended.state == "SUCCEEDED"
        assert app.logins == 3


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=str)
def test_what_stays_refused_is_asked_twice(
    endpoint: dict[str, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pytest_kubeflow.auth.dex.YOUNG", 0.0)
    with (
        logged_in(**endpoint) as (app, url, credentials),
        gateway_session(SETTINGS, credentials) as session,
    ):
        app.deaf = True
        for path in ("/pipeline/x", "/pipeline/apis/x"):
            before = app.logins
            answer = session.get(url + path, allow_redirects=False, stream=True)
            assert wants_login(answer)
            # The body is there for whoever has to say what was answered.
            if answer.status_code == 403:
                assert "Sign in with Dex" in answer.text
            assert app.logins == before + 1


@pytest.mark.parametrize(
    ("status", "kind", "body", "expected"),
    [
        (403, "text/html", b"<a href='/oauth2/start?rd=/'>Sign in</a>", True),
        (403, "text/html", b"x" * 30_000 + b"<form action='/oauth2/start'></form>", True),
        (403, "text/html", b"you may not do this; see /oauth2/start", False),
        (403, "text/plain", b"RBAC: access denied", False),
        (403, "application/json", b'{"error": "/oauth2/start"}', False),
        (403, "text/html", b"", False),
        (401, "text/plain", b"Jwt is expired", True),
        (200, "text/html", b"<form action='/oauth2/start'></form>", False),
    ],
)
def test_which_responses_want_a_login(
    status: int, kind: str, body: bytes, *, expected: bool
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-type", kind.encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    with serving(app) as url:
        answer = requests.get(url, stream=True, timeout=10)
        assert wants_login(answer) is expected
        assert answer.content == body


def test_a_body_that_never_ends_is_not_waited_for() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-type", b"text/html")]
        await send({"type": "http.response.start", "status": 403, "headers": headers})
        more = {"type": "http.response.body", "body": b"x" * 65536, "more_body": True}
        while (await receive_or_nothing(receive)) != "http.disconnect":
            await send(more)

    with serving(app) as url:
        answer = requests.get(url, stream=True, timeout=10)
        assert wants_login(answer) is False
        assert len(answer.content) == 128 * 1024


async def receive_or_nothing(receive: Any) -> str:
    """The kind of message that is there; empty where there is none yet."""
    import asyncio

    try:
        async with asyncio.timeout(0.01):
            return str((await receive())["type"])
    except TimeoutError:
        return ""
