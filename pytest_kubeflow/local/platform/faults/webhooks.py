"""Webhooks that nobody answers, or that are not trusted; certificates that are none any more."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import (
    CERTIFICATES,
    DEPLOYMENTS,
    GATEWAYS,
    MUTATING_WEBHOOKS,
    SECRETS,
    SERVICES,
    VALIDATING_WEBHOOKS,
)
from pytest_kubeflow.local.platform.certificate import KeyPair, self_signed
from pytest_kubeflow.local.platform.components.cert_manager import CERT_MANAGER
from pytest_kubeflow.local.platform.components.kserve import KSERVE, KSERVE_SECRET
from pytest_kubeflow.local.platform.faults.edits import Change, Edit, EditTarget, Make, Scale, Undo
from pytest_kubeflow.local.platform.faults.fault import PlatformFault
from pytest_kubeflow.local.platform.faults.programs import CLOSING, container
from pytest_kubeflow.local.platform.images import PROXY_IMAGE
from pytest_kubeflow.local.platform.webhook import (
    CERTIFICATE,
    CONFIGURATION,
    NAMES,
    NAMESPACE,
    SERVICE,
    issued_status,
)

_CONTROLLER, _INJECTOR = CERT_MANAGER
_EXCLUDED = "traffic.sidecar.istio.io/excludeInboundPorts"
_GATEWAY_SECRET = "kubeflow-gateway-tls"  # noqa: S105 the name of a Secret object


def _webhook(change: Object) -> Edit:
    """KServe's webhook with other fields."""

    def patch(before: Object) -> Object:
        (one,) = before["webhooks"]
        client = {**one["clientConfig"], **change.get("clientConfig", {})}
        return {"webhooks": [{**one, **change, "clientConfig": client}]}

    return Change(VALIDATING_WEBHOOKS, CONFIGURATION, patch)


def _bundle(content: bytes) -> Sequence[Edit]:
    """Another bundle, and nobody who would put the right one in its place."""
    return (
        Scale(_INJECTOR.name, _INJECTOR.namespace),
        _webhook({"clientConfig": {"caBundle": base64.b64encode(content).decode()}}),
    )


def _leftover() -> Sequence[Edit]:
    """What an upgrade leaves: the configuration of a webhook that is called otherwise now."""
    where = {"name": "admission-webhook-service", "namespace": "kubeflow"}
    bundle = self_signed(["admission-webhook-service.kubeflow.svc"]).certificate
    webhook = {
        "name": "admission-webhook-deployment.kubeflow.org",
        "admissionReviewVersions": ["v1beta1", "v1"],
        "clientConfig": {
            "caBundle": base64.b64encode(bundle).decode(),
            "service": {**where, "path": "/apply-poddefault", "port": 443},
        },
        "failurePolicy": "Fail",
        "namespaceSelector": {"matchLabels": {"app.kubernetes.io/part-of": "kubeflow-profile"}},
        "rules": [
            {
                "apiGroups": [""],
                "apiVersions": ["v1"],
                "operations": ["CREATE"],
                "resources": ["pods"],
            }
        ],
        "sideEffects": "None",
        "timeoutSeconds": 10,
    }
    name = "admission-webhook-mutating-webhook-configuration"
    return [Make(MUTATING_WEBHOOKS, {"metadata": {"name": name}, "webhooks": [webhook]})]


class _Copy:
    """KServe's webhook once more, in a configuration of another name."""

    async def apply(self, place: EditTarget) -> Undo:
        before = await place.client.get(VALIDATING_WEBHOOKS, CONFIGURATION)
        metadata = {"name": f"kubeflow-{CONFIGURATION}"}
        copy = {"metadata": metadata, "webhooks": before["webhooks"]}
        return await Make(VALIDATING_WEBHOOKS, copy).apply(place)


def _certificate(pair: KeyPair) -> Sequence[Edit]:
    """KServe shows another certificate, while cert-manager makes no new one."""

    def status(before: Object) -> Object:
        return {"status": issued_status(before, pair)}

    return (
        Scale(_CONTROLLER.name, _CONTROLLER.namespace),
        Change(SECRETS, KSERVE_SECRET, {"data": pair.data}, NAMESPACE),
        Change(CERTIFICATES, CERTIFICATE, status, NAMESPACE, "status"),
    )


