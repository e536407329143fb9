"""The API server asks webhooks, and says in a real one's words what came of it."""

from __future__ import annotations

import base64
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.local.platform.certificate import KeyPair, self_signed
from tests.cluster.remote import wait_until

NAMESPACE = "kubeflow-user-example-com"
KSERVE = "inferenceservice.serving.kserve.io"
WEBHOOK = "inferenceservice.kserve-webhook-server.validator"
DENIED = f'admission webhook "{WEBHOOK}" denied the request: '
FAILED = f'Internal error occurred: failed calling webhook "{WEBHOOK}": failed to call webhook: '
POST = (
    'Post "https://kserve-webhook-server-service.kubeflow.svc:443'
    '/validate-serving-kserve-io-v1beta1-inferenceservice?timeout=10s": '
)
INJECT = "cert-manager.io/inject-ca-from"


@pytest.fixture(scope="module")
def kubernetes(beside_us: KubernetesClient) -> KubernetesClient:
    return beside_us


def service(name: str, **predictor: Any) -> dict[str, Any]:
    model = {"modelFormat": {"name": "sklearn"}, "storageUri": "s3://models/iris"}
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": name},
        "spec": {"predictor": {"model": model, **predictor}},
    }


def dry_run(kubernetes: KubernetesClient, name: str = "iris") -> str:
    """What the API server says of an InferenceService that is not to be stored; empty: fine."""
    where = ("serving.kserve.io", "v1beta1", NAMESPACE, "inferenceservices")
    try:
        custom(kubernetes).create_namespaced_custom_object(*where, service(name), dry_run="All")
    except ApiException as error:
        return str(json.loads(error.body)["message"])
    return ""


def custom(kubernetes: KubernetesClient) -> client.CustomObjectsApi:
    return client.CustomObjectsApi(kubernetes.core.api_client)


def admission(kubernetes: KubernetesClient) -> client.AdmissionregistrationV1Api:
    return client.AdmissionregistrationV1Api(kubernetes.core.api_client)


@contextmanager
def changed(kubernetes: KubernetesClient, **config: Any) -> Iterator[None]:
    """KServe's configuration with other fields in its webhook, out of cert-manager's sight."""
    api = admission(kubernetes)
    before = api.read_validating_webhook_configuration(KSERVE)
    (webhook,) = kubernetes.core.api_client.sanitize_for_serialization(before)["webhooks"]
    client_config = {**webhook["clientConfig"], **config.pop("clientConfig", {})}
    other = {**webhook, **config, "clientConfig": client_config}
    annotations: dict[str, Any] = {INJECT: None}
    patch = {"metadata": {"annotations": annotations}, "webhooks": [other]}
    api.patch_validating_webhook_configuration(KSERVE, patch)
    try:
        yield
    finally:
        annotations = {INJECT: before.metadata.annotations[INJECT]}
        patch = {"metadata": {"annotations": annotations}, "webhooks": [webhook]}
        api.patch_validating_webhook_configuration(KSERVE, patch)


def test_a_healthy_one_takes_what_is_right_and_says_what_is_wrong(
    kubernetes: KubernetesClient,
) -> None:
    assert dry_run(kubernetes) == ""
    found = dry_run(kubernetes, "1iris")
    assert found.startswith(f'{DENIED}the InferenceService "1iris" is invalid')


def test_changes_are_asked_about_too(kubernetes: KubernetesClient) -> None:
    where = ("serving.kserve.io", "v1beta1", NAMESPACE, "inferenceservices")
    api = custom(kubernetes)
    api.create_namespaced_custom_object(*where, service("asked"))
    try:
        change = {"spec": {"predictor": {"minReplicas": 2, "maxReplicas": 1}}}
        with pytest.raises(ApiException) as refused:
            api.patch_namespaced_custom_object(*where, "asked", change)
        assert refused.value.status == 403
        assert "cannot be greater than MaxReplicas" in refused.value.body
    finally:
        api.delete_namespaced_custom_object(*where, "asked")


def encoded(pem: bytes) -> str:
    return base64.b64encode(pem).decode()


