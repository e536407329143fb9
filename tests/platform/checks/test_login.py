"""What is said of logins and tokens."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pytest_kubeflow.platform.checks.applications.login import ENV_INFO, check_login
from pytest_kubeflow.platform.fault import Severity
from pytest_kubeflow.platform.finding import Finding
from pytest_kubeflow.platform.snapshot import Object, Unseen
from pytest_kubeflow.platform.snapshot.kind import PODS, REQUEST_AUTHENTICATIONS
from pytest_kubeflow.platform.snapshot.observations import GatewayPage, Observations
from tests.platform.snapshots import an_object, snapshot_of

DEX = "http://dex.auth.svc.cluster.local:5556/dex"
LONG, SHORT = "https://kubernetes.default.svc.cluster.local", "https://kubernetes.default.svc"
PROXY = "http://cluster-jwks-proxy.istio-system.svc.cluster.local/openid/v1/jwks"


def _trusted(name: str, *issuers: str, **rule: Any) -> Object:
    rules = [{"issuer": one, **rule} for one in issuers]
    return an_object(REQUEST_AUTHENTICATIONS, name, "istio-system", spec={"jwtRules": rules})


def _told(*objects: Object, **observed: Any) -> list[Finding]:
    return list(check_login(snapshot_of(*objects, observed=Observations(**observed))))


def _pages(
    path: str, status: int, text: str, media_type: str = "text/plain"
) -> dict[str, GatewayPage]:
    return {path: GatewayPage(status, media_type, text=text)}


def test_dex_alone_is_trusted_by_default() -> None:
    assert _told(_trusted("dex-jwt", DEX), issuer=SHORT) == []
    assert _told(_trusted("dex-jwt", DEX), claims={"iss": DEX}) == []


def test_the_clusters_tokens_are_of_another_issuer_than_the_one_that_is_trusted() -> None:
    m2m = _trusted("m2m-token-issuer", LONG, jwksUri=PROXY)
    (found,) = _told(_trusted("dex-jwt", DEX), m2m, issuer=SHORT)
    assert found.code == "KF303"
    assert found.sentence == (
        f"the API server issues tokens as {SHORT}, and RequestAuthentication "
        f"istio-system/m2m-token-issuer trusts {LONG}: tokens of service accounts are refused"
    )
    assert _told(_trusted("m2m-token-issuer", LONG, SHORT, jwksUri=PROXY), issuer=SHORT) == []
    assert _told(m2m, issuer="") == [], "who issues the cluster's tokens was not told"
    (found,) = _told(_trusted("m2m-token-issuer", "PATCH_ME"), issuer=SHORT)
    assert "trusts PATCH_ME" in found.sentence


def test_this_sessions_token_is_of_an_issuer_that_is_not_trusted() -> None:
    (found,) = _told(_trusted("dex-jwt", DEX), claims={"iss": SHORT})
    assert found.code == "KF303"
    assert found.sentence == (
        f"this session's token is issued by {SHORT}, and the gateway trusts {DEX}"
    )
    assert _told(claims={"iss": SHORT}) == [], "what the gateway trusts was not seen"
    assert _told(_trusted("dex-jwt", DEX), claims={"iss": 5}) == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Jwt issuer is not configured", "KF303"),
        ("Jwks doesn't have key to match kid or alg from Jwt", "KF304"),
        ("No user detected.", "KF313"),
    ],
)
def test_what_the_gateway_says_to_us(text: str, code: str) -> None:
    path = "/jupyter/api/namespaces"
    (found,) = _told(pages=_pages(path, 401, text))
    assert found.code == code
    assert found.sentence == f"the gateway answers 401 at {path}: {text}"
    assert _told(pages=_pages(path, 200, text)) == []
    assert _told(pages=_pages(path, 401, "Jwt is expired")) == []


def test_a_login_that_ended_with_these_words() -> None:
    why = '/ answers 401 "Jwks doesn\'t have key to match kid or alg from Jwt"'
    unseen = [Unseen("the pages of the gateway", why)]
    (found,) = check_login(replace(snapshot_of(), unseen=unseen))
    assert found.code == "KF304"
    assert found.sentence == f"the pages of the gateway: {why}"


def _jwks_proxy(waiting: str = "", restarts: int = 0, ready: str = "False") -> Object:
    state = {"waiting": {"reason": waiting}} if waiting else {"running": {}}
    return an_object(
        PODS,
        "cluster-jwks-proxy-5-x",
        "istio-system",
        status={
            "conditions": [{"type": "Ready", "status": ready}],
            "containerStatuses": [{"state": state, "restartCount": restarts}],
        },
    )


def test_the_proxy_for_the_clusters_keys_crashes() -> None:
    (found,) = _told(_jwks_proxy("CrashLoopBackOff", 5))
    assert found.code == "KF305"
    assert found.sentence == (
        "pod istio-system/cluster-jwks-proxy-5-x, which gives the gateway the cluster's keys, does "
        "not stay up: 5 restarts"
    )
    assert "Deployment istio-system/cluster-jwks-proxy" in found.objects
    assert [one.code for one in _told(_jwks_proxy("", 4))] == ["KF305"], "between two attempts"


def test_the_proxy_for_the_clusters_keys_runs_or_begins_to() -> None:
    assert _told(_jwks_proxy(restarts=9, ready="True")) == []
    assert _told(_jwks_proxy("ContainerCreating")) == []
    assert _told(_jwks_proxy(restarts=1)) == []


@pytest.mark.parametrize(
    ("status", "media_type", "text"),
    [
        (403, "text/plain", "RBAC: access denied"),
        (500, "application/json", "Unable to contact Profile Controller"),
    ],
)
def test_the_dashboard_is_refused(status: int, media_type: str, text: str) -> None:
    (found,) = _told(pages=_pages(ENV_INFO, status, text, media_type))
    assert found.code == "KF312"
    assert found.sentence == f"the gateway answers {status} at {ENV_INFO}: {text}"


def test_a_dashboard_that_answers_or_is_not_there() -> None:
    assert _told(pages=_pages(ENV_INFO, 200, "{}", "application/json")) == []
    assert _told(pages=_pages(ENV_INFO, 404, "Not found")) == []
    assert _told(pages=_pages(ENV_INFO, 503, "no healthy upstream")) == []


def test_the_default_password() -> None:
    (found,) = _told(default_password="this session logs in with it")
    assert (found.code, found.severity) == ("KF605", Severity.NOTICE)
    assert "12341234" not in found.sentence
    assert _told(default_password="") == []
