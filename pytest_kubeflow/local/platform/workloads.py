"""The objects of a component that runs: account, Deployment, ReplicaSet, pod, Services, endpoints.

They are what the controllers and the kubelet would have made, so that these find nothing to do.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Iterator
from typing import Any

from pytest_kubeflow.local.controllers.deployment import (
    HASH_LABEL,
    REVISION,
    template_hash,
)
from pytest_kubeflow.local.controllers.deploymentstatus import deployment_status
from pytest_kubeflow.local.controllers.endpointslice import slices_of
from pytest_kubeflow.local.controllers.owners import controller_reference
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.podspec import pod_template
from pytest_kubeflow.local.kube.times import now
from pytest_kubeflow.local.kubelet.containers.status import ContainerStatus
from pytest_kubeflow.local.kubelet.pods.status import pod_status
from pytest_kubeflow.local.platform.components.component import Component, Container
from pytest_kubeflow.local.platform.images import PROXY_IMAGE

_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
_SELECTING = (
    *("app", "component", "istio", "app.kubernetes.io/name", "control-plane"),
    "katib.kubeflow.org/component",
)


def objects_of(
    component: Component, *, node: str, host_ip: str, ip: str, mesh: bool
) -> Iterator[Object]:
    """All of them; the pod is on `node` and has the address `ip`."""
    began = now()
    yield {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": component.account, "namespace": component.namespace},
    }
    deployment = deployment_of(component, mesh=mesh)
    replica_set = _replica_set(deployment)
    pod = _pod(replica_set, node=node, host_ip=host_ip, ip=ip, began=began)
    yield {**deployment, "status": deployment_status(deployment, replica_set, [], None)}
    yield replica_set
    yield pod
    for service in services_of(component):
        yield service
        endpoints = _endpoints(service, pod)
        yield endpoints
        yield from slices_of(service, endpoints)


def deployment_of(component: Component, *, mesh: bool) -> Object:
    """As an installation has it."""
    template = _template(component, mesh=mesh and component.meshed)
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            **_metadata(component.name, component.namespace),
            "generation": 1,
            "labels": dict(component.labels),
            "annotations": {REVISION: "1"},
        },
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": selector_of(component)},
            "template": template,
            "strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"},
            },
            "revisionHistoryLimit": 10,
            "progressDeadlineSeconds": 600,
        },
    }


def selector_of(component: Component) -> dict[str, str]:
    """By which labels its pods are found."""
    return {key: value for key, value in component.labels.items() if key in _SELECTING}


def services_of(component: Component) -> Iterator[Object]:
    """Its Services."""
    for name, ports in component.services.items():
        yield {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {
                **_metadata(name, component.namespace),
                "labels": selector_of(component),
            },
            "spec": {
                "selector": selector_of(component),
                "ports": [
                    {
                        "name": port.name,
                        "port": port.number,
                        "protocol": "TCP",
                        "targetPort": port.target,
                    }
                    for port in ports
                ],
            },
        }


def _template(component: Component, *, mesh: bool) -> Object:
    labels = dict(component.labels)
    spec: Object = {
        "serviceAccountName": component.account,
        # What it asks of the API it asks by credentials of this process.
        "automountServiceAccountToken": False,
        "securityContext": {
            "runAsNonRoot": True,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(one, component) for one in component.containers],
    }
    annotations = dict(component.annotations)
    if mesh:
        labels["security.istio.io/tlsMode"] = "istio"
        annotations["sidecar.istio.io/status"] = (
            '{"initContainers":["istio-proxy"],"revision":"default"}'
        )
        proxy = _container(Container("istio-proxy", PROXY_IMAGE), None)
        spec["initContainers"] = [
            {**proxy, "restartPolicy": "Always", "args": ["proxy", "sidecar"]}
        ]
    if component.secret is not None:
        secret = {"secretName": component.secret, "defaultMode": 420}
        spec["volumes"] = [{"name": "cert", "secret": secret}]
    metadata: Object = {"labels": labels}
    if annotations:
        metadata["annotations"] = annotations
    # As an API server stores it, or its hash would be another.
    return pod_template({"metadata": metadata, "spec": _without_empty_lists(spec)})


def _without_empty_lists(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_empty_lists(one) for key, one in value.items() if one != []}
    return [_without_empty_lists(one) for one in value] if isinstance(value, list) else value


def _container(container: Container, component: Component | None) -> Object:
    made: Object = {
        "name": container.name,
        "image": container.image,
        "imagePullPolicy": "IfNotPresent",
        "ports": [
            {"name": name, "containerPort": port, "protocol": "TCP"}
            for name, port in container.ports.items()
        ],
        "env": [
            *({"name": name, "value": value} for name, value in container.env.items()),
            *(_setting(name, container.config) for name in container.settings),
        ],
        **({"args": list(container.arguments)} if container.arguments else {}),
        "resources": {},
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "runAsNonRoot": True,
            "runAsUser": 1000,
        },
    }
    if component is not None and component.secret is not None:
        mount = {"name": "cert", "mountPath": component.certificates, "readOnly": True}
        made["volumeMounts"] = [mount]
    return made


def _setting(name: str, config: str) -> Object:
    return {"name": name, "valueFrom": {"configMapKeyRef": {"name": config, "key": name}}}


def _replica_set(deployment: Object) -> Object:
    metadata, spec = deployment["metadata"], deployment["spec"]
    template = spec["template"]
    digest = template_hash(template)
    labels = {**template["metadata"]["labels"], HASH_LABEL: digest}
    selector = {**spec["selector"]["matchLabels"], HASH_LABEL: digest}
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            **_metadata(f"{metadata['name']}-{digest}", metadata["namespace"]),
            "generation": 1,
            "labels": labels,
            "annotations": {REVISION: "1"},
            "ownerReferences": [controller_reference(deployment)],
        },
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": selector},
            "template": {**template, "metadata": {**template["metadata"], "labels": labels}},
        },
        "status": {
            "replicas": 1,
            "fullyLabeledReplicas": 1,
            "readyReplicas": 1,
            "availableReplicas": 1,
            "observedGeneration": 1,
            "conditions": [],
        },
    }


def _pod(replica_set: Object, *, node: str, host_ip: str, ip: str, began: str) -> Object:
    metadata, template = replica_set["metadata"], replica_set["spec"]["template"]
    suffix = "".join(secrets.choice(_ALPHABET) for _ in range(5))
    pod: Object = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            **_metadata(f"{metadata['name']}-{suffix}", metadata["namespace"]),
            **template["metadata"],
            "generateName": f"{metadata['name']}-",
            "generation": 1,
            "ownerReferences": [controller_reference(replica_set)],
        },
        "spec": {**template["spec"], "nodeName": node},
    }
    init, main = (
        [_running(one, began, init=group == "initContainers") for one in pod["spec"].get(group, ())]
        for group in ("initContainers", "containers")
    )
    status = pod_status(
        pod, init, main, started_at=began, volumes_ready=True, ip=ip, host_ip=host_ip
    )
    return {**pod, "status": status}


def _running(container: Object, began: str, *, init: bool) -> ContainerStatus:
    image = container["image"]
    status = ContainerStatus(container["name"], image, sidecar=init, init=init)
    status.image_id = f"hosted://{image}"
    status.container_id = f"hosted://{uuid.uuid4().hex}{uuid.uuid4().hex}"
    status.run(began)
    status.ready = status.started = True
    return status


def _endpoints(service: Object, pod: Object) -> Object:
    """What the Service leads to."""
    metadata = service["metadata"]
    target = {
        "kind": "Pod",
        "namespace": pod["metadata"]["namespace"],
        "name": pod["metadata"]["name"],
        "uid": pod["metadata"]["uid"],
    }
    return {
        "apiVersion": "v1",
        "kind": "Endpoints",
        "metadata": {"name": metadata["name"], "namespace": metadata["namespace"]},
        "subsets": [
            {
                "addresses": [
                    {
                        "ip": pod["status"]["podIP"],
                        "nodeName": pod["spec"]["nodeName"],
                        "targetRef": target,
                    }
                ],
                "ports": [
                    {"name": port["name"], "port": port["targetPort"], "protocol": "TCP"}
                    for port in service["spec"]["ports"]
                ],
            }
        ],
    }


def _metadata(name: str, namespace: str) -> Object:
    return {
        "name": name,
        "namespace": namespace,
        "uid": str(uuid.uuid4()),
        "creationTimestamp": now(),
    }
