"""What requests may ask: methods, paths, forms of answers, dry runs."""

import httpx
import pytest
from kubernetes import client

from pytest_kubeflow.local.apiserver.times import duration
from tests.local.apiserver.conftest import Kubectl, Served


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("DELETE", "/api/v1/configmaps", 405),
        ("POST", "/api/v1/configmaps", 405),
        ("GET", "/api/v1/configmaps/c", 404),
        ("DELETE", "/api/v1/namespaces/default/status", 405),
        ("POST", "/api/v1/namespaces/default/services/kubernetes/status", 405),
        ("GET", "/api/v1/namespaces/default/services/kubernetes/scale", 404),
        ("GET", "/api/v1/namespaces/default/serviceaccounts/default/token", 405),
        ("PUT", "/api/v1/namespaces/default/services", 405),
        ("POST", "/version", 405),
        ("GET", "/healthzzz", 404),
        ("GET", "/apis/none.example.com/v1", 404),
    ],
)
def test_methods_and_paths_that_there_are_not(
    http: httpx.Client, method: str, path: str, code: int
) -> None:
    answer = http.request(method, path)
    assert answer.status_code == code
    assert answer.json()["kind"] == "Status"
    assert http.get("/api/v1/namespaces/default/services/kubernetes").status_code == 200


def test_objects_can_be_shown_as_metadata_alone(http: httpx.Client) -> None:
    accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
    found = http.get("/api/v1/namespaces", headers={"Accept": accept}).json()
    assert found["kind"] == "PartialObjectMetadataList"
    assert {tuple(sorted(one)) for one in found["items"]} == {("apiVersion", "kind", "metadata")}
    refused = http.get("/api/v1/namespaces", headers={"Accept": "text/html"})
    assert refused.status_code == 406


def test_discovery_in_one_document_says_what_single_ones_say(http: httpx.Client) -> None:
    accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    one = http.get("/apis", headers={"Accept": f"{accept},application/json"})
    assert one.headers["content-type"] == accept
    aggregated = {
        (group["metadata"]["name"], version["version"]): {
            name
            for resource in version["resources"]
            for name in (
                resource["resource"],
                *(
                    f"{resource['resource']}/{sub['subresource']}"
                    for sub in resource.get("subresources", [])
                ),
            )
        }
        for group in one.json()["items"]
        for version in group["versions"]
    }
    single = {
        (group["name"], version["version"]): {
            resource["name"]
            for resource in http.get(f"/apis/{version['groupVersion']}").json()["resources"]
        }
        for group in http.get("/apis").json()["groups"]
        for version in group["versions"]
    }
    assert aggregated == single
    assert "deployments/scale" in aggregated["apps", "v1"]


def test_dry_runs_leave_nothing(core: client.CoreV1Api, http: httpx.Client, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    dry = {"dryRun": "All"}
    made = http.post(path, json={"metadata": {"name": "a"}}, params=dry)
    assert made.status_code == 201
    assert core.list_namespaced_config_map(namespace).items == []
    http.post(path, json={"metadata": {"name": "a"}}).raise_for_status()
    http.patch(
        f"{path}/a",
        json={"data": {"x": "y"}},
        params=dry,
        headers={"Content-Type": "application/merge-patch+json"},
    ).raise_for_status()
    http.delete(path, params=dry).raise_for_status()
    http.request("DELETE", f"{path}/a", json={"dryRun": ["All"]}).raise_for_status()
    (left,) = core.list_namespaced_config_map(namespace).items
    assert left.data is None
    refused = http.delete(f"{path}/a", params={"dryRun": "Some"})
    assert refused.status_code == 422
    http.delete(f"{path}/a").raise_for_status()
    assert core.list_namespaced_config_map(namespace).items == []


def test_in_anothers_name(http: httpx.Client, served: Served, kubectl: Kubectl) -> None:
    def whoami(**headers: str) -> httpx.Response:
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
        path = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        return http.post(path, json=body, headers=named)

    user = whoami(Impersonate_User="jo", Impersonate_Group="staff").json()["status"]["userInfo"]
    assert user == {"username": "jo", "groups": ["staff", "system:authenticated"]}
    assert "without impersonating a user" in whoami(Impersonate_Group="staff").json()["message"]
    weak = served.server.component_credentials("weak", [])
    http.headers["Authorization"] = f"Bearer {weak.token}"
    refused = whoami(Impersonate_User="system:serviceaccount:default:default")
    assert refused.json()["message"] == (
        'serviceaccounts "default" is forbidden: User "weak" cannot impersonate resource '
        '"serviceaccounts" in API group "" in the namespace "default"'
    )
    assert kubectl("auth", "can-i", "list", "pods", "--as=jo", fails=True) == ""


def test_bodies_that_are_none(http: httpx.Client) -> None:
    path = "/api/v1/namespaces/default/configmaps"
    for body in (b"[]", b"7", b"{", b'"x"'):
        answer = http.post(path, content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == 400
    large = http.post(path, content=b" " * (3 * 1024 * 1024 + 1))
    assert large.status_code == 413


def test_what_is_no_bearer_token_is_anonymous(served: Served) -> None:
    credentials = served.server.admin_credentials()
    for header in ("", "Bearer", "Basic eDp5"):
        with httpx.Client(verify=credentials.ssl_context(), trust_env=False) as http:
            answer = http.get(
                f"{credentials.server}/api/v1/nodes", headers={"Authorization": header}
            )
        assert answer.status_code == 403
        assert "system:anonymous" in answer.json()["message"]


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (59, "59s"),
        (119, "119s"),
        (120, "2m"),
        (200, "3m20s"),
        (700, "11m"),
        (3600 * 4 + 120, "4h2m"),
        (3600 * 20, "20h"),
        (86400 * 3 + 3600, "3d1h"),
        (86400 * 30, "30d"),
    ],
)
def test_ages(seconds: int, shown: str) -> None:
    assert duration(seconds) == shown
