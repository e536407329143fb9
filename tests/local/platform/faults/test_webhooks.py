"""Webhooks that nobody answers, or that are not trusted."""

from __future__ import annotations

import base64
import datetime
import json
from typing import Any

import pytest
from cryptography import x509
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from tests.cluster.remote import wait_until
from tests.local.platform.test_webhooks import FAILED, POST, dry_run

from .broken import Platform

PROFILE = "kubeflow-user-example-com"


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("webhook-no-endpoints", "connect: connection refused"),
        ("webhook-times-out", "context deadline exceeded"),
        ("ca-bundle-wrong", "x509: certificate signed by unknown authority"),
        ("ca-bundle-empty", "unable to parse bytes as PEM block"),
        ("webhook-fails", "the server could not find the requested resource"),
        ("certificate-expired", "x509: certificate has expired or is not yet valid: current time"),
        (
            "certificate-name-wrong",
            "x509: certificate is valid for kserve-controller-manager.kubeflow.svc, not "
            "kserve-webhook-server-service.kubeflow.svc",
        ),
    ],
)
def test_nothing_is_served_any_more(faulty: Platform, fault: str, told: str) -> None:
    with faulty.broken(fault):
        message = wait_until(lambda: told in (found := dry_run(faulty.kubernetes)) and found)
        assert message.startswith(FAILED)
    wait_until(lambda: not dry_run(faulty.kubernetes))
    assert POST.startswith("Post")


def create_pod(faulty: Platform, namespace: str) -> str:
    """What the API server says of a pod that is not to be stored; empty: fine."""
    body = {
        "metadata": {"generateName": "p-"},
        "spec": {"containers": [{"name": "main", "image": "busybox"}]},
    }
    try:
        faulty.core.create_namespaced_pod(namespace, body, dry_run="All")
    except ApiException as error:
        return str(json.loads(error.body)["message"])
    return ""


def test_a_leftover_keeps_pods_of_profiles_away(faulty: Platform) -> None:
    with faulty.broken("webhook-leftover"):
        found = wait_until(lambda: create_pod(faulty, PROFILE))
        assert found == (
            "Internal error occurred: failed calling webhook "
            '"admission-webhook-deployment.kubeflow.org": failed to call webhook: Post '
            '"https://admission-webhook-service.kubeflow.svc:443/apply-poddefault?timeout=10s": '
            'service "admission-webhook-service" not found'
        )
        assert create_pod(faulty, "default") == ""
    assert create_pod(faulty, PROFILE) == ""


def test_jobsets_are_not_made_behind_a_proxy(faulty: Platform) -> None:
    api = client.CustomObjectsApi(faulty.core.api_client)

    def told() -> str:
        body = {
            "apiVersion": "jobset.x-k8s.io/v1alpha2",
            "kind": "JobSet",
            "metadata": {"name": "one"},
        }
        where = ("jobset.x-k8s.io", "v1alpha2", PROFILE, "jobsets")
        try:
            api.create_namespaced_custom_object(*where, body, dry_run="All")
        except ApiException as error:
            return str(error.body)
        return ""

    with faulty.broken("jobset-webhook-behind-sidecar"):
        wait_until(lambda: "mjobset.kb.io" in told() and "EOF" in told())
        # The one before it goes meanwhile.
        wait_until(lambda: len(faulty.pods("jobset", "kubeflow-system")) == 1)
        (pod,) = faulty.pods("jobset", "kubeflow-system")
        every = (*pod.spec.init_containers, *pod.spec.containers)
        assert {one.name for one in every} == {"manager", "istio-proxy"}


def test_one_certificate_is_asked_for_twice(faulty: Platform) -> None:
    def names() -> list[str]:
        path = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
        return [each["name"] for one in faulty.get(path)["items"] for each in one["webhooks"]]

    with faulty.broken("webhook-duplicate"):
        wait_until(lambda: len(names()) == len(set(names())) + 1)


def certificate(faulty: Platform, name: str) -> Any:
    return faulty.get(f"/apis/cert-manager.io/v1/namespaces/kubeflow/certificates/{name}")


def ready(faulty: Platform, name: str) -> Any:
    listed = faulty.get("/apis/cert-manager.io/v1/namespaces/kubeflow/certificates")["items"]
    for one in listed:  # there may be none for a moment: it is made anew
        if one["metadata"]["name"] == name:
            conditions = one.get("status", {}).get("conditions") or []
            return next((each for each in conditions if each["type"] == "Ready"), None)
    return None


def test_a_certificate_without_an_issuer_is_never_ready(faulty: Platform) -> None:
    with faulty.broken("certificate-not-ready"):
        found = wait_until(lambda: ready(faulty, "spark-operator-serving-cert"))
        assert (found["status"], found["reason"]) == ("False", "DoesNotExist")


def secret(faulty: Platform, name: str, namespace: str) -> x509.Certificate:
    data = faulty.core.read_namespaced_secret(name, namespace).data
    return x509.load_pem_x509_certificate(base64.b64decode(data["tls.crt"]))


def left(one: x509.Certificate) -> datetime.timedelta:
    return one.not_valid_after_utc - datetime.datetime.now(datetime.UTC)


SOON = datetime.timedelta(days=14)


def test_a_certificate_ends_soon(faulty: Platform) -> None:
    name = "kserve-webhook-server-cert"
    with faulty.broken("certificate-expires-soon"):
        wait_until(lambda: left(secret(faulty, name, "kubeflow")) < SOON)

        def told() -> datetime.timedelta:
            status = certificate(faulty, "serving-cert")["status"]
            ends = datetime.datetime.fromisoformat(status["notAfter"])
            return ends - datetime.datetime.now(datetime.UTC)

        wait_until(lambda: told() < SOON)
        wait_until(lambda: not dry_run(faulty.kubernetes))
    assert left(secret(faulty, name, "kubeflow")) > SOON


@pytest.mark.parametrize(
    ("fault", "names", "soon"),
    [
        ("gateway-certificate-expires", ["kubeflow.example.com", "localhost"], True),
        ("gateway-certificate-name-wrong", ["elsewhere.example.com"], False),
    ],
)
def test_the_certificate_of_the_gateway(
    faulty: Platform, fault: str, names: list[str], soon: bool
) -> None:
    path = "/apis/networking.istio.io/v1/namespaces/kubeflow/gateways/kubeflow-gateway"

    def shown() -> list[str]:
        servers = faulty.get(path)["spec"]["servers"]
        return [one["tls"]["credentialName"] for one in servers if "tls" in one]

    with faulty.broken(fault):
        (credential,) = wait_until(shown)
        found = secret(faulty, credential, "istio-system")
        listed = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert listed.get_values_for_type(x509.DNSName) == names
        assert (left(found) < SOON) is soon
