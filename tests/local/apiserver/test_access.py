"""Who may do what: tokens, certificates, roles, reviews."""

import base64
import json
import ssl
import time
from typing import Any

import httpx
import jwt
import pytest
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from tests.local.apiserver.conftest import Served

AUDIENCE = "https://kubernetes.default.svc.cluster.local"


def token_of(core: client.CoreV1Api, namespace: str, name: str = "default", **spec: Any) -> str:
    answer = core.create_namespaced_service_account_token(
        name, namespace, client.AuthenticationV1TokenRequest(spec={"audiences": None, **spec})
    )
    token: str = answer.status.token
    return token


def review(api: client.ApiClient, token: str, *audiences: str) -> Any:
    spec: dict[str, Any] = {"token": token}
    if audiences:
        spec["audiences"] = list(audiences)
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": spec}
    return client.AuthenticationV1Api(api).create_token_review(body).status


def test_a_token_of_an_account_says_whose_it_is(
    core: client.CoreV1Api, api: client.ApiClient, namespace: str
) -> None:
    token = token_of(core, namespace, expirationSeconds=900)
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["sub"] == f"system:serviceaccount:{namespace}:default"
    assert claims["aud"] == [AUDIENCE]
    assert claims["exp"] - claims["iat"] == 900
    assert claims["kubernetes.io"]["namespace"] == namespace
    status = review(api, token)
    assert status.authenticated
    assert status.user.username == claims["sub"]
    assert f"system:serviceaccounts:{namespace}" in status.user.groups


def test_a_token_is_good_for_its_audience_alone(
    core: client.CoreV1Api, api: client.ApiClient, served: Served, namespace: str
) -> None:
    token = token_of(core, namespace, audiences=["pipelines.kubeflow.org"])
    assert not review(api, token).authenticated
    status = review(api, token, "pipelines.kubeflow.org", "other")
    assert status.authenticated
    assert status.audiences == ["pipelines.kubeflow.org"]
    with pytest.raises(ApiException) as error:
        client.CoreV1Api(served.client_with(token)).list_namespace()
    assert error.value.status == 401


def test_a_token_ends_with_its_account_and_its_pod(
    core: client.CoreV1Api, api: client.ApiClient, namespace: str
) -> None:
    core.create_namespaced_service_account(namespace, {"metadata": {"name": "robot"}})
    spec = {"containers": [{"name": "c", "image": "x"}], "serviceAccountName": "robot"}
    core.create_namespaced_pod(namespace, {"metadata": {"name": "p"}, "spec": spec})
    bound = token_of(
        core, namespace, "robot", boundObjectRef={"kind": "Pod", "apiVersion": "v1", "name": "p"}
    )
    free = token_of(core, namespace, "robot")
    extra = review(api, bound).user.extra
    assert extra["authentication.kubernetes.io/pod-name"] == ["p"]
    core.delete_namespaced_pod("p", namespace)
    assert not review(api, bound).authenticated
    assert review(api, free).authenticated
    core.delete_namespaced_service_account("robot", namespace)
    assert not review(api, free).authenticated


def test_tokens_verify_with_the_published_key(
    core: client.CoreV1Api, served: Served, namespace: str
) -> None:
    context = ssl.create_default_context(cafile=str(served.server.ca_file))
    token = token_of(core, namespace)
    admin = served.server.admin_credentials().token
    with httpx.Client(
        base_url=served.server.url,
        verify=context,
        headers={"Authorization": f"Bearer {admin}"},
        trust_env=False,
    ) as http:
        issuer = http.get("/.well-known/openid-configuration").json()["issuer"]
        keys = jwt.PyJWKSet.from_dict(http.get("/openid/v1/jwks").json())
    key = keys[jwt.get_unverified_header(token)["kid"]]
    claims = jwt.decode(token, key, algorithms=["ES256"], audience=AUDIENCE, issuer=issuer)
    assert claims["exp"] > time.time()


@pytest.mark.parametrize("change", ["unsigned", "foreign", "garbage"])
def test_what_is_no_token_is_refused(
    core: client.CoreV1Api, api: client.ApiClient, served: Served, namespace: str, change: str
) -> None:
    token = token_of(core, namespace)
    claims = jwt.decode(token, options={"verify_signature": False})
    forged = {
        "unsigned": jwt.encode(claims, "", algorithm="none"),
        "foreign": jwt.encode(claims, "a-secret-of-thirty-two-characters", algorithm="HS256"),
        "garbage": "garbage",
    }[change]
    assert not review(api, forged).authenticated
    with pytest.raises(ApiException) as error:
        client.CoreV1Api(served.client_with(forged)).list_namespace()
    assert error.value.status == 401
    assert client.AuthenticationV1Api(served.client_with(token)).create_self_subject_review({})


def test_nobody_is_anonymous(served: Served) -> None:
    context = ssl.create_default_context(cafile=str(served.server.ca_file))
    with httpx.Client(base_url=served.server.url, verify=context, trust_env=False) as http:
        assert http.get("/readyz").text == "ok"
        assert http.get("/version").status_code == 200
        refused = http.get("/api/v1/namespaces/default/pods")
        assert refused.status_code == 403
        assert refused.json()["message"] == (
            'pods is forbidden: User "system:anonymous" cannot list resource "pods" in API group '
            '"" in the namespace "default"'
        )


