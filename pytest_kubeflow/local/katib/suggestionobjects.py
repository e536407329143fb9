"""What is made of a Suggestion: Deployment and Service, a claim or rights where they are needed.

Rules: kubeflow/katib v0.19.0, pkg/controller.v1beta1/suggestion/composer/composer.go.
"""

from __future__ import annotations

from collections.abc import Iterator

from pytest_kubeflow.local.controllers.owners import controller_reference
from pytest_kubeflow.local.katib.config import ConfigError, KatibConfig
from pytest_kubeflow.local.katib.labels import service_name, suggestion_labels
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import (
    EXPERIMENTS,
    PERSISTENT_VOLUME_CLAIMS,
    ROLE_BINDINGS,
    ROLES,
    SERVICE_ACCOUNTS,
    Resource,
)

PORT, STOPPING_PORT = 6789, 6788
_PORT_NAME, _STOPPING_PORT_NAME = "suggestion-api", "earlystop-api"
_VOLUME = "suggestion-volume"
_SERVICE = "manager.v1beta1.Suggestion"
_FROM_CONFIG = (
    *("args", "command", "env", "image", "imagePullPolicy", "livenessProbe", "name", "ports"),
    *("readinessProbe", "resources", "securityContext", "volumeMounts"),
)


def stopping_of(suggestion: Object) -> str:
    """The name of its early stopping algorithm; empty without one."""
    return str((suggestion["spec"].get("earlyStopping") or {}).get("algorithmName", ""))


def deployment_of(suggestion: Object, config: KatibConfig) -> Object:
    """Its Deployment. Raises ConfigError."""
    metadata, spec = suggestion["metadata"], suggestion["spec"]
    found = config.suggestion(spec["algorithm"]["algorithmName"])
    labels = suggestion_labels(suggestion)
    annotations = {"annotations": metadata["annotations"]} if metadata.get("annotations") else {}
    pod: Object = {"containers": _containers(suggestion, found, config)}
    if found.get("serviceAccountName"):
        pod["serviceAccountName"] = found["serviceAccountName"]
    elif stopping_of(suggestion):
        pod["serviceAccountName"] = service_name(suggestion)
    if spec.get("resumePolicy") == "FromVolume":
        claim = {"claimName": service_name(suggestion)}
        pod["volumes"] = [{"name": _VOLUME, "persistentVolumeClaim": claim}]
    copied = {"labels": metadata["labels"]} if metadata.get("labels") else {}
    return {
        "metadata": {**_metadata(suggestion), **copied, **annotations},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels, **annotations}, "spec": pod},
        },
    }


def service_of(suggestion: Object) -> Object:
    """Its Service."""
    ports = [{"name": _PORT_NAME, "port": PORT}]
    if stopping_of(suggestion):
        ports.append({"name": _STOPPING_PORT_NAME, "port": STOPPING_PORT})
    return {
        "metadata": _metadata(suggestion),
        "spec": {"selector": suggestion_labels(suggestion), "ports": ports, "type": "ClusterIP"},
    }


def claim_of(suggestion: Object, config: KatibConfig) -> tuple[Resource, Object]:
    """The claim of one that keeps its state. Raises ConfigError."""
    found = config.suggestion(suggestion["spec"]["algorithm"]["algorithmName"])
    spec = found["persistentVolumeClaimSpec"]
    return PERSISTENT_VOLUME_CLAIMS, {"metadata": _metadata(suggestion), "spec": spec}


def rights_of(suggestion: Object) -> Iterator[tuple[Resource, Object]]:
    """What lets an early stopping service change the status of Trials."""
    name, metadata = service_name(suggestion), _metadata(suggestion)
    group = EXPERIMENTS.api_version.partition("/")[0]
    yield SERVICE_ACCOUNTS, {"metadata": metadata}
    rule = {"apiGroups": [group], "resources": ["trials", "trials/status"], "verbs": ["*"]}
    yield ROLES, {"metadata": metadata, "rules": [rule]}
    subject = {"kind": "ServiceAccount", "name": name, "namespace": metadata["namespace"]}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name}
    yield ROLE_BINDINGS, {"metadata": metadata, "subjects": [subject], "roleRef": role}


def _metadata(suggestion: Object) -> Object:
    return {
        "name": service_name(suggestion),
        "namespace": suggestion["metadata"]["namespace"],
        "ownerReferences": [controller_reference(suggestion)],
    }


def _containers(suggestion: Object, found: Object, config: KatibConfig) -> list[Object]:
    container = {key: found[key] for key in _FROM_CONFIG if key in found}
    container.setdefault("name", "suggestion")
    ports = list(container.get("ports") or [])
    if any(one.get("name") == _PORT_NAME or one["containerPort"] == PORT for one in ports):
        raise ConfigError(
            f'invalid suggestion config: a port with name "{_PORT_NAME}" or number {PORT} must '
            "not be specified"
        )
    container["ports"] = [*ports, {"name": _PORT_NAME, "containerPort": PORT}]
    probe = {"grpc": {"port": PORT, "service": _SERVICE}, "initialDelaySeconds": 10}
    container.setdefault("readinessProbe", {**probe, "periodSeconds": 10})
    container.setdefault("livenessProbe", {**probe, "periodSeconds": 120, "failureThreshold": 12})
    mounts = list(container.get("volumeMounts") or [])
    keeps = suggestion["spec"].get("resumePolicy") == "FromVolume"
    if keeps and not any(one["name"] == _VOLUME for one in mounts):
        mounts.append({"name": _VOLUME, "mountPath": found["volumeMountPath"]})
        container["volumeMounts"] = mounts
    containers = [container]
    if algorithm := stopping_of(suggestion):
        stopping = config.early_stopping(algorithm)
        containers.append(
            {
                "name": "early-stopping",
                "image": stopping["image"],
                "imagePullPolicy": stopping["imagePullPolicy"],
                "ports": [{"name": _STOPPING_PORT_NAME, "containerPort": STOPPING_PORT}],
                "resources": stopping["resources"],
            }
        )
    return containers
