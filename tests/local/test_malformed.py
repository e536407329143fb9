"""Whatever is sent to a server of the embedded cluster: it says what is wrong with it, and goes on.

Bodies of good requests are changed in one place, or are none at all.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kubernetes import client, config

from pytest_kubeflow.local.cluster import LocalKubeflow
from tests.local.webapps.conftest import Person, logged_in

NAMESPACE = "kubeflow-user-example-com"
CORE, APPS, RBAC = (
    f"/api/v1/namespaces/{NAMESPACE}",
    "/apis/apps/v1",
    "/apis/rbac.authorization.k8s.io/v1",
)
META = {
    "name": "x",
    "labels": {"a": "b"},
    "annotations": {"a": "b"},
    "finalizers": [],
    "ownerReferences": [{"apiVersion": "v1", "kind": "ConfigMap", "name": "y", "uid": "z"}],
}
POD_SPEC = {
    "containers": [
        {
            "name": "main",
            "image": "busybox",
            "command": ["true"],
            "env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
            "envFrom": [{"configMapRef": {"name": "c"}}],
            "ports": [{"containerPort": 80}],
            "resources": {"limits": {"cpu": "1"}, "requests": {"cpu": "1"}},
            "volumeMounts": [{"name": "v", "mountPath": "/v"}],
            "livenessProbe": {"httpGet": {"port": 80, "path": "/"}},
            "securityContext": {"capabilities": {"add": ["CHOWN"]}, "runAsUser": 1},
        }
    ],
    "initContainers": [{"name": "first", "image": "busybox"}],
    "volumes": [
        {"name": "v", "projected": {"sources": [{"secret": {"name": "s"}}]}},
        {"name": "w", "configMap": {"name": "c", "items": [{"key": "k", "path": "p"}]}},
    ],
    "nodeSelector": {"a": "b"},
    "tolerations": [{"key": "a", "operator": "Exists"}],
    "affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": []}},
    "securityContext": {"sysctls": [{"name": "a", "value": "b"}]},
}
WORKLOAD = {
    "replicas": 0,
    "selector": {"matchLabels": {"a": "b"}},
    "template": {"metadata": {"labels": {"a": "b"}}, "spec": POD_SPEC},
}


def _object(**fields: Any) -> dict[str, Any]:
    return {"metadata": META, **fields}


RULES = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]
ROLE = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"}
KUBERNETES: dict[str, Any] = {
    f"{CORE}/pods": _object(spec=POD_SPEC),
    f"{CORE}/configmaps": _object(data={"a": "b"}, binaryData={"c": "ZA=="}),
    f"{CORE}/secrets": _object(data={"c": "ZA=="}, stringData={"a": "b"}, type="Opaque"),
    f"{CORE}/services": _object(spec={"ports": [{"port": 80}], "selector": {"a": "b"}}),
    f"{CORE}/serviceaccounts": _object(secrets=[{"name": "s"}], imagePullSecrets=[{"name": "s"}]),
    f"{CORE}/events": _object(
        involvedObject={"kind": "Pod", "name": "x"}, reason="R", source={"component": "c"}
    ),
    f"{CORE}/persistentvolumeclaims": _object(
        spec={"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}}
    ),
    f"{CORE}/serviceaccounts/default/token": {
        "spec": {"audiences": ["a"], "expirationSeconds": 600, "boundObjectRef": {"kind": "Pod"}}
    },
    f"{APPS}/namespaces/{NAMESPACE}/deployments": _object(spec=WORKLOAD),
    f"{RBAC}/namespaces/{NAMESPACE}/roles": _object(rules=RULES),
    f"{RBAC}/namespaces/{NAMESPACE}/rolebindings": _object(
        subjects=[{"kind": "User", "name": "u"}], roleRef=ROLE
    ),
    f"/apis/serving.kserve.io/v1beta1/namespaces/{NAMESPACE}/inferenceservices": _object(
        spec={"predictor": {"model": {"modelFormat": {"name": "sklearn"}, "storageUri": "s3://a"}}}
    ),
    "/apis/kubeflow.org/v1/profiles": _object(spec={"owner": {"kind": "User", "name": "u"}}),
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions": _object(
        spec={
            "group": "a.example.com",
            "scope": "Namespaced",
            "names": {"plural": "xs", "kind": "X"},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": {"type": "object", "properties": {}}},
                }
            ],
        }
    ),
    "/apis/authentication.k8s.io/v1/tokenreviews": {"spec": {"token": "t", "audiences": ["a"]}},
    "/apis/authorization.k8s.io/v1/subjectaccessreviews": {
        "spec": {
            "user": "u",
            "groups": ["g"],
            "resourceAttributes": {"verb": "get", "resource": "pods"},
        }
    },
}
PIPELINE = {
    "pipelineInfo": {"name": "p"},
    "root": {"dag": {"tasks": {}}},
    "schemaVersion": "2.1.0",
    "sdkVersion": "kfp-2.17.0",
}
GATEWAY: dict[str, Any] = {
    "/pipeline/apis/v2beta1/experiments": {"display_name": "x", "namespace": NAMESPACE},
    "/pipeline/apis/v2beta1/pipelines": {"display_name": "x", "namespace": NAMESPACE},
    "/pipeline/apis/v2beta1/runs": {
        "display_name": "x",
        "pipeline_spec": PIPELINE,
        "runtime_config": {"parameters": {"a": 1}},
    },
    "/pipeline/apis/v2beta1/recurringruns": {
        "display_name": "x",
        "pipeline_spec": PIPELINE,
        "trigger": {"periodic_schedule": {"interval_second": "60"}},
        "mode": "DISABLE",
    },
    f"/volumes/api/namespaces/{NAMESPACE}/pvcs": {
        "name": "x",
        "mode": "ReadWriteOnce",
        "class": "standard",
        "size": "1Gi",
        "type": "empty",
    },
    "/api/workgroup/create": {"namespace": "x"},
    f"/api/workgroup/add-contributor/{NAMESPACE}": {"contributor": "a@example.com"},
    "/kfam/v1/bindings": {
        "user": {"kind": "User", "name": "a@example.com"},
        "referredNamespace": NAMESPACE,
        "roleRef": ROLE,
    },
    "/ml_metadata.MetadataStoreService/GetContexts": {},
}
JUNK: st.SearchStrategy[Any] = st.sampled_from(
    (
        None,
        True,
        0,
        -1,
        1.5,
        10**30,
        "",
        "x",
        "�",
        "\ud800",
        [],
        [None],
        ["x"],
        {},
        {"a": None},
        [[]],
    )
)
RAW = st.sampled_from(
    (
        b"",
        b"null",
        b"5",
        b"[]",
        b'"x"',
        b"hello",
        b"{",
        b"[NaN]",
        b'{"a":Infinity}',
        b"\xff\xfe",
        b"[" * 5000,
        b"[" * 900 + b"]" * 900,
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
        b'"\\ud800"',
        b'{"metadata":{"name":"\\ud800"}}',
        b'{"metadata":{"name":"y"},"x":' + b"9" * 5000 + b"}",
    )
)


def places(content: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to each value in the content."""
    if at:
        yield at
    for key, inner in (
        content.items()
        if isinstance(content, dict)
        else enumerate(content)
        if isinstance(content, list)
        else ()
    ):
        yield from places(inner, (*at, key))


