"""KServe's validating webhook: its configuration, and the certificate by which it is trusted."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.times import now
from pytest_kubeflow.local.platform.certificate import KeyPair, self_signed
from pytest_kubeflow.local.platform.components.component import Component
from pytest_kubeflow.local.platform.components.kserve import KSERVE

NAMESPACE = "kubeflow"
CERTIFICATE = "serving-cert"
SERVICE = "kserve-webhook-server-service"
CONFIGURATION = "inferenceservice.serving.kserve.io"
WEBHOOK = "inferenceservice.kserve-webhook-server.validator"
PATH = "/validate-serving-kserve-io-v1beta1-inferenceservice"
NAMES = (f"{SERVICE}.{NAMESPACE}.svc",)
INJECT = "cert-manager.io/inject-ca-from"


def webhook_objects() -> Iterator[Object]:
    """Certificate, Secret and configuration, which belong to each other."""
    pair = self_signed(NAMES)
    yield from certificate_objects(CERTIFICATE, KSERVE, pair, issuer="selfsigned-issuer")
    yield configuration(pair.certificate)


def certificate_objects(
    name: str, component: Component, pair: KeyPair, *, issuer: str
) -> Iterator[Object]:
    """What cert-manager is asked for, and the Secret of `component` where it puts it."""
    certificate: Object = {
        "apiVersion": "cert-manager.io/v1",
        "kind": "Certificate",
        "metadata": {
            "name": name,
            "namespace": component.namespace,
            "uid": str(uuid.uuid4()),
            "generation": 1,
        },
        "spec": {
            "commonName": pair.names[0],
            "dnsNames": list(pair.names),
            "issuerRef": {"kind": "Issuer", "name": issuer},
            "secretName": component.secret,
        },
    }
    yield {**certificate, "status": issued_status(certificate, pair)}
    yield certificate_secret(certificate, pair)


def registration(
    component: Component,
    pair: KeyPair,
    name: str,
    path: str,
    plural: str,
    *,
    group: str,
    version: str,
    operations: Sequence[str],
) -> Object:
    """One webhook of a configuration: a path of the component, asked about objects of this kind."""
    (service,) = component.services
    place: Mapping[str, object] = {
        "name": service,
        "namespace": component.namespace,
        "path": path,
        "port": 443,
    }
    return {
        "name": name,
        "admissionReviewVersions": ["v1"],
        "clientConfig": {
            "caBundle": base64.b64encode(pair.certificate).decode(),
            "service": place,
        },
        "failurePolicy": "Fail",
        "matchPolicy": "Equivalent",
        "namespaceSelector": {},
        "objectSelector": {},
        "rules": [
            {
                "apiGroups": [group],
                "apiVersions": [version],
                "operations": list(operations),
                "resources": [plural],
                "scope": "*",
            }
        ],
        "sideEffects": "None",
        "timeoutSeconds": 10,
    }


def certificate_secret(certificate: Object, pair: KeyPair) -> Object:
    """Where cert-manager puts what it has made."""
    metadata, spec = certificate["metadata"], certificate["spec"]
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": spec["secretName"],
            "namespace": metadata["namespace"],
            "labels": {"controller.cert-manager.io/fao": "true"},
            "annotations": {
                "cert-manager.io/certificate-name": metadata["name"],
                "cert-manager.io/common-name": spec.get("commonName", ""),
                "cert-manager.io/alt-names": ",".join(spec.get("dnsNames") or ()),
                "cert-manager.io/issuer-kind": spec["issuerRef"].get("kind", "Issuer"),
                "cert-manager.io/issuer-name": spec["issuerRef"]["name"],
            },
        },
        "type": "kubernetes.io/tls",
        "data": pair.data,
    }


def issued_status(certificate: Object, pair: KeyPair) -> Object:
    """The status of a Certificate that has been issued."""
    ready = {
        "type": "Ready",
        "status": "True",
        "reason": "Ready",
        "message": "Certificate is up to date and has not expired",
        "lastTransitionTime": now(),
        "observedGeneration": certificate["metadata"].get("generation", 1),
    }
    return {
        "conditions": [ready],
        "notBefore": _timestamp(pair.begins),
        "notAfter": _timestamp(pair.ends),
        "renewalTime": _timestamp(pair.renewal),
        "revision": 1,
    }


def configuration(authority: bytes) -> Object:
    """By which the API server asks the webhook, whose certificate `authority` has signed."""
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {
            "name": CONFIGURATION,
            "annotations": {INJECT: f"{NAMESPACE}/{CERTIFICATE}"},
        },
        "webhooks": [
            {
                "name": WEBHOOK,
                "admissionReviewVersions": ["v1", "v1beta1"],
                "clientConfig": {
                    "caBundle": base64.b64encode(authority).decode(),
                    "service": {
                        "name": SERVICE,
                        "namespace": NAMESPACE,
                        "path": PATH,
                        "port": 443,
                    },
                },
                "failurePolicy": "Fail",
                "matchPolicy": "Equivalent",
                "namespaceSelector": {},
                "objectSelector": {},
                "rules": [
                    {
                        "apiGroups": ["serving.kserve.io"],
                        "apiVersions": ["v1beta1"],
                        "operations": ["CREATE", "UPDATE"],
                        "resources": ["inferenceservices"],
                        "scope": "*",
                    }
                ],
                "sideEffects": "None",
                "timeoutSeconds": 10,
            }
        ],
    }


def _timestamp(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"
