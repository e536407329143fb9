"""AuthorizationPolicies for services, in a namespace whose mesh lets in nobody by itself."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from kubernetes.client import ApiException

from pytest_kubeflow.auth.tokenrequest import TokenRequest
from pytest_kubeflow.cluster import Cluster
from pytest_kubeflow.config.model import KubeflowConfig
from pytest_kubeflow.errors import AuthenticationError, KubeflowError, PermissionDenied
from pytest_kubeflow.k8s.namespaces import create_namespace, delete_namespace, wait_until_gone
from pytest_kubeflow.k8s.sessions.ownership import Ownership, is_ours
from pytest_kubeflow.serving.deployer import ServiceDeployer
from pytest_kubeflow.serving.mesh import (
    allow_owner,
    policy,
    remove_policy,
    user_condition,
)
from pytest_kubeflow.serving.mesh import (
    policies as policies_of,
)
from pytest_kubeflow.serving.service import InferenceService, ServiceAccess
from pytest_kubeflow.waiting import Deadline, wait_until
from tests.config.sources import resolved
from tests.serving.embedded import NAMESPACE

GROUP, VERSION, PLURAL = "security.istio.io", "v1beta1", "authorizationpolicies"
# Says 7 to every request.
SERVER = """
import http.server, json, os

class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps({"predictions": [7]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

http.server.ThreadingHTTPServer((os.environ["IP"], 8080), Handler).serve_forever()
"""
IDLE = "trap 'exit 0' TERM; python3 -c \"$SERVER\" & wait"
CONTAINER = {
    "image": "python:3.11",
    "command": ["sh", "-c", IDLE],
    "env": [
        {"name": "SERVER", "value": SERVER},
        {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
    ],
    "ports": [{"containerPort": 8080}],
    "readinessProbe": {"tcpSocket": {"port": 8080}, "periodSeconds": 1},
}


def policies(cluster: Cluster, namespace: str) -> dict[str, Any]:
    found = cluster.kubernetes.custom.list_namespaced_custom_object(
        GROUP, VERSION, namespace, PLURAL
    )
    return {one["metadata"]["name"]: one for one in found["items"]}


@pytest.fixture(scope="module")
def team(cluster: Cluster) -> Iterator[str]:
    """A namespace of the mesh with one policy, which allows nothing."""
    name = f"team-{uuid.uuid4().hex[:6]}"
    labels = {**cluster.ownership.labels(), "istio-injection": "enabled"}
    create_namespace(cluster.kubernetes, name, labels=labels, deadline=Deadline.after(30))
    body = {
        "apiVersion": f"{GROUP}/{VERSION}",
        "kind": "AuthorizationPolicy",
        "metadata": {"name": "nobody"},
        "spec": {},
    }
    cluster.kubernetes.custom.create_namespaced_custom_object(GROUP, VERSION, name, PLURAL, body)
    yield name
    delete_namespace(cluster.kubernetes, name)
    wait_until_gone(cluster.kubernetes, name, deadline=Deadline.after(30))


@pytest.fixture
def deployer(cluster: Cluster, team: str) -> Iterator[ServiceDeployer]:
    made = ServiceDeployer(ServiceAccess(cluster, team, timeout=60), account=lambda: "default")
    yield made
    made.close()


def refused(service: InferenceService, **who: Any) -> str:
    """What a request is refused with; empty for one that is answered."""
    try:
        answer = service.predictor(patient=False, **who).predict([[1.0]])
    except (AuthenticationError, PermissionDenied) as error:
        return error.message
    return "" if answer == [7] else f"it answers {answer}"


def test_owner_is_let_in_and_nobody_else(
    cluster: Cluster, deployer: ServiceDeployer, team: str
) -> None:
    service = deployer(container=CONTAINER)
    made = {name: one for name, one in policies(cluster, team).items() if name != "nobody"}
    (name,) = made
    assert is_ours(made[name]["metadata"]["labels"])
    assert service.predictor().predict([[1.0]]) == [7]
    stranger = TokenRequest(
        cluster.kubernetes,
        namespace="default",
        account="default",
        audience=None,
        redactor=cluster.redactor,
    )
    assert "RBAC: access denied" in refused(service, headers=stranger.headers())
    assert "it wants a login" in refused(service, anonymous=True)
    assert not refused(service)
    deployer.close()
    assert policies(cluster, team).keys() == {"nobody"}


def test_policy_is_for_one_service(cluster: Cluster, deployer: ServiceDeployer, team: str) -> None:
    first, second = (deployer(container=CONTAINER, wait=False) for _ in range(2))
    first.wait_ready()
    second.wait_ready()
    assert not refused(first)
    assert not refused(second)
    for name, one in policies(cluster, team).items():
        labels = one["spec"].get("selector", {}).get("matchLabels", {})
        if second.name in labels.values():
            remove_policy(cluster, team, name)
            remove_policy(cluster, team, name)  # twice is fine
    wait_until(
        lambda: refused(second),
        lambda told: "RBAC: access denied" in told,
        deadline=Deadline.after(10),
        what="the policy to be gone",
    )
    assert not refused(first)


def test_where_none_is_needed(cluster: Cluster) -> None:
    name = f"plain-{uuid.uuid4().hex[:6]}"
    create_namespace(
        cluster.kubernetes, name, labels=cluster.ownership.labels(), deadline=Deadline.after(30)
    )
    try:
        assert policies_of(cluster, NAMESPACE)
        assert not policies_of(cluster, name)
        assert allow_owner(cluster, name, "iris") is None
        assert policies(cluster, name) == {}
    finally:
        delete_namespace(cluster.kubernetes, name)


def test_what_it_says() -> None:
    made = policy("allow-1", "iris", header="x-user", user="me@example.com", labels={"a": "b"})
    assert made["metadata"] == {"name": "allow-1", "labels": {"a": "b"}}
    assert made["spec"] == {
        "action": "ALLOW",
        "selector": {"matchLabels": {"serving.kserve.io/inferenceservice": "iris"}},
        "rules": [
            {
                "from": [{"source": {"namespaces": ["istio-system", "knative-serving"]}}],
                "when": [{"key": "request.headers[x-user]", "values": ["me@example.com"]}],
            }
        ],
    }


def stub(
    *,
    user: str | None = "me",
    lists: int = 200,
    creates: int = 200,
    config: KubeflowConfig | None = None,
) -> Cluster:
    """A cluster with one policy, that answers with these statuses."""

    def listed(*_: object) -> dict[str, Any]:
        if lists != 200:
            raise ApiException(lists)
        return {"items": [{"metadata": {"name": "nobody"}, "spec": {}}]}

    def created(*_: object) -> None:
        if creates != 200:
            raise ApiException(creates)

    custom = SimpleNamespace(
        list_namespaced_custom_object=listed, create_namespaced_custom_object=created
    )
    kubernetes = SimpleNamespace(custom=custom)
    stubbed = SimpleNamespace(
        user=user,
        kubernetes=kubernetes,
        ownership=Ownership("tests"),
        config=config or KubeflowConfig(),
    )
    return cast(Cluster, stubbed)


def test_who_may_not_make_one() -> None:
    assert allow_owner(stub(), "team", "iris") is not None
    assert allow_owner(stub(creates=403), "team", "iris") is None
    assert allow_owner(stub(lists=403), "team", "iris") is None
    assert allow_owner(stub(lists=404), "team", "iris") is None  # no mesh there
    assert allow_owner(stub(user=None), "team", "iris") is None
    with pytest.raises(KubeflowError, match="create authorization policy team/"):
        allow_owner(stub(creates=500), "team", "iris")


def owners(header: str, value: str, owner: str = "owner@example.com") -> dict[str, Any]:
    """A policy as a profile has it for its owner."""
    return {
        "metadata": {"name": "ns-owner-access-istio", "annotations": {"user": owner}},
        "spec": {"rules": [{"when": [{"key": f"request.headers[{header}]", "values": [value]}]}]},
    }


IAP = owners("x-goog-authenticated-user-email", "accounts.google.com:owner@example.com")


def test_the_profile_tells_how_the_user_header_is_called() -> None:
    """And the embedded one too, whose policies are not changed by anybody."""
    user = stub(user="me@example.com")
    assert user_condition(user, []) == ("kubeflow-userid", "me@example.com")
    assert user_condition(user, [{"metadata": {}, "spec": {}}])[0] == "kubeflow-userid"
    assert user_condition(user, [{"metadata": {}, "spec": {}}, IAP]) == (
        "x-goog-authenticated-user-email",
        "accounts.google.com:me@example.com",
    )


def test_what_is_given_about_the_user_header_counts() -> None:
    given = resolved({"userid_header": "x-user", "userid_prefix": "people:"})
    user = stub(user="me@example.com", config=given)
    assert user_condition(user, [IAP]) == ("x-user", "people:me@example.com")
    assert user_condition(user, []) == ("x-user", "people:me@example.com")


def test_the_users_own_profile_has_the_usual_header(cluster: Cluster) -> None:
    there = policies_of(cluster, NAMESPACE)
    assert user_condition(cluster, there) == ("kubeflow-userid", cluster.user)
