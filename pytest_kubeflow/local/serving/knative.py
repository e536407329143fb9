"""Knative mode: objects of a predictor's revisions, and of the way to them.

Of Knative Serving this cluster has what KServe's users see: a Deployment and a Service for each
revision, and routes that share requests among them. It has no objects of the group
`serving.knative.dev`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pytest_kubeflow.local.controllers.deployment import template_hash
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.serving.names import (
    INFERENCE_SERVICE_LABEL,
    REVISION_LABEL,
    SERVICE_LABEL,
    knative_host,
    local_host,
    predictor_name,
    serving_path,
)

MIN_SCALE, MAX_SCALE = "autoscaling.knative.dev/min-scale", "autoscaling.knative.dev/max-scale"
TEMPLATE = "internal.serving.kserve.io/template"
SERVED = "internal.serving.kserve.io/served"
_DEPLOYMENT = "-deployment"
_HTTP_PORT, _CONTAINER_PORT = 80, 8080
_LOCAL_GATEWAY = "knative-local-gateway.istio-system.svc.cluster.local"


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision, as its Deployment tells of it."""

    deployment: Object

    @property
    def name(self) -> str:
        return str(self.deployment["metadata"]["labels"][REVISION_LABEL])

    @property
    def number(self) -> int:
        return int(self.name.rpartition("-")[2])

    @property
    def template(self) -> str:
        """The digest of what it was made from."""
        return str((self.deployment["metadata"].get("annotations") or {}).get(TEMPLATE))

    @property
    def replicas(self) -> int:
        return int(self.deployment["spec"].get("replicas", 1))

    @property
    def serves(self) -> bool:
        """Whether a pod of it is available now."""
        return bool((self.deployment.get("status") or {}).get("availableReplicas"))

    @property
    def ready(self) -> bool:
        """Whether it has ever served: scaled to zero, a revision stays ready."""
        annotations = self.deployment["metadata"].get("annotations") or {}
        return self.serves or annotations.get(SERVED) == "true"

    @property
    def selector(self) -> dict[str, str]:
        return {REVISION_LABEL: self.name}


def revision_template(service: Object, template: Object) -> Object:
    """The pod template with the bounds of its scale, which make a revision too."""
    predictor = service["spec"]["predictor"]
    least = predictor.get("minReplicas")
    bounds = {MIN_SCALE: str(1 if least is None else least)}
    if most := predictor.get("maxReplicas"):
        bounds[MAX_SCALE] = str(most)
    metadata = template["metadata"]
    annotations = {**(metadata.get("annotations") or {}), **bounds}
    return {**template, "metadata": {**metadata, "annotations": annotations}}


def digest_of(template: Object) -> str:
    return template_hash(template)


def revision_deployment(service: Object, template: Object, number: int) -> Object:
    """The Deployment of a new revision."""
    name = f"{predictor_name(service)}-{number:05d}"
    metadata = template["metadata"]
    labels = {
        **metadata["labels"],
        "app": name,
        REVISION_LABEL: name,
        SERVICE_LABEL: predictor_name(service),
    }
    return {
        "metadata": {
            "name": f"{name}{_DEPLOYMENT}",
            "labels": labels,
            "annotations": {**metadata["annotations"], TEMPLATE: digest_of(template)},
        },
        "spec": {
            "replicas": max(1, int(metadata["annotations"][MIN_SCALE])),
            "selector": {"matchLabels": {REVISION_LABEL: name}},
            "template": {**template, "metadata": {**metadata, "labels": labels}},
            "strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxUnavailable": 0, "maxSurge": "25%"},
            },
            "revisionHistoryLimit": 0,
            "progressDeadlineSeconds": 600,
        },
    }


def revision_service(service: Object, revision: Revision) -> Object:
    """The Service of one revision."""
    return {
        "metadata": {
            "name": revision.name,
            "labels": {
                INFERENCE_SERVICE_LABEL: service["metadata"]["name"],
                REVISION_LABEL: revision.name,
                SERVICE_LABEL: predictor_name(service),
            },
        },
        "spec": {"selector": revision.selector, "ports": _ports(revision)},
    }


def local_services(service: Object) -> Iterator[Object]:
    """The names by which pods of the cluster ask for it: they lead to the local gateway."""
    name = service["metadata"]["name"]
    for one in (name, predictor_name(service)):
        yield {
            "metadata": {"name": one, "labels": {INFERENCE_SERVICE_LABEL: name}},
            "spec": {
                "type": "ExternalName",
                "externalName": _LOCAL_GATEWAY,
                "ports": [{"name": "http", "port": _HTTP_PORT, "targetPort": _HTTP_PORT}],
            },
        }


def _ports(revision: Revision) -> list[Object]:
    containers = revision.deployment["spec"]["template"]["spec"]["containers"]
    ports = containers[0].get("ports") or []
    target = ports[0]["containerPort"] if ports else _CONTAINER_PORT
    return [{"name": "http", "port": _HTTP_PORT, "targetPort": target, "protocol": "TCP"}]


Share = tuple[Revision, int]


def virtual_service(service: Object, shares: Sequence[Share]) -> Object:
    """The way to the revisions, by hosts and by path."""
    name, namespace = service["metadata"]["name"], service["metadata"]["namespace"]
    route = [
        {
            "destination": {
                "host": local_host(revision.name, namespace),
                "port": {"number": _HTTP_PORT},
            },
            "weight": percent,
        }
        for revision, percent in shares
        if percent
    ]
    hosts = [
        host(one, namespace)
        for host in (knative_host, local_host)
        for one in (name, predictor_name(service))
    ]
    return {
        "metadata": {"name": name},
        "spec": {
            "hosts": hosts,
            "gateways": ["kubeflow/kubeflow-gateway"],
            "http": [{"match": [{"uri": {"prefix": "/"}}], "route": route}],
        },
    }


def path_virtual_service(service: Object, route: list[Object]) -> Object:
    """`/serving/<namespace>/<name>/` at any host of the gateway, as a platform may set it."""
    name, namespace = service["metadata"]["name"], service["metadata"]["namespace"]
    prefix = f"{serving_path(name, namespace)}/"
    return {
        "metadata": {"name": f"{name}-path"},
        "spec": {
            "hosts": ["*"],
            "gateways": ["kubeflow/kubeflow-gateway"],
            "http": [
                {
                    "match": [{"uri": {"prefix": prefix}}],
                    "rewrite": {"uri": "/"},
                    "route": route,
                }
            ],
        },
    }
