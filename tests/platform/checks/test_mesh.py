"""What is said of mutual TLS, policies, gateways and proxies."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from pytest_kubeflow.platform.checks.mesh.gateways import check_gateways
from pytest_kubeflow.platform.checks.mesh.mutual_tls import check_mutual_tls
from pytest_kubeflow.platform.checks.mesh.policies import check_policies
from pytest_kubeflow.platform.fault import Severity
from pytest_kubeflow.platform.finding import Finding
from pytest_kubeflow.platform.snapshot import Object
from pytest_kubeflow.platform.snapshot.kind import (
    AUTHORIZATION_POLICIES,
    DEPLOYMENTS,
    DESTINATION_RULES,
    GATEWAYS,
    NAMESPACES,
    PEER_AUTHENTICATIONS,
    PODS,
    PROFILES,
    SERVICES,
    VIRTUAL_SERVICES,
)
from pytest_kubeflow.platform.snapshot.observations import GatewayPage, Observations
from tests.platform.snapshots import an_object, snapshot_of

HOST = "ml-pipeline-ui.kubeflow.svc.cluster.local"
APP = {"app": "ml-pipeline-ui"}
GATEWAY = {"app": "istio-ingressgateway", "istio": "ingressgateway"}
PROFILE = {"app.kubernetes.io/part-of": "kubeflow-profile"}


def _rule(mode: str, host: str = HOST, **policy: Any) -> Object:
    policy = policy or {"tls": {"mode": mode}}
    spec = {"host": host, "trafficPolicy": policy}
    return an_object(DESTINATION_RULES, "ml-pipeline-ui", "kubeflow", spec=spec)


def _service(name: str = "ml-pipeline-ui", namespace: str = "kubeflow", **spec: Any) -> Object:
    return an_object(SERVICES, name, namespace, spec={"selector": APP, **spec})


def _pod(
    *containers: str,
    init: tuple[str, ...] = (),
    image: str = "",
    name: str = "ui-6-x",
    **fields: Any,
) -> Object:
    metadata = {
        "labels": APP,
        "ownerReferences": [{"kind": "ReplicaSet", "name": "ui-6"}],
        **fields.pop("metadata", {}),
    }
    return an_object(
        PODS,
        name,
        fields.pop("namespace", "kubeflow"),
        metadata=metadata,
        spec={
            "containers": [{"name": one, "image": image} for one in containers],
            "initContainers": [{"name": one, "image": image} for one in init],
        },
        **fields,
    )


def _tls(*objects: Object) -> list[Finding]:
    return list(check_mutual_tls(snapshot_of(*objects)))


def test_pods_with_a_proxy_take_mutual_tls() -> None:
    assert _tls(_rule("ISTIO_MUTUAL"), _service(), _pod("main", "istio-proxy")) == []
    assert _tls(_rule("ISTIO_MUTUAL"), _service(), _pod("main", init=("istio-proxy",))) == []


@pytest.mark.parametrize("host", [HOST, "ml-pipeline-ui", "ml-pipeline-ui.kubeflow"])
def test_a_pod_without_a_proxy_behind_mutual_tls(host: str) -> None:
    pods = (_pod("main"), _pod("main", "istio-proxy", name="ui-6-y"))
    (found,) = _tls(_rule("ISTIO_MUTUAL", host), _service(), *pods)
    assert found.code == "KF301"
    assert found.sentence == (
        "DestinationRule kubeflow/ml-pipeline-ui demands mutual TLS of Service "
        "kubeflow/ml-pipeline-ui, and 1 of its 2 pods have no istio-proxy: ui-6-x"
    )
    assert "kubectl -n kubeflow rollout restart deployment ui" in found.fix
    assert found.component == "pipelines"


def test_mutual_tls_of_one_port_counts() -> None:
    ports = [{"port": {"number": 80}, "tls": {"mode": "ISTIO_MUTUAL"}}]
    (found,) = _tls(_rule("", portLevelSettings=ports), _service(), _pod("main"))
    assert found.code == "KF301"


@pytest.mark.parametrize(
    "host", ["*.kubeflow.svc.cluster.local", "example.com", "other.kubeflow.svc", ""]
)
def test_hosts_that_are_no_service_here_prove_nothing(host: str) -> None:
    assert _tls(_rule("ISTIO_MUTUAL", host), _service(), _pod("main")) == []


def test_pods_that_take_no_requests_need_no_proxy() -> None:
    for state in (
        {"status": {"phase": "Succeeded"}},
        {"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}},
        {"metadata": {"annotations": {"ambient.istio.io/redirection": "enabled"}}},
    ):
        assert _tls(_rule("ISTIO_MUTUAL"), _service(), _pod("main", **state)) == []


def test_mutual_tls_that_was_switched_off() -> None:
    (found,) = _tls(_rule("DISABLE"), _service(), _pod("main", "istio-proxy"))
    assert (found.code, found.severity) == ("KF302", Severity.NOTICE)
    assert _tls(_rule("DISABLE"), _service(), _pod("main")) == []
    assert _tls(_rule("SIMPLE"), _service(), _pod("main", "istio-proxy")) == []


def _peer(mode: str, namespace: str, **spec: Any) -> Object:
    return an_object(
        PEER_AUTHENTICATIONS, "default", namespace, spec={"mtls": {"mode": mode}, **spec}
    )


def _namespace(name: str, **labels: str) -> Object:
    return an_object(NAMESPACES, name, metadata={"labels": labels})


def test_mutual_tls_that_all_callers_must_have() -> None:
    (found,) = _tls(_peer("STRICT", "istio-system"))
    assert found.code == "KF309"
    assert found.sentence == (
        "PeerAuthentication istio-system/default refuses all callers without a proxy in the whole "
        "mesh"
    )
    (found,) = _tls(_peer("STRICT", "kubeflow"), _namespace("kubeflow"))
    assert "in namespace kubeflow" in found.sentence


def test_what_is_strict_for_one_workload_or_in_a_users_namespace_is_theirs() -> None:
    assert _tls(_peer("PERMISSIVE", "istio-system")) == []
    assert _tls(_peer("STRICT", "istio-system", selector={"matchLabels": APP})) == []
    assert _tls(_peer("STRICT", "jane"), _namespace("jane", **PROFILE)) == []
    assert _tls(_peer("STRICT", "unknown")) == []


def _istiod(tag: str) -> Object:
    container = {"name": "discovery", "image": f"registry.istio.io/release/pilot:{tag}"}
    spec = {"template": {"spec": {"containers": [container]}}}
    return an_object(DEPLOYMENTS, "istiod", "istio-system", spec=spec)


def test_proxies_of_another_release() -> None:
    made = {"creationTimestamp": datetime.now(UTC).isoformat()}
    image = "docker.io/istio/proxyv2:1.28.0"
    old = _pod(init=("istio-proxy",), image=image, metadata=made)
    (found,) = _tls(_istiod("1.30.1"), old)
    assert found.code == "KF310"
    assert found.sentence == (
        "istiod is of release 1.30, some proxies are not: 1 pods in kubeflow with 1.28"
    )


@pytest.mark.parametrize(
    ("istiod", "proxy"),
    [("1.30.1", "proxyv2:1.30.4"), ("1.30.1", "proxyv2:latest"), ("latest", "proxyv2:1.28.0")],
)
def test_proxies_of_the_same_release_or_of_one_that_is_not_told(istiod: str, proxy: str) -> None:
    assert _tls(_istiod(istiod), _pod("istio-proxy", image=f"istio/{proxy}")) == []


def _policy(name: str, namespace: str, **spec: Any) -> Object:
    return an_object(AUTHORIZATION_POLICIES, name, namespace, spec=spec)


def _mesh(*more: Object) -> list[Object]:
    gateway = an_object(
        GATEWAYS, "kubeflow-gateway", "kubeflow", spec={"selector": {"istio": "ingressgateway"}}
    )
    pod = _pod(
        "istio-proxy",
        name="istio-ingressgateway-1",
        namespace="istio-system",
        metadata={"labels": GATEWAY},
    )
    return [gateway, pod, *more]


DENY = _policy("global-deny-all", "istio-system")
ALLOW = _policy(
    "istio-ingressgateway",
    "istio-system",
    action="ALLOW",
    selector={"matchLabels": GATEWAY},
    rules=[{}],
)


def _policies(*objects: Object) -> list[Finding]:
    return list(check_policies(snapshot_of(*objects)))


def test_a_mesh_that_denies_by_default_and_allows_its_gateway() -> None:
    assert _policies(*_mesh(DENY, ALLOW)) == []


def test_nothing_denies_by_default() -> None:
    (found,) = _policies(*_mesh(ALLOW))
    assert (found.code, found.severity) == ("KF306", Severity.NOTICE)
    narrow = _policy("deny", "istio-system", selector={"matchLabels": APP})
    assert [one.code for one in _policies(*_mesh(narrow))] == ["KF306"]


def test_a_cluster_without_kubeflows_gateway_needs_no_policy() -> None:
    assert _policies() == []
    whole = snapshot_of(*_mesh(), without=[AUTHORIZATION_POLICIES])
    assert list(check_policies(whole)) == []


def test_nothing_allows_the_gateway() -> None:
    require = _policy("require-jwt", "istio-system", action="DENY", rules=[{}])
    (found,) = _policies(*_mesh(DENY, require))
    assert found.code == "KF307"
    assert found.sentence == (
        "AuthorizationPolicy istio-system/global-deny-all denies all, and none allows requests to "
        "the gateway (pod istio-system/istio-ingressgateway-1): everybody is refused"
    )


def _route(**spec: Any) -> Object:
    rule = {"route": [{"destination": {"host": HOST}}]}
    spec = {"gateways": ["kubeflow/kubeflow-gateway"], "http": [rule], **spec}
    return an_object(VIRTUAL_SERVICES, "ml-pipeline-ui", "kubeflow", spec=spec)


def test_nothing_allows_a_component_behind_the_gateway() -> None:
    there = _mesh(DENY, ALLOW, _route(), _service(), _pod("main", "istio-proxy"))
    (found,) = _policies(*there)
    assert found.code == "KF307"
    assert found.sentence == (
        "AuthorizationPolicy istio-system/global-deny-all denies all, and none allows requests to "
        "Service kubeflow/ml-pipeline-ui, which VirtualService kubeflow/ml-pipeline-ui leads to"
    )
    for policy in (
        _policy("ui", "kubeflow", selector={"matchLabels": APP}, rules=[{"from": []}]),
        _policy("all", "kubeflow", rules=[{}]),
        _policy("route", "kubeflow", targetRefs=[{"kind": "Service"}], rules=[{}]),
    ):
        assert _policies(*there, policy) == []
    elsewhere = _policy("all", "other", rules=[{}])
    assert [one.code for one in _policies(*there, elsewhere)] == ["KF307"]


def test_components_without_a_proxy_or_another_route_are_not_denied() -> None:
    assert _policies(*_mesh(DENY, ALLOW, _route(), _service(), _pod("main"))) == []
    inner = _route(gateways=["knative-serving/knative-local-gateway"])
    assert _policies(*_mesh(DENY, ALLOW, inner, _service(), _pod("istio-proxy"))) == []


def _gateways(*objects: Object) -> list[Finding]:
    return list(check_gateways(snapshot_of(*objects)))


def test_a_load_balancer_without_an_address() -> None:
    pending = _service("istio-ingressgateway", "istio-system", type="LoadBalancer")
    (found,) = _gateways(pending)
    assert (found.code, found.severity) == ("KF308", Severity.BROKEN)
    assert "service istio-ingressgateway -p" in found.fix
    jane = an_object(PROFILES, "jane")
    (other,) = _gateways(_service("mine", "jane", type="LoadBalancer"), jane)
    assert other.severity is Severity.DEGRADED


def test_a_load_balancer_without_an_address_where_the_gateway_is_come_to_by_another_way() -> None:
    """By a node's port, say."""
    pending = _service("istio-ingressgateway", "istio-system", type="LoadBalancer")
    observed = Observations(pages={"/": GatewayPage(200)})
    (found,) = check_gateways(snapshot_of(pending, observed=observed))
    assert (found.code, found.severity) == ("KF308", Severity.DEGRADED)


