"""What stands around the pod of a session: account, claim, network policy, Job and CronJob."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pytest_kubeflow.config.model import KubeflowConfig
from pytest_kubeflow.incluster.variables import AUTHORITY

NAME, INSTANCE = "app.kubernetes.io/name", "app.kubernetes.io/instance"
_DNS, _API = 53, (443, 6443)
_KEPT_SECONDS = 7 * 24 * 3600
_SUCCESSFUL, _FAILED = 3, 5
"""How many Jobs of a CronJob are kept."""

_PLATFORM = ("kubeflow", "istio-system", "knative-serving", "auth", "oauth2-proxy")
"""Namespaces of Kubeflow's parts, as its manifests have them."""


def labels_of(name: str) -> dict[str, str]:
    """The labels of all objects of one name."""
    return {NAME: "pytest-kubeflow", INSTANCE: name}


def account(name: str, namespace: str) -> dict[str, Any]:
    """The ServiceAccount; its token is mounted where a pod asks for it."""
    return _object("v1", "ServiceAccount", name, namespace)


def claim(name: str, instance: str, config: KubeflowConfig, namespace: str) -> dict[str, Any]:
    """The claim for reports and history."""
    spec: dict[str, Any] = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": config.kubernetes.volume_size}},
    }
    if config.kubernetes.storage_class is not None:
        spec["storageClassName"] = config.kubernetes.storage_class
    made = _object("v1", "PersistentVolumeClaim", name, namespace, instance=instance)
    return {**made, "spec": spec}


def authority(name: str, instance: str, namespace: str, file: Path) -> dict[str, Any]:
    """The ConfigMap with the certificates of the gateway's authority, which are no secret."""
    made = _object("v1", "ConfigMap", name, namespace, instance=instance)
    return {**made, "data": {AUTHORITY: file.read_text(encoding="utf-8")}}


def network_policy(name: str, config: KubeflowConfig, namespace: str) -> dict[str, Any]:
    """Nobody comes in; out go names, the API server, Kubeflow, and what the settings name."""
    named = [{"ports": _tcp(*ports)} for ports in [_named_ports(config)] if ports]
    platform = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": [*_PLATFORM]}
    return {
        **_object("networking.k8s.io/v1", "NetworkPolicy", name, namespace),
        "spec": {
            "podSelector": {"matchLabels": labels_of(name)},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [],
            "egress": [
                {"ports": [{"protocol": one, "port": _DNS} for one in ("UDP", "TCP")]},
                {"ports": _tcp(*_API)},
                {"to": [{"podSelector": {}}]},
                {"to": [{"namespaceSelector": {"matchExpressions": [platform]}}]},
                *named,
            ],
        },
    }


def job_spec(template: Mapping[str, Any], config: KubeflowConfig) -> dict[str, Any]:
    """One session: a failed one is told, not repeated."""
    return {
        "backoffLimit": 0,
        "activeDeadlineSeconds": int(config.incluster.deadline),
        "template": dict(template),
    }


def job(name: str, namespace: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    """A session now."""
    made = _object("batch/v1", "Job", name, namespace)
    return {**made, "spec": {"ttlSecondsAfterFinished": _KEPT_SECONDS, **spec}}


def cron_job(
    name: str, namespace: str, spec: Mapping[str, Any], config: KubeflowConfig
) -> dict[str, Any]:
    """A session at its times, of which one that is late is left out while another one runs."""
    return {
        **_object("batch/v1", "CronJob", name, namespace),
        "spec": {
            "schedule": config.incluster.schedule,
            "concurrencyPolicy": "Forbid",
            "startingDeadlineSeconds": 3600,
            "successfulJobsHistoryLimit": _SUCCESSFUL,
            "failedJobsHistoryLimit": _FAILED,
            "jobTemplate": {"metadata": {"labels": labels_of(name)}, "spec": dict(spec)},
        },
    }


def _object(
    version: str, kind: str, name: str, namespace: str, *, instance: str | None = None
) -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace, "labels": labels_of(instance or name)}
    return {"apiVersion": version, "kind": kind, "metadata": metadata}


def _tcp(*ports: int) -> list[dict[str, Any]]:
    return [{"protocol": "TCP", "port": one} for one in ports]


def _named_ports(config: KubeflowConfig) -> Sequence[int]:
    """The ports of what the settings name outside of Kubeflow's namespaces."""
    named = (config.gateway.host, config.s3.endpoint, config.reporting.endpoint)
    urls = [urlsplit(one) for one in named if one]
    ports = {one.port or (443 if one.scheme == "https" else 80) for one in urls}
    registry = config.images.registry
    if registry is not None and ":" in registry.partition("/")[0]:
        ports.add(int(registry.partition("/")[0].rpartition(":")[2]))
    return sorted(ports - set(_API))
