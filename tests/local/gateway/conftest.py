"""A gateway on a real port, and a browser's way through its login."""

from __future__ import annotations

import asyncio
import html
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from starlette.requests import Request
from starlette.responses import JSONResponse

from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.gateway import Gateway, Route
from pytest_kubeflow.local.gateway.identity import TrustedIssuer
from pytest_kubeflow.local.gateway.issuer import make_key
from pytest_kubeflow.local.httpd import HttpServer
from pytest_kubeflow.local.settings import GatewaySettings

ISSUER = "https://kubernetes.default.svc.cluster.local"
USER, PASSWORD = "user@example.com", "12341234"
LDAP_USERS = {"jane": ("ldap-password", "jane@example.org")}


async def echo(scope: Any, receive: Any, send: Any) -> None:
    request = Request(scope)
    answer = {
        "path": request.url.path,
        "users": request.headers.getlist("kubeflow-userid"),
        "groups": request.headers.getlist("kubeflow-groups"),
        "secrets": request.headers.getlist("x-gateway-secret"),
    }
    await JSONResponse(answer)(scope, receive, send)


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """The URL at which the application answers."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def serve() -> HttpServer:
        server = HttpServer(app)
        await server.start()
        return server

    server = asyncio.run_coroutine_threadsafe(serve(), loop).result(10)
    try:
        yield server.url
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


@pytest.fixture(scope="session")
def cluster_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@pytest.fixture(scope="session")
def dex_key() -> rsa.RSAPrivateKey:
    return make_key()


MakeGateway = Callable[..., Any]


@pytest.fixture(scope="session")
def make_gateway(
    cluster_key: ec.EllipticCurvePrivateKey, dex_key: rsa.RSAPrivateKey
) -> MakeGateway:
    """`with make_gateway(sign_in_page=False) as url`: a gateway with such settings."""

    @contextmanager
    def make(
        *, faults: Faults | None = None, audience: str | None = None, **settings: Any
    ) -> Iterator[str]:
        issuer = TrustedIssuer(ISSUER, {"k1": cluster_key.public_key()}, "sub", audience)
        gateway = Gateway(
            [
                Route("/pipeline", echo, strip=True, open_fault="pipelines-open"),
                Route("/ml_metadata", echo),
            ],
            passwords={USER: PASSWORD},
            ldap_users=LDAP_USERS,
            cluster=issuer,
            secret="the-gateway-itself",
            dex_key=dex_key,
            settings=GatewaySettings(**settings),
            faults=faults,
        )
        with serving(gateway) as url:
            yield url

    return make


@pytest.fixture(scope="module")
def url(make_gateway: MakeGateway) -> Iterator[str]:
    """The gateway of an example installation."""
    with make_gateway() as found:
        yield found


@dataclass
class Browser:
    """Follows links and fills in forms, as somebody does who logs in."""

    url: str
    session: requests.Session = field(default_factory=requests.Session)

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.session.get(self.url + path, timeout=10, **options)

    def submit(self, page: requests.Response, **inputs: str) -> requests.Response:
        """The first form of the page, filled in."""
        form = re.search(r"<form.*?</form>", page.text, re.DOTALL)
        assert form is not None, page.text
        action = re.search(r'action="([^"]+)"', form[0])
        hidden = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form[0]))
        target = self.url + html.unescape(action[1]) if action else page.url
        return self.session.post(target, data={**hidden, **inputs}, timeout=10)

    def log_in(
        self, *, back: str = "/pipeline/x", login: str = USER, password: str = PASSWORD
    ) -> requests.Response:
        """Where the login leads, if there is one connector and nothing to approve."""
        form = self.get("/oauth2/start", params={"rd": back})
        return self.submit(form, login=login, password=password)