def test_a_load_balancer_with_an_address_or_with_time_to_get_one() -> None:
    pending = _service("istio-ingressgateway", "istio-system", type="LoadBalancer")
    address = {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}
    assert _gateways({**pending, "status": address}) == []
    now = datetime.now(UTC).isoformat()
    young = {**pending, "metadata": {**pending["metadata"], "creationTimestamp": now}}
    assert _gateways(young) == []
    assert _gateways(_service("istio-ingressgateway", "istio-system", type="ClusterIP")) == []


def _server(port: int, protocol: str, host: str = "*") -> Object:
    return {"port": {"number": port, "protocol": protocol}, "hosts": [host]}


def _gateway(name: str, namespace: str, *servers: Object, made: str = "2026-01-02") -> Object:
    return an_object(
        GATEWAYS,
        name,
        namespace,
        metadata={"creationTimestamp": f"{made}T00:00:00Z"},
        spec={"selector": {"istio": "ingressgateway"}, "servers": [*servers]},
    )


OURS = _gateway("kubeflow-gateway", "kubeflow", _server(80, "HTTP"))
OURS_WITH_TLS = _gateway("kubeflow-gateway", "kubeflow", _server(443, "HTTPS"))


def test_another_gateway_takes_the_port_for_tls() -> None:
    (found,) = _gateways(OURS, _gateway("shop", "shop", _server(443, "HTTPS")))
    assert found.code == "KF311"
    assert found.sentence == (
        "Gateway shop/shop takes requests for * at port 443 of the pods of "
        "kubeflow/kubeflow-gateway, and kubeflow/kubeflow-gateway has no server for that port: "
        "Kubeflow's pages answer 404 there"
    )


def test_of_two_gateways_for_one_port_the_older_one_is_asked() -> None:
    older = _gateway("shop", "shop", _server(443, "HTTPS"), made="2026-01-01")
    younger = _gateway("shop", "shop", _server(443, "HTTPS"), made="2026-01-03")
    (found,) = _gateways(OURS_WITH_TLS, older)
    assert found.code == "KF311"
    assert ", and is older: " in found.sentence
    assert _gateways(OURS_WITH_TLS, younger) == []


def test_gateways_beside_kubeflows() -> None:
    assert _gateways(OURS) == []
    assert (
        _gateways(OURS, _gateway("istio-ingressgateway", "istio-system", _server(80, "HTTP"))) == []
    )
    assert _gateways(OURS, _gateway("shop", "shop", _server(443, "HTTPS", "shop.example"))) == []
    elsewhere = _gateway("local", "istio-system", _server(443, "HTTPS"))
    elsewhere["spec"]["selector"] = {"istio": "cluster-local-gateway"}
    assert _gateways(OURS, elsewhere) == []
    shared = _route(gateways=["kubeflow/kubeflow-gateway", "shop/shop"])
    assert _gateways(OURS, shared, _gateway("shop", "shop", _server(443, "HTTPS"))) == []