def test_a_client_certificate_is_a_user(served: Served, core: client.CoreV1Api) -> None:
    certificate, key = served.pki.issue_client("jane", ["system:masters", "staff"])
    context = ssl.create_default_context(cafile=str(served.server.ca_file))
    context.load_cert_chain(certificate, key)
    with httpx.Client(base_url=served.server.url, verify=context, trust_env=False) as http:
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
        path = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
        user = http.post(path, json=body).json()["status"]["userInfo"]
        assert user["username"] == "jane"
        assert user["groups"] == ["system:masters", "staff", "system:authenticated"]
        assert http.get("/api/v1/pods").status_code == 200


def test_rights_come_from_bindings(served: Served, core: client.CoreV1Api, namespace: str) -> None:
    user = f"ann-{namespace}"
    ann = client.CoreV1Api(served.client(user))
    with pytest.raises(ApiException) as error:
        ann.list_namespaced_pod(namespace)
    assert error.value.status == 403
    status = json.loads(error.value.body)
    assert status["reason"] == "Forbidden"
    assert status["details"] == {"kind": "pods"}
    assert status["message"] == (
        f'pods is forbidden: User "{user}" cannot list resource "pods" in API group "" in the '
        f'namespace "{namespace}"'
    )
    rbac = client.RbacAuthorizationV1Api(core.api_client)
    rbac.create_namespaced_role(
        namespace,
        {
            "metadata": {"name": "reader"},
            "rules": [{"apiGroups": [""], "resources": ["pods", "pods/log"], "verbs": ["list"]}],
        },
    )
    rbac.create_namespaced_role_binding(
        namespace,
        {
            "metadata": {"name": "ann"},
            "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io",
                "kind": "Role",
                "name": "reader",
            },
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}],
        },
    )
    assert ann.list_namespaced_pod(namespace).items == []
    with pytest.raises(ApiException, match="cannot list resource"):
        ann.list_pod_for_all_namespaces()
    with pytest.raises(ApiException, match='cannot get resource \\\\"pods\\\\"'):
        ann.read_namespaced_pod("p", namespace)


def test_the_roles_of_a_profile(served: Served, core: client.CoreV1Api, namespace: str) -> None:
    """The ClusterRoles that every server has, as Kubeflow's profiles bind them."""
    rbac = client.RbacAuthorizationV1Api(core.api_client)
    for role in ("edit", "view"):
        rbac.create_namespaced_role_binding(
            namespace,
            {
                "metadata": {"name": role},
                "roleRef": {
                    "apiGroup": "rbac.authorization.k8s.io",
                    "kind": "ClusterRole",
                    "name": role,
                },
                "subjects": [{"kind": "ServiceAccount", "name": role, "namespace": namespace}],
            },
        )
    groups = ("system:serviceaccounts", "system:authenticated")
    editor = client.CoreV1Api(served.client(f"system:serviceaccount:{namespace}:edit", *groups))
    viewer = client.CoreV1Api(served.client(f"system:serviceaccount:{namespace}:view", *groups))
    editor.create_namespaced_config_map(namespace, {"metadata": {"name": "made"}})
    assert viewer.read_namespaced_config_map("made", namespace)
    with pytest.raises(ApiException, match="cannot create"):
        viewer.create_namespaced_config_map(namespace, {"metadata": {"name": "more"}})
    editor.list_namespaced_secret(namespace)
    with pytest.raises(ApiException, match="cannot list"):
        viewer.list_namespaced_secret(namespace)


def test_a_review_of_access_agrees_with_access(
    served: Served, core: client.CoreV1Api, namespace: str
) -> None:
    authorization = client.AuthorizationV1Api(core.api_client)

    def allowed(user: str, groups: list[str], verb: str, resource: str) -> bool:
        attributes = {"verb": verb, "resource": resource, "namespace": namespace}
        answer = authorization.create_subject_access_review(
            {"spec": {"user": user, "groups": groups, "resourceAttributes": attributes}}
        )
        found: bool = answer.status.allowed
        return found

    assert allowed("root", ["system:masters"], "delete", "pods")
    assert not allowed("bob", [], "delete", "pods")
    assert allowed("system:node:n", ["system:nodes"], "list", "pods")
    assert not allowed("system:node:n", ["system:nodes"], "create", "namespaces")
    own = client.AuthorizationV1Api(served.client("carol")).create_self_subject_access_review(
        {"spec": {"resourceAttributes": {"verb": "get", "resource": "secrets"}}}
    )
    assert not own.status.allowed


def test_a_kubeconfig_is_for_its_owner_alone(served: Served) -> None:
    assert served.kubeconfig.stat().st_mode & 0o777 == 0o600
    assert "token" in served.kubeconfig.read_text()
    token = base64.b64encode(b"x")
    assert token not in served.kubeconfig.read_bytes()
