"""The central dashboard and access management: owners, contributors, and what those may do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from pytest_kubeflow.local.cluster import Endpoints
from tests.local.webapps.conftest import Person, eventually

RUNS = "/pipeline/apis/v2beta1/runs?namespace={}"
CLAIMS = "/volumes/api/namespaces/{}/pvcs"


def test_the_page_is_there_for_every_path_that_nobody_else_has(owner: Person) -> None:
    for path in ("/", "/_/pipeline/", "/volumes"):
        answer = owner.ask("GET", path)
        assert (answer.status_code, "Kubeflow Central Dashboard" in answer.text) == (200, True)


def test_each_user_has_a_profile(owner: Person, other: Person) -> None:
    for person in (owner, other):
        eventually(lambda: owner.ask("GET", "/api/workgroup/exists").json()["hasWorkgroup"])
        found = person.ask("GET", "/api/workgroup/env-info").json()
        assert found["user"] == person.email
        assert found["isClusterAdmin"] is False
        assert {"user": person.email, "namespace": person.namespace, "role": "owner"} in (
            found["namespaces"]
        )


def test_what_is_not_there_is_told_as_json(owner: Person) -> None:
    answer = owner.ask("GET", "/api/nothing")
    assert answer.status_code == 404
    assert answer.json() == {"error": "Could not find the route you're looking for"}


def test_activities_are_for_those_who_belong_there(owner: Person, other: Person) -> None:
    mine = owner.ask("GET", f"/api/activities/{owner.namespace}")
    assert mine.status_code == 200
    assert isinstance(mine.json(), list)
    refused = other.ask("GET", f"/api/activities/{owner.namespace}")
    assert refused.status_code == 403
    assert f"namespace '{owner.namespace}'" in refused.json()["error"]


@pytest.fixture
def contributor(owner: Person, other: Person) -> Iterator[Person]:
    """`other`, while they contribute to the owner's profile."""
    path = f"add-contributor/{owner.namespace}"
    body = {"contributor": other.email}
    added = owner.ask("POST", f"/api/workgroup/{path}", json=body)
    assert (added.status_code, added.json()) == (200, [other.email])
    yield other
    path = f"remove-contributor/{owner.namespace}"
    removed = owner.ask("DELETE", f"/api/workgroup/{path}", json=body)
    assert (removed.status_code, removed.json()) == (200, [])


def statuses(person: Person, namespace: str) -> list[int]:
    paths = (RUNS, CLAIMS, "/api/activities/{}")
    return [person.ask("GET", path.format(namespace)).status_code for path in paths]


def test_strangers_have_nothing_there(owner: Person, other: Person) -> None:
    assert statuses(owner, owner.namespace) == [200, 200, 200]
    assert statuses(other, owner.namespace) == [403, 403, 403]
    assert statuses(other, other.namespace) == [200, 200, 200]


def may(core: Any, user: str, verb: str, resource: str, namespace: str) -> bool:
    """Whether Kubernetes lets `user` do that."""
    from kubernetes import client

    review = client.V1SubjectAccessReview(
        spec=client.V1SubjectAccessReviewSpec(
            user=user,
            resource_attributes=client.V1ResourceAttributes(
                verb=verb, resource=resource, namespace=namespace
            ),
        )
    )
    answer = client.AuthorizationV1Api(core.api_client).create_subject_access_review(review)
    return bool(answer.status.allowed)


def test_contributors_may_work_but_not_let_others_in(
    owner: Person, contributor: Person, core: Any
) -> None:
    from kubernetes import client

    namespace = owner.namespace
    assert statuses(contributor, namespace) == [200, 200, 200]
    found = contributor.ask("GET", "/api/workgroup/env-info").json()["namespaces"]
    assert {"user": contributor.email, "namespace": namespace, "role": "contributor"} in found
    assert may(core, contributor.email, "create", "pods", namespace)
    # With the keys of the object store in this secret, its door is open as well.
    assert may(core, contributor.email, "get", "secrets", namespace)
    assert not may(core, contributor.email, "create", "rolebindings", namespace)
    # For the mesh there is a policy of the same name as the role binding.
    policies = client.CustomObjectsApi(core.api_client).list_namespaced_custom_object(
        "security.istio.io", "v1", namespace, "authorizationpolicies"
    )["items"]
    (policy,) = (
        one
        for one in policies
        if one["metadata"].get("annotations") == {"user": contributor.email, "role": "edit"}
    )
    assert policy["metadata"]["name"] == "user-other-example-com-clusterrole-edit"
    rule = policy["spec"]["rules"][0]
    assert rule["when"][0]["values"] == [contributor.email]
    refused = contributor.ask(
        "POST",
        f"/api/workgroup/add-contributor/{namespace}",
        json={"contributor": "third@example.com"},
    )
    assert refused.status_code == 403


