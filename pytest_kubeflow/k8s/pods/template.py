"""PodTemplate: what all helper pods have in common, and the Pod objects made by it.

Helper pods are short-lived pods of ours that run to their end under the strictest usual policies:
Pod Security "restricted", quotas that demand requests and limits, and Istio sidecars that would
keep a pod running for ever are all common in profile namespaces.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pytest_kubeflow.config.groups.kubernetes import KubernetesSettings
from pytest_kubeflow.config.keyvalue import KeyValue
from pytest_kubeflow.config.toleration import Toleration
from pytest_kubeflow.k8s.pods.resources import ContainerResources

USER = 1000
GROUP = 1000
_NO_SIDECAR = {"sidecar.istio.io/inject": "false"}


@dataclass(frozen=True, slots=True)
class ContainerSpec:
    """One container of a helper pod. `mounts` maps volume names to paths."""

    name: str
    image: str
    command: Sequence[str]
    mounts: Mapping[str, str]
    read_only: frozenset[str] = frozenset()
    env: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class PodTemplate:
    """What people may ask of helper pods; `resources` are those of each container."""

    resources: ContainerResources = field(default_factory=ContainerResources)
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    tolerations: tuple[Toleration, ...] = ()
    node_selector: Mapping[str, str] = field(default_factory=dict)
    image_pull_secrets: tuple[str, ...] = ()
    priority_class: str | None = None

    @classmethod
    def of(cls, settings: KubernetesSettings) -> PodTemplate:
        """As it was configured."""
        return cls(
            ContainerResources(_mapping(settings.pod_requests), _mapping(settings.pod_limits)),
            _mapping(settings.pod_labels),
            _mapping(settings.pod_annotations),
            settings.pod_tolerations,
            _mapping(settings.pod_node_selector),
            settings.pod_image_pull_secrets,
            settings.pod_priority_class,
        )


def _mapping(pairs: Sequence[KeyValue]) -> dict[str, str]:
    return {pair.key: pair.value for pair in pairs}


def restricted_pod() -> dict[str, Any]:
    """The securityContext of a pod that Pod Security admits at the level `restricted`."""
    return {
        "runAsNonRoot": True,
        "runAsUser": USER,
        "runAsGroup": GROUP,
        "fsGroup": GROUP,
        "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def pod_manifest(
    name: str,
    *,
    labels: Mapping[str, str],
    containers: Sequence[ContainerSpec],
    volumes: Sequence[Mapping[str, Any]] = (),
    template: PodTemplate | None = None,
) -> dict[str, Any]:
    """A Pod that runs `containers` once, one after another, without privileges.

    All but the last are init containers: so the pod never needs more than one of them does.
    `labels` are ours and override those of the template. `volumes` as in a PodSpec.
    """
    template = template or PodTemplate()
    made = [_container(one, template.resources) for one in containers]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "labels": {**_NO_SIDECAR, **template.labels, **labels},
            "annotations": {**_NO_SIDECAR, **template.annotations},
        },
        "spec": {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "terminationGracePeriodSeconds": 1,
            "securityContext": restricted_pod(),
            **_placement(template),
            "initContainers": made[:-1],
            "containers": made[-1:],
            "volumes": [dict(volume) for volume in volumes],
        },
    }


def _placement(template: PodTemplate) -> dict[str, Any]:
    """Where it may run, with what priority and with whose images; only what was asked for."""
    wanted = {
        "tolerations": [_toleration(one) for one in template.tolerations],
        "nodeSelector": dict(template.node_selector),
        "imagePullSecrets": [{"name": name} for name in template.image_pull_secrets],
        "priorityClassName": template.priority_class,
    }
    return {key: value for key, value in wanted.items() if value}


def _toleration(wanted: Toleration) -> dict[str, str]:
    operator = {"operator": "Equal", "value": wanted.value} if wanted.value else {}
    effect = {"effect": wanted.effect} if wanted.effect else {}
    return {"key": wanted.key, "operator": "Exists", **operator, **effect}


def _container(spec: ContainerSpec, resources: ContainerResources) -> dict[str, Any]:
    return {
        "name": spec.name,
        "image": spec.image,
        "command": list(spec.command),
        "env": [{"name": key, "value": value} for key, value in (spec.env or {}).items()],
        "volumeMounts": [
            {"name": volume, "mountPath": path, "readOnly": volume in spec.read_only}
            for volume, path in spec.mounts.items()
        ],
        "resources": resources.manifest(),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        },
    }