def mutated(good: Any) -> st.SearchStrategy[bytes]:
    ways = [*places(good)]
    if not ways:
        return RAW

    def change(way: tuple[Any, ...], junk: Any) -> bytes:
        bad = copy.deepcopy(good)
        inner = bad
        for key in way[:-1]:
            inner = inner[key]
        inner[way[-1]] = junk
        return json.dumps(bad).encode()

    return st.builds(change, st.sampled_from(ways), JUNK) | RAW


@dataclass
class Servers:
    """The cluster's API server for an administrator, and its gateway for somebody."""

    api: str
    authority: str
    token: str
    person: Person

    def kubernetes(self, method: str, path: str, body: bytes, kind: str) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": kind}
        return requests.request(
            method,
            f"{self.api}{path}?dryRun=All&fieldManager=m",
            data=body,
            headers=headers,
            verify=self.authority,
            timeout=30,
        )


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    with LocalKubeflow() as cluster:
        found = cluster.endpoints
        with config.new_client_from_config(str(found.kubeconfig)) as api:
            token = api.configuration.api_key["authorization"].removeprefix("Bearer ")
            client.CoreV1Api(api).create_namespaced_config_map(
                NAMESPACE, {"metadata": {"name": "there"}, "data": {"a": "b"}}
            )
            person = logged_in(found, "user@example.com", "12341234", NAMESPACE)
            authority = api.configuration.ssl_ca_cert
            yield Servers(api.configuration.host, authority, token, person)