STRANGER = self_signed(["kserve-webhook-server-service.kubeflow.svc"])


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            {"clientConfig": {"caBundle": encoded(STRANGER.certificate)}},
            f"{POST}tls: failed to verify certificate: "
            "x509: certificate signed by unknown authority",
        ),
        (
            {"clientConfig": {"caBundle": "Cg=="}},
            "unable to load root certificates: unable to parse bytes as PEM block",
        ),
        (
            {
                "clientConfig": {
                    "service": {"name": "gone", "namespace": "kubeflow", "path": "/", "port": 443}
                }
            },
            'Post "https://gone.kubeflow.svc:443/?timeout=10s": service "gone" not found',
        ),
        (
            {
                "clientConfig": {
                    "service": {
                        "name": "kserve-webhook-server-service",
                        "namespace": "kubeflow",
                        "path": "/other",
                        "port": 443,
                    }
                }
            },
            "the server could not find the requested resource",
        ),
    ],
)
def test_what_goes_wrong_is_told(
    kubernetes: KubernetesClient, config: dict[str, Any], message: str
) -> None:
    with changed(kubernetes, **config):
        assert dry_run(kubernetes) == FAILED + message
    with changed(kubernetes, failurePolicy="Ignore", **config):
        assert dry_run(kubernetes) == ""
    assert dry_run(kubernetes) == ""


def test_without_pods_nobody_answers(kubernetes: KubernetesClient) -> None:
    name = "kserve-controller-manager"

    def scale(replicas: int) -> None:
        spec = {"spec": {"replicas": replicas}}
        kubernetes.apps.patch_namespaced_deployment(name, "kubeflow", spec)

    scale(0)
    try:
        # Requests that are on their way while the pod ends break off.
        wait_until(lambda: dry_run(kubernetes).endswith(":443: connect: connection refused"))
        assert dry_run(kubernetes).startswith(f"{FAILED}{POST}dial tcp ")
    finally:
        scale(1)
    wait_until(lambda: not dry_run(kubernetes))


def test_the_injector_mends_what_is_not_what_the_secret_holds(
    kubernetes: KubernetesClient,
) -> None:
    patch = [
        {
            "op": "replace",
            "path": "/webhooks/0/clientConfig/caBundle",
            "value": encoded(STRANGER.certificate),
        }
    ]
    admission(kubernetes).patch_validating_webhook_configuration(KSERVE, patch)
    wait_until(lambda: not dry_run(kubernetes))


def test_a_certificate_that_is_gone_is_made_anew_and_trusted(kubernetes: KubernetesClient) -> None:
    name = "kserve-webhook-server-cert"
    before = kubernetes.core.read_namespaced_secret(name, "kubeflow").data["tls.crt"]
    kubernetes.core.delete_namespaced_secret(name, "kubeflow")

    def renewed() -> bool:
        found = kubernetes.core.list_namespaced_secret(
            "kubeflow", field_selector=f"metadata.name={name}"
        ).items
        return bool(found) and found[0].data["tls.crt"] != before

    wait_until(renewed)
    wait_until(lambda: not dry_run(kubernetes))


