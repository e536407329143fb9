"""The mesh: what clients of the gateway are told, and what its objects show."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from pytest_kubeflow.local.cluster import LocalKubeflow
from tests.cluster.remote import wait_until

from .broken import Platform

PROFILE = "kubeflow-user-example-com"


@pytest.fixture(scope="module")
def token(faulty: Platform) -> str:
    """That of an account of the profile."""
    request: dict[str, Any] = {"spec": {"audiences": [], "expirationSeconds": 3600}}
    made = faulty.core.create_namespaced_service_account_token("default-editor", PROFILE, request)
    return str(made.status.token)


@pytest.fixture(scope="module")
def session(token: str) -> Iterator[requests.Session]:
    with requests.Session() as made:
        made.headers["Authorization"] = f"Bearer {token}"
        yield made


RUNS = f"/pipeline/apis/v2beta1/runs?namespace={PROFILE}"


@pytest.mark.parametrize(
    ("fault", "path", "status", "message"),
    [
        ("mutual-tls-without-proxy", RUNS, 503, "WRONG_VERSION_NUMBER"),
        ("pod-crash-looping", RUNS, 503, "no healthy upstream"),
        ("inotify-exhausted", RUNS, 503, "no healthy upstream"),
        ("container-config-refused", RUNS, 503, "no healthy upstream"),
        ("pod-unschedulable", "/", 503, "no healthy upstream"),
        ("metadata-schema-missing", "/ml_metadata", 503, "no healthy upstream"),
        ("workload-not-ready", f"/volumes/api/namespaces/{PROFILE}/pvcs", 503, "no healthy"),
        ("issuer-not-configured", RUNS, 401, "Jwt issuer is not configured"),
        ("global-deny-without-exceptions", RUNS, 403, "RBAC: access denied"),
        ("dashboard-access-denied", "/api/workgroup/env-info", 403, "RBAC: access denied"),
        ("user-not-detected", f"/volumes/api/namespaces/{PROFILE}/pvcs", 401, "No user detected."),
    ],
)
def test_clients_are_told(
    faulty: Platform,
    session: requests.Session,
    fault: str,
    path: str,
    status: int,
    message: str,
) -> None:
    def answer() -> tuple[int, str]:
        found = session.get(faulty.host + path, timeout=20)
        return found.status_code, found.text

    # What the fault before has left may take a moment to reach the gateway.
    before = wait_until(lambda: (found := answer()[0]) != status and found)
    with faulty.broken(fault):
        wait_until(lambda: (found := answer())[0] == status and message in found[1])
    wait_until(lambda: answer()[0] == before)


def test_a_login_is_refused_by_a_key_that_is_not_known() -> None:
    with LocalKubeflow(faults=["jwks-key-unknown"]) as cluster:
        host = cluster.endpoints.host
        keys = requests.get(f"{host}/dex/keys", timeout=20).json()["keys"]
    assert len(keys) == 2


OBJECTS = [
    (
        "mutual-tls-disabled",
        "/apis/networking.istio.io/v1/namespaces/kubeflow/destinationrules/ml-pipeline-ui",
        lambda one: one["spec"]["trafficPolicy"]["tls"]["mode"] == "DISABLE",
    ),
    (
        "global-deny-missing",
        "/apis/security.istio.io/v1/namespaces/istio-system/authorizationpolicies",
        lambda one: "global-deny-all" not in [each["metadata"]["name"] for each in one["items"]],
    ),
    (
        "load-balancer-pending",
        "/api/v1/namespaces/istio-system/services/istio-ingressgateway",
        lambda one: (
            one["spec"]["type"] == "LoadBalancer"
            and not one["status"]["loadBalancer"].get("ingress")
        ),
    ),
    (
        "strict-mutual-tls",
        "/apis/security.istio.io/v1/namespaces/istio-system/peerauthentications",
        lambda one: [each["spec"]["mtls"]["mode"] for each in one["items"]] == ["STRICT"],
    ),
    (
        "gateway-shadowed",
        "/apis/networking.istio.io/v1/gateways",
        lambda one: (
            [each["spec"]["servers"][0]["hosts"] for each in one["items"]] == [["*"], ["*"]]
        ),
    ),
]


@pytest.mark.parametrize(("fault", "path", "shows"), OBJECTS, ids=[one[0] for one in OBJECTS])
def test_objects_show_it(faulty: Platform, fault: str, path: str, shows: Any) -> None:
    assert not shows(faulty.get(path))
    with faulty.broken(fault):
        wait_until(lambda: shows(faulty.get(path)))


def test_a_proxy_is_of_another_release(faulty: Platform) -> None:
    def images() -> set[str]:
        return {
            each.image
            for one in faulty.pods("volumes-web-app")
            for each in one.spec.init_containers
        }

    with faulty.broken("proxy-version-differs"):
        wait_until(lambda: images() == {"registry.istio.io/release/proxyv2:1.28.0"})


def test_the_proxy_of_keys_crashes(faulty: Platform) -> None:
    def waiting() -> set[str]:
        return {reason for reason, _ in faulty.waiting("cluster-jwks-proxy", "istio-system")}

    with faulty.broken("jwks-proxy-crashing"):
        wait_until(lambda: waiting() == {"CrashLoopBackOff"})
