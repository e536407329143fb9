"""Katib's webhooks: their configurations, and the certificate by which they are trusted.

Facts: kubeflow/katib v0.19.0, manifests/v1beta1/components/webhook and installs/katib-cert-manager.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.platform.certificate import self_signed
from pytest_kubeflow.local.platform.components import KATIB_CONTROLLER
from pytest_kubeflow.local.platform.webhook import INJECT, certificate_objects

CERTIFICATE = "katib-webhook-cert"
CONFIGURATION = "katib.kubeflow.org"
_ISSUER = "katib-selfsigned-issuer"
_DOMAIN = "experiment.katib.kubeflow.org"
_INJECTION = {"katib.kubeflow.org/metrics-collector-injection": "enabled"}
_EXPERIMENTS = ("kubeflow.org", "v1beta1", ("CREATE", "UPDATE"), "experiments")
_PODS = ("", "v1", ("CREATE",), "pods")


def katib_objects() -> Iterator[Object]:
    """Issuer, certificate, Secret and configurations, which belong to each other."""
    yield {
        "apiVersion": "cert-manager.io/v1",
        "kind": "Issuer",
        "metadata": {"name": _ISSUER, "namespace": KATIB_CONTROLLER.namespace},
        "spec": {"selfSigned": {}},
        "status": {"conditions": [{"type": "Ready", "status": "True", "reason": "IsReady"}]},
    }
    (service,) = KATIB_CONTROLLER.services
    name = f"{service}.{KATIB_CONTROLLER.namespace}.svc"
    pair = self_signed((name, f"{name}.cluster.local"))
    yield from certificate_objects(CERTIFICATE, KATIB_CONTROLLER, pair, issuer=_ISSUER)
    ca = base64.b64encode(pair.certificate).decode()
    yield _configuration(
        "ValidatingWebhookConfiguration",
        [_webhook(f"validator.{_DOMAIN}", "/validate-experiment", _EXPERIMENTS, ca)],
    )
    defaulter = _webhook(f"defaulter.{_DOMAIN}", "/mutate-experiment", _EXPERIMENTS, ca)
    mutator = _webhook("mutator.pod.katib.kubeflow.org", "/mutate-pod", _PODS, ca)
    mutator["namespaceSelector"] = {"matchLabels": _INJECTION}
    mutating = [{**one, "reinvocationPolicy": "Never"} for one in (defaulter, mutator)]
    yield _configuration("MutatingWebhookConfiguration", mutating)


def _configuration(kind: str, webhooks: Sequence[Object]) -> Object:
    authority = f"{KATIB_CONTROLLER.namespace}/{CERTIFICATE}"
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": kind,
        "metadata": {"name": CONFIGURATION, "annotations": {INJECT: authority}},
        "webhooks": list(webhooks),
    }


def _webhook(name: str, path: str, rule: tuple[str, str, Sequence[str], str], ca: str) -> Object:
    group, version, operations, plural = rule
    (service,) = KATIB_CONTROLLER.services
    place = {
        "name": service,
        "namespace": KATIB_CONTROLLER.namespace,
        "path": path,
        "port": 443,
    }
    return {
        "name": name,
        "admissionReviewVersions": ["v1"],
        "clientConfig": {"caBundle": ca, "service": place},
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