def _ending(days: int, names: Sequence[str] = NAMES) -> KeyPair:
    """A certificate that ends in so many days."""
    begins = datetime.now(UTC) + timedelta(days=days - 90)
    return self_signed(names, begins=begins, lifetime=timedelta(days=90))


def _not_ready() -> Sequence[Edit]:
    metadata = {"name": "spark-operator-serving-cert", "namespace": "kubeflow"}
    spec = {
        "commonName": "spark-operator-webhook-svc.kubeflow.svc",
        "dnsNames": ["spark-operator-webhook-svc.kubeflow.svc"],
        "issuerRef": {"kind": "Issuer", "name": "spark-operator-selfsigned-issuer"},
        "secretName": "spark-operator-webhook-certs",
    }
    return [Make(CERTIFICATES, {"metadata": metadata, "spec": spec})]


def _jobset() -> Sequence[Edit]:
    """The proxy beside the webhook ends connections that are no mutual TLS."""
    namespace, name = "kubeflow-system", "jobset-controller-manager"
    proxy = container("istio-proxy", PROXY_IMAGE, CLOSING, port=9443)

    def patch(before: Object) -> Object:
        template = before["spec"]["template"]
        (manager,) = template["spec"]["containers"]
        pod = {
            "initContainers": [{**proxy, "restartPolicy": "Always"}],
            # Without its own program, whose port the proxy has.
            "containers": [{**manager, "command": ["sh", "-c", "sleep infinity"]}],
        }
        annotations = {_EXCLUDED: None}
        return {"spec": {"template": {"metadata": {"annotations": annotations}, "spec": pod}}}

    return [Change(DEPLOYMENTS, name, patch, namespace)]


def _gateway(data: Mapping[str, str]) -> Sequence[Edit]:
    """The gateway serves HTTPS, with the certificate in this Secret."""

    def patch(before: Object) -> Object:
        server = {
            "hosts": ["*"],
            "port": {"name": "https", "number": 443, "protocol": "HTTPS"},
            "tls": {"mode": "SIMPLE", "credentialName": _GATEWAY_SECRET},
        }
        return {"spec": {"servers": [*before["spec"]["servers"], server]}}

    metadata = {"name": _GATEWAY_SECRET, "namespace": "istio-system"}
    secret = {"metadata": metadata, "type": "kubernetes.io/tls", "data": dict(data)}
    return [Make(SECRETS, secret), Change(GATEWAYS, "kubeflow-gateway", patch, "kubeflow")]


_KUBEFLOW_HOST = "kubeflow.example.com"

FAULTS = {
    "webhook-leftover": PlatformFault(_leftover),
    "webhook-no-endpoints": PlatformFault(
        lambda: [
            Change(SERVICES, SERVICE, {"spec": {"selector": {"control-plane": "gone"}}}, NAMESPACE)
        ]
    ),
    "webhook-times-out": PlatformFault(lambda: [_webhook({"timeoutSeconds": 3})]),
    "jobset-webhook-behind-sidecar": PlatformFault(_jobset),
    "ca-bundle-wrong": PlatformFault(lambda: _bundle(self_signed(NAMES).certificate)),
    "ca-bundle-empty": PlatformFault(lambda: _bundle(b"\n")),
    "webhook-duplicate": PlatformFault(lambda: [_Copy()]),
    "webhook-fails": PlatformFault(
        lambda: [
            _webhook(
                {
                    "clientConfig": {
                        "service": {
                            "name": SERVICE,
                            "namespace": NAMESPACE,
                            "path": "/validate-of-another-release",
                            "port": 443,
                        }
                    }
                }
            )
        ]
    ),
    "certificate-not-ready": PlatformFault(_not_ready),
    "certificate-expires-soon": PlatformFault(lambda: _certificate(_ending(5))),
    "certificate-expired": PlatformFault(lambda: _certificate(_ending(-1))),
    "certificate-name-wrong": PlatformFault(
        lambda: _certificate(_ending(60, [f"{KSERVE.name}.{NAMESPACE}.svc"]))
    ),
    "gateway-certificate-expires": PlatformFault(
        lambda: _gateway(_ending(5, [_KUBEFLOW_HOST, "localhost"]).data)
    ),
    "gateway-certificate-name-wrong": PlatformFault(
        lambda: _gateway(_ending(60, ["elsewhere.example.com"]).data)
    ),
    "certificate-unreadable": PlatformFault(
        lambda: _gateway(
            {**_ending(60).data, "tls.crt": base64.b64encode(b"the certificate\n").decode()}
        )
    ),
}