class Webhook(BaseHTTPRequestHandler):
    """Marks what it is asked about."""

    def do_POST(self) -> None:
        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.reviews.append(review)  # type: ignore[attr-defined]
        name = review["request"]["object"]["metadata"]["name"]
        if name == "silent":
            self.server.ended.wait(30)  # type: ignore[attr-defined]
            return
        patch = [{"op": "add", "path": "/data", "value": {"marked": "yes"}}]
        response: dict[str, Any] = {"uid": review["request"]["uid"], "allowed": name != "refused"}
        if response["allowed"]:
            encoded_patch = base64.b64encode(json.dumps(patch).encode()).decode()
            response |= {"patchType": "JSONPatch", "patch": encoded_patch}
        body = json.dumps({"response": response}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def listening(
    folder: Path, pair: KeyPair, handler: type[BaseHTTPRequestHandler] = Webhook
) -> Iterator[ThreadingHTTPServer]:
    (folder / "crt").write_bytes(pair.certificate)
    (folder / "key").write_bytes(pair.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "crt", folder / "key")
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.reviews, server.ended = [], threading.Event()  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.ended.set()  # type: ignore[attr-defined]
        server.shutdown()
        thread.join()
        server.server_close()


NAMES = ("marker.default.svc",)


@contextmanager
def marking(
    kubernetes: KubernetesClient, folder: Path, pair: KeyPair, *, trusted: KeyPair
) -> Iterator[ThreadingHTTPServer]:
    """A mutating webhook of this process for ConfigMaps with a label."""
    core, api = kubernetes.core, admission(kubernetes)
    metadata = {"name": "marker"}
    rule = {
        "apiGroups": [""],
        "apiVersions": ["v1"],
        "operations": ["CREATE"],
        "resources": ["configmaps"],
    }
    where = {"name": "marker", "namespace": "default", "path": "/mark"}
    webhook = {
        "name": "marker.example.com",
        "admissionReviewVersions": ["v1"],
        "clientConfig": {"caBundle": encoded(trusted.certificate), "service": where},
        "objectSelector": {"matchLabels": {"marked": "please"}},
        "rules": [rule],
        "sideEffects": "None",
        "timeoutSeconds": 1,
    }
    with listening(folder, pair) as server:
        ports = [{"port": 443, "targetPort": server.server_port}]
        core.create_namespaced_service("default", {"metadata": metadata, "spec": {"ports": ports}})
        subset = {
            "addresses": [{"ip": "127.0.0.1"}],
            "ports": [{"port": server.server_port, "protocol": "TCP"}],
        }
        core.create_namespaced_endpoints("default", {"metadata": metadata, "subsets": [subset]})
        api.create_mutating_webhook_configuration({"metadata": metadata, "webhooks": [webhook]})
        try:
            yield server
        finally:
            api.delete_mutating_webhook_configuration("marker")
            core.delete_namespaced_service("marker", "default")


def create(kubernetes: KubernetesClient, name: str, **labels: str) -> Any:
    """The ConfigMap that was made of this one, or the refusal; nothing is kept."""
    body = {"metadata": {"name": name, "labels": labels}}
    try:
        return kubernetes.core.create_namespaced_config_map("default", body, dry_run="All").data
    except ApiException as error:
        return json.loads(error.body)["message"]


def test_a_webhook_may_change_an_object(kubernetes: KubernetesClient, tmp_path: Path) -> None:
    pair = self_signed(NAMES)
    with marking(kubernetes, tmp_path, pair, trusted=pair) as server:
        assert create(kubernetes, "other") is None
        assert create(kubernetes, "one", marked="please") == {"marked": "yes"}
        refused = create(kubernetes, "refused", marked="please")
        late = create(kubernetes, "silent", marked="please")
        reviews = server.reviews  # type: ignore[attr-defined]
    assert refused == (
        'admission webhook "marker.example.com" denied the request without explanation'
    )
    assert late == (
        'Internal error occurred: failed calling webhook "marker.example.com": failed to call '
        'webhook: Post "https://marker.default.svc:443/mark?timeout=1s": context deadline exceeded'
    )
    request = reviews[0]["request"]
    assert reviews[0]["apiVersion"] == "admission.k8s.io/v1"
    assert (request["operation"], request["dryRun"]) == ("CREATE", True)
    assert request["resource"] == {"group": "", "version": "v1", "resource": "configmaps"}
    assert "system:masters" in request["userInfo"]["groups"]


def test_a_certificate_of_another_name_is_refused(
    kubernetes: KubernetesClient, tmp_path: Path
) -> None:
    pair = self_signed(["other.default.svc"])
    with marking(kubernetes, tmp_path, pair, trusted=pair):
        found = create(kubernetes, "one", marked="please")
    assert found.endswith(
        "x509: certificate is valid for other.default.svc, not marker.default.svc"
    )


def test_a_certificate_whose_time_is_over_is_refused(
    kubernetes: KubernetesClient, tmp_path: Path
) -> None:
    import datetime

    begins = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    pair = self_signed(NAMES, begins=begins, lifetime=datetime.timedelta(days=1))
    with marking(kubernetes, tmp_path, pair, trusted=pair):
        found = create(kubernetes, "one", marked="please")
    assert "x509: certificate has expired or is not yet valid: current time " in found
    assert found.endswith("is after 2026-01-02T00:00:00Z")
