"""The webhooks of PVCViewers: their configurations, and the certificate by which they are trusted.

Facts: kubeflow/notebooks 1.11, components/pvcviewer-controller/config.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.platform.certificate import self_signed
from pytest_kubeflow.local.platform.components.notebooks import VIEWER_CONTROLLER
from pytest_kubeflow.local.platform.webhook import INJECT, certificate_objects
from pytest_kubeflow.local.pvcviewers.webhook import DEFAULTING, VALIDATING

CERTIFICATE = "pvcviewer-serving-cert"
_ISSUER = "pvcviewer-selfsigned-issuer"
_WEBHOOKS = {
    "mutating": ("MutatingWebhookConfiguration", "mpvcviewer.kb.io", DEFAULTING),
    "validating": ("ValidatingWebhookConfiguration", "vpvcviewer.kb.io", VALIDATING),
}


def viewer_objects() -> Iterator[Object]:
    """Certificate, Secret and configurations, which belong to each other."""
    (service,) = VIEWER_CONTROLLER.services
    name = f"{service}.{VIEWER_CONTROLLER.namespace}.svc"
    pair = self_signed((name, f"{name}.cluster.local"))
    yield from certificate_objects(CERTIFICATE, VIEWER_CONTROLLER, pair, issuer=_ISSUER)
    for way in _WEBHOOKS:
        yield _configuration(way, service, pair.certificate)


def _configuration(way: str, service: str, authority: bytes) -> Object:
    """Without its webhooks no viewer can be made, and none changed."""
    kind, webhook, path = _WEBHOOKS[way]
    namespace = VIEWER_CONTROLLER.namespace
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": kind,
        "metadata": {
            "name": f"pvcviewer-{way}-webhook-configuration",
            "annotations": {INJECT: f"{namespace}/{CERTIFICATE}"},
        },
        "webhooks": [
            {
                "name": webhook,
                "admissionReviewVersions": ["v1"],
                "clientConfig": {
                    "caBundle": base64.b64encode(authority).decode(),
                    "service": {
                        "name": service,
                        "namespace": namespace,
                        "path": path,
                        "port": 443,
                    },
                },
                "failurePolicy": "Fail",
                "matchPolicy": "Equivalent",
                "namespaceSelector": {},
                "objectSelector": {},
                **({"reinvocationPolicy": "Never"} if way == "mutating" else {}),
                "rules": [
                    {
                        "apiGroups": ["kubeflow.org"],
                        "apiVersions": ["v1alpha1"],
                        "operations": ["CREATE", "UPDATE"],
                        "resources": ["pvcviewers"],
                        "scope": "*",
                    }
                ],
                "sideEffects": "None",
                "timeoutSeconds": 10,
            }
        ],
    }
