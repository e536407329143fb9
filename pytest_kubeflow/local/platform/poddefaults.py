"""The webhook of PodDefaults: its configuration, and the certificate by which it is trusted.

Facts: kubeflow/dashboard v2.0.0, components/poddefaults-webhooks/manifests.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.platform.certificate import self_signed
from pytest_kubeflow.local.platform.components.dashboard import POD_DEFAULTS
from pytest_kubeflow.local.platform.webhook import INJECT, certificate_objects

CERTIFICATE = "poddefaults-webhook-cert"
CONFIGURATION = "poddefaults-webhook-mutating-webhook-configuration"
WEBHOOK = "poddefaults-webhook-deployment.kubeflow.org"
_ISSUER = "poddefaults-webhook-selfsigned-issuer"


def pod_defaults_objects() -> Iterator[Object]:
    """Certificate, Secret and configuration, which belong to each other."""
    (service,) = POD_DEFAULTS.services
    name = f"{service}.{POD_DEFAULTS.namespace}.svc"
    pair = self_signed((name, f"{name}.cluster.local"))
    yield from certificate_objects(CERTIFICATE, POD_DEFAULTS, pair, issuer=_ISSUER)
    yield _configuration(service, pair.certificate)


def _configuration(service: str, authority: bytes) -> Object:
    """Pods of profiles are looked at, and no others; without the webhook, none can be made."""
    namespace = POD_DEFAULTS.namespace
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {
            "name": CONFIGURATION,
            "annotations": {INJECT: f"{namespace}/{CERTIFICATE}"},
        },
        "webhooks": [
            {
                "name": WEBHOOK,
                "admissionReviewVersions": ["v1beta1", "v1"],
                "clientConfig": {
                    "caBundle": base64.b64encode(authority).decode(),
                    "service": {
                        "name": service,
                        "namespace": namespace,
                        "path": "/apply-poddefault",
                        "port": 443,
                    },
                },
                "failurePolicy": "Fail",
                "matchPolicy": "Equivalent",
                "namespaceSelector": {
                    "matchLabels": {"app.kubernetes.io/part-of": "kubeflow-profile"}
                },
                "objectSelector": {},
                "reinvocationPolicy": "Never",
                "rules": [
                    {
                        "apiGroups": [""],
                        "apiVersions": ["v1"],
                        "operations": ["CREATE"],
                        "resources": ["pods"],
                        "scope": "*",
                    }
                ],
                "sideEffects": "None",
                "timeoutSeconds": 10,
            }
        ],
    }
