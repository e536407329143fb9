"""The gateway as HTTP clients see it: a real server, a real session."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import ec
from starlette.requests import Request
from starlette.responses import JSONResponse

from pytest_kubeflow.local.gateway import Gateway, Route
from pytest_kubeflow.local.gateway.identity import TrustedIssuer
from pytest_kubeflow.local.httpd import HttpServer

ISSUER = "https://kubernetes.default.svc.cluster.local"
ACCOUNT = "system:serviceaccount:team:default-editor"


async def echo(scope: Any, receive: Any, send: Any) -> None:
    request = Request(scope)
    answer = {
        "path": request.url.path,
        "users": request.headers.getlist("kubeflow-userid"),
        "secrets": request.headers.getlist("x-gateway-secret"),
    }
    await JSONResponse(answer)(scope, receive, send)


@pytest.fixture(scope="module")
def cluster_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@pytest.fixture(scope="module")
def url(cluster_key: ec.EllipticCurvePrivateKey) -> Iterator[str]:
    gateway = Gateway(
        [Route("/pipeline", echo, strip=True), Route("/ml_metadata", echo)],
        passwords={"user@example.com": "12341234"},
        cluster=TrustedIssuer(ISSUER, {"k1": cluster_key.public_key()}, "sub"),
        secret="the-gateway-itself",
    )
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def serve() -> HttpServer:
        server = HttpServer(gateway)
        await server.start()
        return server

    server = asyncio.run_coroutine_threadsafe(serve(), loop).result(10)
    yield server.url
    asyncio.run_coroutine_threadsafe(server.stop(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


def token(key: ec.EllipticCurvePrivateKey, **changes: Any) -> str:
    claims = {"iss": ISSUER, "sub": ACCOUNT, "aud": [ISSUER], "exp": int(time.time()) + 600}
    return jwt.encode({**claims, **changes}, key, algorithm="ES256", headers={"kid": "k1"})


def log_in(url: str, password: str) -> tuple[requests.Session, requests.Response]:
    session = requests.Session()
    page = session.get(f"{url}/", timeout=10)
    assert page.status_code == 403
    assert "/oauth2/start" in page.text
    form = session.get(f"{url}/oauth2/start?rd=/pipeline/apis/x", timeout=10)
    action = re.search(r'action="([^"]+)"', form.text)
    assert action is not None
    target = url + action[1].replace("&amp;", "&")
    answer = session.post(
        target, data={"login": "user@example.com", "password": password}, timeout=10
    )
    return session, answer


def test_login_leads_back_to_where_the_user_wanted_to_go(url: str) -> None:
    session, answer = log_in(url, "12341234")
    assert answer.json() == {
        "path": "/apis/x",
        "users": ["user@example.com"],
        "secrets": ["the-gateway-itself"],
    }
    assert session.cookies["oauth2_proxy_kubeflow"]


def test_a_wrong_password_shows_the_form_again(url: str) -> None:
    session, answer = log_in(url, "wrong")
    assert answer.status_code == 200
    assert "Invalid Email Address and password" in answer.text
    assert "oauth2_proxy_kubeflow" not in session.cookies


@pytest.mark.parametrize("path", ["/pipeline/apis/v2beta1/runs", "/ml_metadata.X/Y", "/api/x"])
def test_background_requests_without_credentials_get_401(url: str, path: str) -> None:
    assert requests.get(url + path, timeout=10).status_code == 401


def test_a_service_account_token_names_its_user(
    url: str, cluster_key: ec.EllipticCurvePrivateKey
) -> None:
    headers = {
        "Authorization": f"Bearer {token(cluster_key)}",
        "kubeflow-userid": "admin@example.com",
        "x-gateway-secret": "guessed",
    }
    answer = requests.get(f"{url}/pipeline/apis/v2beta1/runs", headers=headers, timeout=10)
    assert answer.json() == {
        "path": "/apis/v2beta1/runs",
        "users": [ACCOUNT],
        "secrets": ["the-gateway-itself"],
    }


def test_tokens_that_do_not_verify_are_refused(
    url: str, cluster_key: ec.EllipticCurvePrivateKey
) -> None:
    other = ec.generate_private_key(ec.SECP256R1())
    good = token(cluster_key)
    head, body, signature = good.split(".")
    refused = {
        "Jwt is expired": token(cluster_key, exp=int(time.time()) - 60),
        "Jwt issuer is not configured": token(cluster_key, iss="https://elsewhere.example"),
        "Jwt verification fails": token(other),
        "Jwt is not in the form of Header.Payload.Signature": "nonsense",
    }
    for message, bad in refused.items():
        headers = {"Authorization": f"Bearer {bad}"}
        answer = requests.get(f"{url}/pipeline/apis/x", headers=headers, timeout=10)
        assert (answer.status_code, answer.text) == (401, message)
    tampered = f"{head}.{body}.{signature[::-1]}"
    headers = {"Authorization": f"Bearer {tampered}"}
    assert requests.get(f"{url}/pipeline/apis/x", headers=headers, timeout=10).status_code == 401
    headers = {"Authorization": f"Bearer {good}"}
    assert requests.get(f"{url}/pipeline/apis/x", headers=headers, timeout=10).status_code == 200


def test_other_sites_are_not_followed_back(url: str) -> None:
    session = requests.Session()
    form = session.get(f"{url}/oauth2/start?rd=//evil.example/", timeout=10)
    action = re.search(r'action="([^"]+)"', form.text)
    assert action is not None
    answer = session.post(
        url + action[1].replace("&amp;", "&"),
        data={"login": "user@example.com", "password": "12341234"},
        timeout=10,
    )
    assert answer.url == f"{url}/"
    assert "user@example.com" in answer.text
