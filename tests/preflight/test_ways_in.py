"""Each way in leads in: whom the gateway takes us for, and by what."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pytest_kubeflow.auth.dex import DexLogin
from pytest_kubeflow.cluster import Cluster, connect
from pytest_kubeflow.config.groups.gateway import GatewaySettings
from pytest_kubeflow.k8s.sessions.ownership import Ownership
from pytest_kubeflow.local.cluster import LocalKubeflow
from pytest_kubeflow.local.settings import GatewaySettings as DoorSettings
from pytest_kubeflow.pipelines.client import make_kfp_client
from pytest_kubeflow.redaction import Redactor, Secret
from tests.cluster.forward_proxy import PASSWORD, forward_proxy
from tests.cluster.remote import NAMESPACE, Remote, wait_until
from tests.config.sources import resolved

from .setup import USER, good, in_clear

ACCOUNT = f"system:serviceaccount:{NAMESPACE}:default-editor"


@contextmanager
def entered(options: dict[str, str], environment: dict[str, str]) -> Iterator[Cluster]:
    config = resolved(options, {**os.environ, **environment})
    cluster = connect(config, ownership=Ownership("tests"), redactor=Redactor())
    try:
        yield cluster
    finally:
        cluster.close()


def experiments(cluster: Cluster) -> int:
    """The status of a request of ours for what is in our namespace."""
    client = make_kfp_client(
        cluster.kfp_api_url,
        credentials=cluster.credentials,
        settings=cluster.config.gateway,
        namespace=NAMESPACE,
    )
    assert client.list_experiments(namespace=NAMESPACE).to_dict() is not None
    with cluster.session() as session:
        url = f"{cluster.kfp_api_url}/apis/v2beta1/experiments?namespace={NAMESPACE}"
        return session.get(url).status_code


def test_dex(remote: Remote) -> None:
    with entered(good(remote), in_clear(remote)) as cluster:
        assert (cluster.user, cluster.login_reason) == (USER, "a user and a password were given")
        assert experiments(cluster) == 200


def test_token_request(remote: Remote) -> None:
    with entered(good(remote, username=""), {}) as cluster:
        assert cluster.user == ACCOUNT
        assert experiments(cluster) == 200


@pytest.mark.parametrize("account", ["default-editor", f"{NAMESPACE}/default-editor"])
def test_token_request_of_a_given_account(remote: Remote, account: str) -> None:
    options = good(remote, username="", service_account=account, namespace=NAMESPACE)
    with entered(options, {}) as cluster:
        assert cluster.user == ACCOUNT
        assert experiments(cluster) == 200


def requested_token(remote: Remote) -> str:
    spec: dict[str, Any] = {"spec": {"expirationSeconds": 600, "audiences": []}}
    issued = remote.core.create_namespaced_service_account_token("default-editor", NAMESPACE, spec)
    return str(issued.status.token)


def test_token_with_a_line_break_at_its_end(remote: Remote) -> None:
    variable = {"KF_TOKEN": f"{requested_token(remote)}\n"}
    with entered(good(remote, username=""), variable) as cluster:
        assert (cluster.user, cluster.login_reason) == (ACCOUNT, "a token was given")
        assert experiments(cluster) == 200


def test_projected_token(remote: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "token").write_text(requested_token(remote))
    monkeypatch.setenv("KF_PIPELINES_SA_TOKEN_PATH", str(tmp_path / "token"))
    for options in (good(remote, username=""), good(remote, auth="projected")):
        with entered(options, in_clear(remote)) as cluster:
            assert cluster.credentials.description == f"the bearer token in {tmp_path / 'token'}"
            assert experiments(cluster) == 200


def test_cookie_given_by_hand(remote: Remote) -> None:
    login = DexLogin(
        remote.endpoints.host,
        GatewaySettings(),
        username=USER,
        password=Secret("12341234"),
        redactor=Redactor(),
    )
    copied = f"Cookie: {login.headers()['Cookie']}"
    with entered(good(remote, username=""), {"KF_COOKIE": copied}) as cluster:
        assert cluster.login_reason == "cookies were given"
        assert experiments(cluster) == 200


ENDPOINTS = {
    "straight to dex": DoorSettings(sign_in_page=False),
    "a page for APIs too": DoorSettings(api_routes=False),
    "a redirect for APIs too": DoorSettings(sign_in_page=False, api_routes=False),
    "approval": DoorSettings(approval=True),
    "two connectors": DoorSettings(ldap=True),
}


def test_a_user_of_ldap() -> None:
    """Whose login is not the user id that the gateway makes of it."""
    with LocalKubeflow(gateway=DoorSettings(ldap=True)) as running:
        where = running.endpoints
        jane = next(one for one in where.others if "@" not in one.login)
        options = {
            "host": where.host,
            "username": jane.login,
            "dex_connector": "ldap",
            "kubeconfig": str(where.kubeconfig),
        }
        with entered(options, {"KF_PASSWORD": jane.password}) as cluster:
            assert cluster.user == jane.email != jane.login


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_each_kind_of_login(endpoint: str) -> None:
    with LocalKubeflow(gateway=ENDPOINTS[endpoint]) as running:
        where = running.endpoints
        options = {"host": where.host, "username": USER, "kubeconfig": str(where.kubeconfig)}
        password = {"KF_PASSWORD": str(where.password)}
        with entered(options, password) as cluster:
            assert experiments(cluster) == 200
            assert cluster.user == USER


def test_a_login_that_is_over_is_renewed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also in a kfp.Client and a session that were made before."""
    monkeypatch.setattr("pytest_kubeflow.auth.dex.YOUNG", 0.0)
    with LocalKubeflow(gateway=DoorSettings(session_seconds=5)) as running:
        where = running.endpoints
        options = {"host": where.host, "username": USER, "kubeconfig": str(where.kubeconfig)}
        with entered(options, {"KF_PASSWORD": str(where.password)}) as cluster:
            client = make_kfp_client(
                cluster.kfp_api_url,
                credentials=cluster.credentials,
                settings=cluster.config.gateway,
                namespace=NAMESPACE,
            )
            old = cluster.credentials.headers()
            url = f"{cluster.kfp_api_url}/apis/v2beta1/experiments?namespace={NAMESPACE}"
            import requests

            wait_until(lambda: requests.get(url, headers=old, timeout=10).status_code == 401)
            client.list_experiments(namespace=NAMESPACE)
            assert cluster.credentials.headers() != old
            renewed = cluster.credentials.headers()
            wait_until(lambda: requests.get(url, headers=renewed, timeout=10).status_code == 401)
            with cluster.session() as session:
                assert session.get(url).status_code == 200


def test_through_a_proxy(remote: Remote, monkeypatch: pytest.MonkeyPatch) -> None:
    """Gateway, Kubernetes and kfp.Client, with the proxy's login; it is shown nowhere."""
    with forward_proxy() as (url, led):
        for name in ("HTTP_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, url)
            monkeypatch.setenv(name.lower(), url)
        monkeypatch.setenv("NO_PROXY", "")
        # The system's own rule leaves loopback out.
        monkeypatch.setattr("requests.utils.proxy_bypass", lambda _host: False)
        with entered(good(remote), in_clear(remote)) as cluster:
            assert experiments(cluster) == 200
            assert PASSWORD not in repr(cluster)
    where = remote.endpoints
    assert f"GET {where.host.removeprefix('http://')}" in led
    assert any(one.startswith("CONNECT 127.0.0.1:") for one in led), led


def test_started_at(remote: Remote) -> None:
    """The clocks of the two agree, so that a skew that is told is one."""
    began = time.time()
    with entered(good(remote), in_clear(remote)) as cluster, cluster.session() as session:
        from pytest_kubeflow.cluster.probe import clock_skew

        assert abs(clock_skew(session, cluster.gateway_url)) <= 2 + time.time() - began