def test_who_was_removed_is_a_stranger_again(
    owner: Person, other: Person, request: pytest.FixtureRequest, core: Any
) -> None:
    body = {"contributor": other.email}
    owner.ask("POST", f"/api/workgroup/add-contributor/{owner.namespace}", json=body)
    assert may(core, other.email, "get", "pods", owner.namespace)
    owner.ask("DELETE", f"/api/workgroup/remove-contributor/{owner.namespace}", json=body)
    assert statuses(other, owner.namespace) == [403, 403, 403]
    assert not may(core, other.email, "get", "pods", owner.namespace)
    assert not may(core, other.email, "get", "secrets", owner.namespace)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("{}", "Missing contributor field."),
        ("[]", "Missing contributor field."),
        ("no json", "Missing contributor field."),
        ('{"contributor": "nobody"}', "Contributor doesn't look like a valid email address"),
        ('{"contributor": "a@b.com\\n"}', "Contributor doesn't look like a valid email address"),
    ],
)
def test_bad_contributors_are_refused(owner: Person, body: str, message: str) -> None:
    path = f"/api/workgroup/add-contributor/{owner.namespace}"
    answer = owner.ask("POST", path, data=body)
    assert (answer.status_code, answer.json()) == (400, {"error": message})


def test_kfam_is_for_the_dashboard_alone(owner: Person) -> None:
    for method in ("GET", "POST", "DELETE"):
        answer = owner.ask(method, "/kfam/v1/bindings")
        assert (answer.status_code, answer.text) == (403, "RBAC: access denied")


@pytest.fixture
def exposed(cluster: Endpoints) -> Iterator[None]:
    """A platform whose policy of kfam lets the gateway in, too, as that of old releases did."""
    from kubernetes import client, config

    policies = ("security.istio.io", "v1", "kubeflow", "authorizationpolicies", "profiles-kfam")
    with config.new_client_from_config(str(cluster.kubeconfig)) as api:
        custom = client.CustomObjectsApi(api)
        rules = custom.get_namespaced_custom_object(*policies)["spec"]["rules"]
        custom.patch_namespaced_custom_object(*policies, {"spec": {"rules": [{}]}})
        try:
            yield
        finally:
            custom.patch_namespaced_custom_object(*policies, {"spec": {"rules": rules}})


@pytest.mark.usefixtures("exposed")
def test_kfam_lets_owners_alone_change_bindings(owner: Person, other: Person) -> None:
    eventually(lambda: owner.ask("GET", "/kfam/v1/bindings").status_code == 200)
    binding = {
        "user": {"kind": "User", "name": "third@example.com"},
        "referredNamespace": owner.namespace,
        "roleRef": {"kind": "ClusterRole", "name": "view"},
    }
    path = "/kfam/v1/bindings"

    def roles() -> list[str]:
        query = {"namespace": owner.namespace, "user": "third@example.com"}
        found = owner.ask("GET", path, params=query).json()["bindings"]
        return [one["roleRef"]["name"] for one in found]

    assert other.ask("POST", path, json=binding).status_code == 403
    assert roles() == []
    assert owner.ask("POST", path, json=binding).status_code == 200
    assert roles() == ["view"]
    assert other.ask("DELETE", path, json=binding).status_code == 403
    assert owner.ask("DELETE", path, json=binding).status_code == 200
    assert roles() == []
    assert owner.ask("POST", path, data="{}").status_code == 403
    wrong = {**binding, "roleRef": {"kind": "ClusterRole", "name": "cluster-admin"}}
    assert owner.ask("POST", path, json=wrong).status_code == 403


def test_strangers_are_not_let_through_to_any(owner: Person) -> None:
    for path in ("/api/workgroup/exists", "/volumes/api/storageclasses"):
        assert requests.get(owner.url + path, timeout=10).status_code == 401
    assert requests.get(f"{owner.url}/kfam/v1/bindings", timeout=10).status_code == 403