def tried(examples: int) -> Any:
    return settings(
        max_examples=examples,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


@tried(120)
@given(st.data())
def test_the_api_server_bears_it(servers: Servers, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(sorted(KUBERNETES)))
    body = data.draw(mutated(KUBERNETES[path]))
    answer = servers.kubernetes("POST", path, body, "application/json")
    assert answer.status_code < 500, (path, body[:500], answer.text)
    if answer.status_code >= 400:
        assert answer.json()["kind"] == "Status"


PATCHES = ("merge-patch", "strategic-merge-patch", "json-patch")


@tried(80)
@given(st.data())
def test_so_do_patches(servers: Servers, data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from((*PATCHES, "apply")))
    good: Any = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": META, "data": {"a": "c"}}
    if kind == "json-patch":
        good = [{"op": "add", "path": "/data/a", "value": "c"}, {"op": "remove", "path": "/data"}]
    body = data.draw(mutated(good))
    media = "apply-patch+yaml" if kind == "apply" else f"{kind}+json"
    answer = servers.kubernetes("PATCH", f"{CORE}/configmaps/there", body, f"application/{media}")
    assert answer.status_code < 500, (kind, body[:500], answer.text)


JSON = "application/json"
CAUSES = ("Invalid input error", "ResourceNotFoundError", "empty pipeline ID")


@tried(120)
@given(st.data())
def test_so_do_the_servers_behind_the_gateway(servers: Servers, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(sorted(GATEWAY)))
    body = data.draw(mutated(GATEWAY[path]))
    kind = "application/grpc-web+proto" if "ml_metadata" in path else "application/json"
    headers = {"Content-Type": kind}
    if path.startswith("/volumes"):
        headers["X-XSRF-TOKEN"] = "t"
        servers.person.session.cookies.set("XSRF-TOKEN", "t")
    answer = servers.person.ask("POST", path, data=body, headers=headers)
    assert answer.status_code < 500 or _internal(answer), (path, body[:500], answer.text)
    assert "Traceback" not in answer.text


def _internal(answer: requests.Response) -> bool:
    """Whether it is a mistake in the request that KFP calls an internal error of its own."""
    chain = answer.json().get("message", "") if JSON in answer.headers["content-type"] else ""
    return "Internal" in chain and any(cause in chain for cause in CAUSES)


FIELD = "into Go struct field"
TOLD = [
    ("configmaps", {"data": {"a": 5}}, f"number {FIELD} ConfigMap.data of type string"),
    ("configmaps", {"metadata": "x"}, f"string {FIELD} ConfigMap.metadata of type v1.ObjectMeta"),
    (
        "pods",
        {"spec": {"containers": 5}},
        f"number {FIELD} PodSpec.spec.containers of type []v1.Container",
    ),
    (
        "pods",
        {"spec": {"containers": [{"ports": [{"containerPort": 80.5}]}]}},
        f"number 80.5 {FIELD} ContainerPort.spec.containers.ports.containerPort of type int32",
    ),
    ("pods", {"spec": None}, "spec.containers: Required value"),
]


@pytest.mark.parametrize(("path", "content", "reason"), TOLD)
def test_it_is_told_as_a_real_server_tells_it(
    servers: Servers, path: str, content: Any, reason: str
) -> None:
    body = json.dumps({"metadata": {"name": "a"}, **content}).encode()
    answer = servers.kubernetes("POST", f"{CORE}/{path}", body, "application/json")
    assert answer.status_code == (422 if "Required" in reason else 400)
    assert answer.json()["message"].endswith(reason)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded"])
def test_other_types_are_refused(servers: Servers, kind: str) -> None:
    body = b'{"metadata":{"name":"a"}}'
    assert servers.kubernetes("POST", f"{CORE}/configmaps", body, kind).status_code == 415
