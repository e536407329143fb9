"""The gateway as HTTP clients see it: a real server, a real session."""

from __future__ import annotations

import time
from typing import Any

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import ec

from pytest_kubeflow.local.faults import Faults
from tests.local.gateway.conftest import ISSUER, USER, Browser, MakeGateway

ACCOUNT = "system:serviceaccount:team:default-editor"


def token(key: ec.EllipticCurvePrivateKey, **changes: Any) -> str:
    claims = {"iss": ISSUER, "sub": ACCOUNT, "aud": [ISSUER], "exp": int(time.time()) + 600}
    return jwt.encode({**claims, **changes}, key, algorithm="ES256", headers={"kid": "k1"})


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
        "groups": [],
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
        "Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections": "none",
    }
    for message, bad in refused.items():
        headers = {"Authorization": f"Bearer {bad}"}
        answer = requests.get(f"{url}/pipeline/apis/x", headers=headers, timeout=10)
        assert (answer.status_code, answer.text) == (401, message)
    headers = {"Authorization": "Bearer a.b.c"}
    assert requests.get(f"{url}/%E2%82%AC", headers=headers, timeout=10).status_code == 401
    tampered = f"{head}.{body}.{signature[::-1]}"
    headers = {"Authorization": f"Bearer {tampered}"}
    assert requests.get(f"{url}/pipeline/apis/x", headers=headers, timeout=10).status_code == 401
    headers = {"Authorization": f"Bearer {good}"}
    assert requests.get(f"{url}/pipeline/apis/x", headers=headers, timeout=10).status_code == 200


def test_service_accounts_need_not_be_trusted(
    make_gateway: MakeGateway, cluster_key: ec.EllipticCurvePrivateKey
) -> None:
    """As in the example installation (m2m-dex-only)."""
    headers = {"Authorization": f"Bearer {token(cluster_key)}"}
    with make_gateway(cluster_tokens=False) as url:
        answer = requests.get(f"{url}/pipeline/x", headers=headers, timeout=10)
        assert (answer.status_code, answer.text) == (401, "Jwt issuer is not configured")
        assert Browser(url).log_in().json()["users"] == [USER]


def test_the_user_cannot_be_claimed(url: str, make_gateway: MakeGateway) -> None:
    claimed = {"kubeflow-userid": "admin@example.com", "kubeflow-groups": "system:masters"}
    assert requests.get(f"{url}/pipeline/x", headers=claimed, timeout=10).status_code == 403
    browser = Browser(url)
    browser.log_in()
    answer = browser.get("/pipeline/x", headers=claimed).json()
    assert (answer["users"], answer["groups"]) == ([USER], [])
    with make_gateway(faults=Faults(["userid-trusted"])) as broken:
        answer = requests.get(f"{broken}/pipeline/x", headers=claimed, timeout=10).json()
        assert answer["users"] == ["admin@example.com"]


def test_a_door_can_be_open_by_a_fault(make_gateway: MakeGateway) -> None:
    with make_gateway(faults=Faults(["pipelines-open"])) as url:
        answer = requests.get(f"{url}/pipeline/apis/x", timeout=10)
        assert (answer.status_code, answer.json()["users"]) == (200, [])
        assert requests.get(f"{url}/ml_metadata/x", timeout=10).status_code == 401


@pytest.mark.parametrize("header", ["Basic dXNlcjpwYXNz", "bearer x", "Token x", ""])
def test_other_authorizations_are_nobodys(url: str, header: str) -> None:
    headers = {"Authorization": header}
    answer = requests.get(f"{url}/pipeline/x", headers=headers, timeout=10)
    assert (answer.status_code, answer.text) == (403, "RBAC: access denied")
