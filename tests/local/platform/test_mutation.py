"""How webhooks change objects: in turn, again, and what comes of bad patches."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.local.platform.certificate import self_signed
from tests.local.platform.test_webhooks import admission, encoded, listening

PREFIX = "/metadata/annotations/example.com~1"


@pytest.fixture(scope="module")
def kubernetes(beside_us: KubernetesClient) -> KubernetesClient:
    return beside_us


class Webhook(BaseHTTPRequestHandler):
    """Patches as its path says, and notes what it saw."""

    def do_POST(self) -> None:
        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        seen = review["request"]["object"]
        path = self.path.partition("?")[0]
        self.server.reviews.append((path, seen))  # type: ignore[attr-defined]
        response: dict[str, Any] = {"uid": review["request"]["uid"], "allowed": True}
        patch = PATCHES[path](seen)
        if patch:
            text = base64.b64encode(json.dumps(patch).encode()).decode()
            response |= {"patchType": "JSONPatch", "patch": text}
        body = json.dumps({"response": response}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def note(name: str) -> Any:
    """A webhook that writes how many notes it found."""

    def patch(seen: Any) -> list[Any]:
        found = seen["metadata"].get("annotations") or {}
        others = [one for one in found if one != f"example.com/{name}"]
        first = [] if found else [{"op": "add", "path": "/metadata/annotations", "value": {}}]
        return [*first, {"op": "add", "path": f"{PREFIX}{name}", "value": str(len(others))}]

    return patch


PATCHES = {
    "/a": note("a"),
    "/b": note("b"),
    "/nothing": lambda _: [],
    "/bad": lambda _: [{"op": "replace", "path": "/data/none/at/all", "value": 1}],
}


@contextmanager
def webhooks(
    kubernetes: KubernetesClient, folder: Path, resource: str, *configured: dict[str, Any]
) -> Iterator[list[tuple[str, Any]]]:
    """Webhooks of this process for labelled objects of a resource; what they were asked."""
    core, api = kubernetes.core, admission(kubernetes)
    name = "changing"
    pair = self_signed([f"{name}.default.svc"])
    metadata = {"name": name}
    rule = {
        "apiGroups": ["*"],
        "apiVersions": ["v1"],
        "operations": ["CREATE"],
        "resources": [resource],
    }

    def webhook(path: str, **more: Any) -> dict[str, Any]:
        where = {"name": name, "namespace": "default", "path": path}
        return {
            "name": f"{path.strip('/')}.example.com",
            "admissionReviewVersions": ["v1"],
            "clientConfig": {"caBundle": encoded(pair.certificate), "service": where},
            "objectSelector": {"matchLabels": {"changing": "please"}},
            "rules": [rule],
            "sideEffects": "None",
            **more,
        }

    with listening(folder, pair, Webhook) as server:
        ports = [{"port": 443, "targetPort": server.server_port}]
        core.create_namespaced_service("default", {"metadata": metadata, "spec": {"ports": ports}})
        address = [{"ip": "127.0.0.1"}]
        subset = {"addresses": address, "ports": [{"port": server.server_port, "protocol": "TCP"}]}
        core.create_namespaced_endpoints("default", {"metadata": metadata, "subsets": [subset]})
        made = [webhook(**one) for one in configured]
        api.create_mutating_webhook_configuration({"metadata": metadata, "webhooks": made})
        try:
            yield server.reviews  # type: ignore[attr-defined]
        finally:
            api.delete_mutating_webhook_configuration(name)
            core.delete_namespaced_service(name, "default")


def config_map(name: str = "one") -> dict[str, Any]:
    return {"metadata": {"name": name, "labels": {"changing": "please"}}}


def test_one_that_wants_it_sees_later_changes_and_no_other_does(
    kubernetes: KubernetesClient, tmp_path: Path
) -> None:
    again = {"path": "/a", "reinvocationPolicy": "IfNeeded"}
    with webhooks(kubernetes, tmp_path, "configmaps", again, {"path": "/b"}) as asked:
        made = kubernetes.core.create_namespaced_config_map("default", config_map(), dry_run="All")
    assert made.metadata.annotations == {"example.com/a": "1", "example.com/b": "1"}
    assert [path for path, _ in asked] == ["/a", "/b", "/a"]


def test_one_is_not_asked_again_where_nothing_was_changed_after_it(
    kubernetes: KubernetesClient, tmp_path: Path
) -> None:
    again = {"path": "/a", "reinvocationPolicy": "IfNeeded"}
    with webhooks(kubernetes, tmp_path, "configmaps", again, {"path": "/nothing"}) as asked:
        kubernetes.core.create_namespaced_config_map("default", config_map(), dry_run="All")
    assert [path for path, _ in asked] == ["/a", "/nothing"]


def test_a_patch_that_does_not_fit_is_an_error_whatever_the_policy(
    kubernetes: KubernetesClient, tmp_path: Path
) -> None:
    bad = {"path": "/bad", "failurePolicy": "Ignore"}
    with (
        webhooks(kubernetes, tmp_path, "configmaps", bad),
        pytest.raises(ApiException) as refused,
    ):
        kubernetes.core.create_namespaced_config_map("default", config_map(), dry_run="All")
    assert refused.value.status == 500
    assert json.loads(refused.value.body)["message"].startswith("Internal error occurred: ")


def test_it_sees_defaults_and_no_name_that_is_still_to_be_made(
    kubernetes: KubernetesClient, tmp_path: Path
) -> None:
    pod = {
        "metadata": {"generateName": "some-", "labels": {"changing": "please"}},
        "spec": {"containers": [{"name": "main", "image": "busybox:1"}]},
    }
    with webhooks(kubernetes, tmp_path, "pods", {"path": "/a"}) as asked:
        made = kubernetes.core.create_namespaced_pod("default", pod, dry_run="All")
    assert made.metadata.name.startswith("some-")
    assert made.metadata.annotations == {"example.com/a": "0"}
    ((_, seen),) = asked
    assert "name" not in seen["metadata"]
    assert "uid" not in seen["metadata"]
    assert "status" not in seen
    assert seen["spec"]["restartPolicy"] == "Always"
    assert seen["spec"]["serviceAccountName"] == "default"


def test_a_job_that_is_changed_finds_its_pods_all_the_same(
    kubernetes: KubernetesClient, tmp_path: Path
) -> None:
    containers = [{"name": "main", "image": "busybox:1"}]
    template = {"spec": {"restartPolicy": "Never", "containers": containers}}
    job = {"metadata": config_map()["metadata"], "spec": {"template": template}}
    batch = client.BatchV1Api(kubernetes.core.api_client)
    with webhooks(kubernetes, tmp_path, "jobs", {"path": "/a"}) as asked:
        made = batch.create_namespaced_job("default", job, dry_run="All")
    assert "selector" not in asked[0][1]["spec"]
    assert made.spec.selector.match_labels == {
        "batch.kubernetes.io/controller-uid": made.metadata.uid
    }


def test_what_a_webhook_may_mend_is_refused_only_afterwards(
    kubernetes: KubernetesClient, tmp_path: Path
) -> None:
    """Rules are looked at when all webhooks have been asked."""
    with webhooks(kubernetes, tmp_path, "pods", {"path": "/a"}) as asked:
        bad = {"metadata": config_map()["metadata"], "spec": {"containers": []}}
        with pytest.raises(ApiException) as refused:
            kubernetes.core.create_namespaced_pod("default", bad, dry_run="All")
    assert refused.value.status == 422
    assert len(asked) == 1
