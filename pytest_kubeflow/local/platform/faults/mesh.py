"""The mesh: mutual TLS, issuers of tokens, policies, and the way in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import (
    AUTHORIZATION_POLICIES,
    DEPLOYMENTS,
    DESTINATION_RULES,
    GATEWAYS,
    PEER_AUTHENTICATIONS,
    REQUEST_AUTHENTICATIONS,
    SERVICES,
)
from pytest_kubeflow.local.platform.components.istio import INGRESS_GATEWAY
from pytest_kubeflow.local.platform.components.login import JWKS_PROXY_IMAGE
from pytest_kubeflow.local.platform.components.notebooks import VOLUMES_WEB_APP
from pytest_kubeflow.local.platform.components.pipelines import ML_PIPELINE_UI
from pytest_kubeflow.local.platform.faults.edits import (
    Backdate,
    Change,
    Edit,
    Make,
    Remove,
)
from pytest_kubeflow.local.platform.faults.fault import PlatformFault
from pytest_kubeflow.local.platform.faults.programs import container, saying
from pytest_kubeflow.local.platform.images import PROXY_IMAGE

_SYSTEM = "istio-system"
_OLD_PROXY = PROXY_IMAGE.rpartition(":")[0] + ":1.28.0"


def _without_proxy() -> Sequence[Edit]:
    """As pods are that were made before there was an istiod to give them one."""
    template = {
        "metadata": {
            "labels": {"security.istio.io/tlsMode": None},
            "annotations": {"sidecar.istio.io/status": None},
        },
        "spec": {"initContainers": None},
    }
    spec = {
        "strategy": {"type": "Recreate", "rollingUpdate": None},
        "template": template,
    }
    return [Change(DEPLOYMENTS, ML_PIPELINE_UI.name, {"spec": spec}, ML_PIPELINE_UI.namespace)]


def _issuer(change: dict[str, Any]) -> Edit:
    """Another rule for tokens of service accounts."""

    def patch(before: Object) -> Object:
        first, *others = before["spec"]["jwtRules"]
        return {"spec": {"jwtRules": [{**first, **change}, *others]}}

    return Change(REQUEST_AUTHENTICATIONS, "m2m-token-issuer", patch, _SYSTEM)


def _jwks_proxy() -> Sequence[Edit]:
    name = "cluster-jwks-proxy"
    labels = {"app.kubernetes.io/name": name}
    line = (
        'Error: forbidden: User "system:serviceaccount:istio-system:cluster-jwks-proxy" cannot get '
        'path "/openid/v1/jwks"'
    )
    probe = {"httpGet": {"path": "/openid/v1/jwks", "port": 8080}, "periodSeconds": 5}
    crashing = container("kubectl-proxy", JWKS_PROXY_IMAGE, saying(line))
    spec = {
        "automountServiceAccountToken": False,
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [{**crashing, "startupProbe": probe}],
    }
    deployment = {
        "metadata": {"name": name, "namespace": _SYSTEM, "labels": labels},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": spec},
        },
    }
    return [Make(DEPLOYMENTS, deployment)]


def _old_proxy() -> Sequence[Edit]:
    def patch(before: Object) -> Object:
        (proxy,) = before["spec"]["template"]["spec"]["initContainers"]
        template = {"spec": {"initContainers": [{**proxy, "image": _OLD_PROXY}]}}
        return {"spec": {"template": template}}

    return [Change(DEPLOYMENTS, VOLUMES_WEB_APP.name, patch, VOLUMES_WEB_APP.namespace)]


def _second_gateway() -> Sequence[Edit]:
    server = {
        "hosts": ["*"],
        "port": {"name": "http", "number": 80, "protocol": "HTTP"},
    }
    secure = {
        "hosts": ["*"],
        "port": {"name": "https", "number": 443, "protocol": "HTTPS"},
        "tls": {"mode": "SIMPLE", "credentialName": "other-tls"},
    }
    metadata = {"name": "default-gateway", "namespace": "default"}
    spec = {"selector": {"istio": "ingressgateway"}, "servers": [server, secure]}
    return [Make(GATEWAYS, {"metadata": metadata, "spec": spec})]


def _no_exceptions() -> Sequence[Edit]:
    return [Remove(AUTHORIZATION_POLICIES, "istio-ingressgateway", _SYSTEM)]


FAULTS = {
    "mutual-tls-without-proxy": PlatformFault(_without_proxy),
    "mutual-tls-disabled": PlatformFault(
        lambda: [
            Change(
                DESTINATION_RULES,
                "ml-pipeline-ui",
                {"spec": {"trafficPolicy": {"tls": {"mode": "DISABLE"}}}},
                "kubeflow",
            )
        ]
    ),
    "issuer-not-configured": PlatformFault(
        lambda: [_issuer({"issuer": "https://kubernetes.default.svc"})]
    ),
    "jwks-key-unknown": PlatformFault(list),
    "jwks-proxy-crashing": PlatformFault(_jwks_proxy, (JWKS_PROXY_IMAGE,)),
    "global-deny-missing": PlatformFault(
        lambda: [Remove(AUTHORIZATION_POLICIES, "global-deny-all", _SYSTEM)]
    ),
    "global-deny-without-exceptions": PlatformFault(_no_exceptions),
    "load-balancer-pending": PlatformFault(
        lambda: [
            Change(SERVICES, INGRESS_GATEWAY.name, {"spec": {"type": "LoadBalancer"}}, _SYSTEM),
            Backdate(SERVICES, _SYSTEM, None, 900, name=INGRESS_GATEWAY.name),
        ]
    ),
    "strict-mutual-tls": PlatformFault(
        lambda: [
            Make(
                PEER_AUTHENTICATIONS,
                {
                    "metadata": {"name": "default", "namespace": _SYSTEM},
                    "spec": {"mtls": {"mode": "STRICT"}},
                },
            )
        ]
    ),
    "proxy-version-differs": PlatformFault(_old_proxy, (_OLD_PROXY,)),
    "gateway-shadowed": PlatformFault(_second_gateway),
    "dashboard-access-denied": PlatformFault(list),
    "user-not-detected": PlatformFault(list),
}
