from __future__ import annotations

from typing import Any

import pytest

from pytest_kubeflow.local.gateway.policies import Call, allows, is_guarded

GATEWAY = "cluster.local/ns/istio-system/sa/istio-ingressgateway-service-account"
POD = {"metadata": {"namespace": "team", "labels": {"app": "isvc.iris"}}}
DENY_ALL = {"metadata": {"namespace": "istio-system"}, "spec": {}}


def call(**changes: Any) -> Call:
    values = {
        "principal": GATEWAY,
        "namespace": "istio-system",
        "host": "iris.team.example.com",
        "method": "POST",
        "path": "/v1/models/iris:predict",
        "headers": {"kubeflow-userid": "user@example.com"},
    }
    return Call(**{**values, **changes})


def policy(*rules: Any, namespace: str = "team", **spec: Any) -> dict[str, Any]:
    return {"metadata": {"namespace": namespace}, "spec": {"rules": list(rules), **spec}}


def test_without_a_policy_everybody_is_let_in_and_with_an_empty_one_nobody() -> None:
    assert allows([], POD, call())
    assert not allows([DENY_ALL], POD, call())
    assert allows([DENY_ALL, policy({})], POD, call())


def test_policies_of_other_namespaces_and_other_pods_do_not_count() -> None:
    elsewhere = policy({}, namespace="other")
    others = policy({}, selector={"matchLabels": {"app": "isvc.rose"}})
    mine = policy({}, selector={"matchLabels": {"app": "isvc.iris"}})
    assert not allows([DENY_ALL, elsewhere, others], POD, call())
    assert allows([DENY_ALL, elsewhere, others, mine], POD, call())


def test_deny_wins() -> None:
    assert not allows([policy({}), policy({}, action="DENY")], POD, call())
    unmatched = policy({"to": [{"operation": {"methods": ["GET"]}}]}, action="DENY")
    assert allows([policy({}), unmatched], POD, call())


@pytest.mark.parametrize(
    ("rule", "fits"),
    [
        ({"from": [{"source": {"principals": [GATEWAY]}}]}, True),
        ({"from": [{"source": {"principals": ["*ingressgateway-service-account"]}}]}, True),
        ({"from": [{"source": {"principals": ["cluster.local/ns/team/*"]}}]}, False),
        ({"from": [{"source": {"notPrincipals": [GATEWAY]}}]}, False),
        ({"from": [{"source": {"namespaces": ["team"]}}]}, False),
        ({"from": [{"source": {"namespaces": ["istio-system"]}}]}, True),
        ({"from": [{"source": {"requestPrincipals": ["*"]}}]}, False),
        ({"to": [{"operation": {"paths": ["/v1/*"], "methods": ["POST"]}}]}, True),
        ({"to": [{"operation": {"paths": ["/v1/*"], "methods": ["GET"]}}]}, False),
        ({"to": [{"operation": {"notPaths": ["/v1/*"]}}]}, False),
        ({"to": [{"operation": {"hosts": ["*.example.com"]}}]}, True),
        (
            {"when": [{"key": "request.headers[kubeflow-userid]", "values": ["*@example.com"]}]},
            True,
        ),
        ({"when": [{"key": "request.headers[kubeflow-userid]", "values": ["a@b"]}]}, False),
        ({"when": [{"key": "request.headers[absent]", "values": ["*"]}]}, False),
        ({"when": [{"key": "request.headers[absent]", "notValues": ["x"]}]}, True),
        ({"when": [{"key": "source.namespace", "values": ["istio-system"]}]}, True),
        ({"when": [{"key": "request.auth.claims[groups]", "values": ["x"]}]}, False),
    ],
)
def test_rules(rule: dict[str, Any], fits: bool) -> None:
    assert allows([policy(rule)], POD, call()) is fits


def test_all_parts_of_a_rule_must_fit_and_one_rule_is_enough() -> None:
    source = [{"source": {"principals": [GATEWAY]}}]
    wrong = {"from": source, "to": [{"operation": {"methods": ["GET"]}}]}
    right = {"from": source, "to": [{"operation": {"methods": ["POST"]}}]}
    assert not allows([policy(wrong)], POD, call())
    assert allows([policy(wrong, right)], POD, call())


def test_pods_without_a_sidecar_are_not_guarded() -> None:
    injected = {"metadata": {"labels": {"istio-injection": "enabled"}}}
    label, annotation = (
        {"metadata": {field: {"sidecar.istio.io/inject": "false"}}}
        for field in ("labels", "annotations")
    )
    assert is_guarded(injected, POD)
    assert not is_guarded(injected, label)
    assert not is_guarded(injected, annotation)
    assert not is_guarded({"metadata": {}}, POD)
    assert not is_guarded(None, POD)
