from __future__ import annotations

import base64
from typing import Any

import pytest
from kubernetes import client

from tests.local.controllers.conftest import Eventually

PROFILES = ("kubeflow.org", "v1", "profiles")


@pytest.fixture
def custom(core: Any) -> Any:
    return client.CustomObjectsApi(core.api_client)


def profile(name: str, owner: str) -> dict[str, Any]:
    return {
        "apiVersion": "kubeflow.org/v1",
        "kind": "Profile",
        "metadata": {"name": name},
        "spec": {"owner": {"kind": "User", "name": owner}},
    }


def test_a_profile_brings_its_namespace_and_goes_with_it(
    core: Any, custom: Any, eventually: Eventually
) -> None:
    custom.create_cluster_custom_object(*PROFILES, profile("alice", "alice@example.com"))

    def successful() -> bool:
        status = custom.get_cluster_custom_object(*PROFILES, "alice").get("status") or {}
        return any(one["type"] == "Successful" for one in status.get("conditions", []))

    eventually(successful)
    namespace = core.read_namespace("alice")
    assert namespace.metadata.annotations["owner"] == "alice@example.com"
    accounts = {one.metadata.name for one in core.list_namespaced_service_account("alice").items}
    assert {"default-editor", "default-viewer"} <= accounts
    secret = core.read_namespaced_secret("mlpipeline-minio-artifact", "alice")
    assert base64.b64decode(secret.data["accesskey"]) == b"access-alice"
    bindings = client.RbacAuthorizationV1Api(core.api_client).list_namespaced_role_binding("alice")
    admins = [one for one in bindings.items if one.metadata.name == "namespaceAdmin"]
    assert admins[0].subjects[0].name == "alice@example.com"
    custom.delete_cluster_custom_object(*PROFILES, "alice")
    eventually(lambda: "alice" not in {one.metadata.name for one in core.list_namespace().items})


def test_a_namespace_of_somebody_else_is_left_alone(
    core: Any, custom: Any, namespace: str, eventually: Eventually
) -> None:
    custom.create_cluster_custom_object(*PROFILES, profile(namespace, "mallory@example.com"))

    def failed() -> bool:
        status = custom.get_cluster_custom_object(*PROFILES, namespace).get("status") or {}
        return any(one["type"] == "Failed" for one in status.get("conditions", []))

    eventually(failed)
    accounts = {one.metadata.name for one in core.list_namespaced_service_account(namespace).items}
    assert accounts == {"default"}
    custom.delete_cluster_custom_object(*PROFILES, namespace)
    assert core.read_namespace(namespace).status.phase == "Active"
