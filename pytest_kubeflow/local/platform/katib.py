"""Katib's webhooks: their configurations, and the certificate by which they are trusted.

Facts: kubeflow/katib v0.19.0, manifests/v1beta1/components/webhook and installs/katib-cert-manager.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.platform.certificate import self_signed
from pytest_kubeflow.local.platform.components.katib import KATIB_CONTROLLER
from pytest_kubeflow.local.platform.webhook import INJECT, certificate_objects, registration

CERTIFICATE = "katib-webhook-cert"
CONFIGURATION = "katib.kubeflow.org"
_ISSUER = "katib-selfsigned-issuer"
_DOMAIN = "experiment.katib.kubeflow.org"
_INJECTION = {"katib.kubeflow.org/metrics-collector-injection": "enabled"}


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
    make = partial(registration, KATIB_CONTROLLER, pair)
    of_experiments = partial(
        make,
        plural="experiments",
        group="kubeflow.org",
        version="v1beta1",
        operations=("CREATE", "UPDATE"),
    )
    validator = of_experiments(f"validator.{_DOMAIN}", "/validate-experiment")
    yield _configuration("ValidatingWebhookConfiguration", [validator])
    defaulter = of_experiments(f"defaulter.{_DOMAIN}", "/mutate-experiment")
    mutator = make(
        "mutator.pod.katib.kubeflow.org",
        "/mutate-pod",
        "pods",
        group="",
        version="v1",
        operations=("CREATE",),
    )
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
