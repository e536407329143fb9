"""Nobody gives rights that they do not have."""

from __future__ import annotations

from typing import Any

import pytest
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from tests.local.apiserver.conftest import Served

GROUP = "rbac.authorization.k8s.io"
READ = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}
MANAGE = {
    "apiGroups": [GROUP],
    "resources": ["roles", "rolebindings"],
    "verbs": ["create", "get", "patch"],
}


@pytest.fixture
def june(served: Served, api: Any, namespace: str) -> Any:
    """One who may make roles and bindings, and read pods."""
    rbac = client.RbacAuthorizationV1Api(api)
    rbac.create_namespaced_role(namespace, {"metadata": {"name": "own"}, "rules": [READ, MANAGE]})
    rbac.create_namespaced_role_binding(namespace, binding("own", "own", "june"))
    return client.RbacAuthorizationV1Api(served.client("june", "system:authenticated"))


def binding(name: str, role: str, user: str) -> dict[str, Any]:
    return {
        "metadata": {"name": name},
        "roleRef": {"apiGroup": GROUP, "kind": "Role", "name": role},
        "subjects": [{"kind": "User", "name": user, "apiGroup": GROUP}],
    }


def role(*rules: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": {"name": "r"}, "rules": list(rules)}


def refused(error: Any) -> str:
    assert error.value.status == 403
    text: str = error.value.body
    return text


def test_what_one_has_can_be_given(june: Any, namespace: str) -> None:
    june.create_namespaced_role(namespace, role(READ))
    june.create_namespaced_role_binding(namespace, binding("b", "r", "else"))


def test_more_cannot(june: Any, namespace: str) -> None:
    with pytest.raises(ApiException) as error:
        june.create_namespaced_role(namespace, role({**READ, "verbs": ["get", "delete"]}))
    text = refused(error)
    assert "is attempting to grant RBAC permissions not currently held" in text
    assert '{APIGroups:[\\"\\"], Resources:[\\"pods\\"], Verbs:[\\"delete\\"]}' in text


def test_nor_by_a_change(june: Any, namespace: str) -> None:
    june.create_namespaced_role(namespace, role(READ))
    more = {"rules": [{**READ, "resources": ["secrets"]}]}
    with pytest.raises(ApiException) as error:
        june.patch_namespaced_role("r", namespace, more)
    refused(error)


def test_nor_by_a_role_of_another(june: Any, api: Any, namespace: str) -> None:
    rbac = client.RbacAuthorizationV1Api(api)
    rbac.create_namespaced_role(namespace, role({**READ, "verbs": ["*"]}))
    with pytest.raises(ApiException) as error:
        june.create_namespaced_role_binding(namespace, binding("b", "r", "june"))
    refused(error)


def test_who_may_bind_needs_no_more(june: Any, api: Any, namespace: str) -> None:
    rbac = client.RbacAuthorizationV1Api(api)
    rbac.create_namespaced_role(namespace, role({**READ, "verbs": ["*"]}))
    may = {"apiGroups": [GROUP], "resources": ["roles"], "verbs": ["bind"], "resourceNames": ["r"]}
    rbac.create_namespaced_role(namespace, {"metadata": {"name": "binds"}, "rules": [may]})
    rbac.create_namespaced_role_binding(namespace, binding("binds", "binds", "june"))
    june.create_namespaced_role_binding(namespace, binding("b", "r", "else"))
