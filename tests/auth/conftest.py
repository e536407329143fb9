"""A real gateway with a real login, and a small KFP API behind it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from starlette.requests import Request
from starlette.responses import JSONResponse

from pytest_kubeflow.local.gateway import Gateway, Route
from pytest_kubeflow.local.gateway.identity import TrustedIssuer
from pytest_kubeflow.local.httpd import HttpServer

ISSUER = "https://kubernetes.default.svc.cluster.local"
ACCOUNT = "system:serviceaccount:team:default-editor"
USER = "user@example.com"
PASSWORD = "12341234"


@contextmanager
def serving(app: Any, **options: Any) -> Iterator[str]:
    """Serve an ASGI application on loopback; gives its URL."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def serve() -> HttpServer:
        server = HttpServer(app, **options)
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


async def who(scope: Any, receive: Any, send: Any) -> None:
    """Answers with the user that the gateway names, as the healthz of a multi-user KFP too."""
    user = Request(scope).headers.get("kubeflow-userid")
    await JSONResponse({"user": user, "multi_user": True})(scope, receive, send)


@pytest.fixture(scope="session")
def cluster_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@pytest.fixture(scope="session")
def gateway_app(cluster_key: ec.EllipticCurvePrivateKey) -> Gateway:
    return Gateway(
        [Route("/pipeline", who, strip=True)],
        passwords={USER: PASSWORD},
        cluster=TrustedIssuer(ISSUER, {"k1": cluster_key.public_key()}, "sub"),
        secret="the-gateway-itself",
    )


@pytest.fixture(scope="session")
def gateway(gateway_app: Gateway) -> Iterator[str]:
    with serving(gateway_app) as url:
        yield url


@pytest.fixture(scope="session")
def service_account_token(cluster_key: ec.EllipticCurvePrivateKey) -> str:
    claims = {"iss": ISSUER, "sub": ACCOUNT, "aud": [ISSUER], "exp": int(time.time()) + 3600}
    return jwt.encode(claims, cluster_key, algorithm="ES256", headers={"kid": "k1"})
