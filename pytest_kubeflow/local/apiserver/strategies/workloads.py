"""Workloads as they are written: their defaults, and those of the template of their pods.

Defaults: kubernetes/pkg/apis/apps/v1/defaults.go and core/v1/defaults.go. A real server adds them
to whatever it reads, so they are added again when an object is replaced.
"""

from __future__ import annotations

from typing import Any

from pytest_kubeflow.local.apiserver.errors import Object, invalid
from pytest_kubeflow.local.apiserver.resources import ResourceType
from pytest_kubeflow.local.kube.podspec import pod_template

_HISTORY = 10
_SET_MAY_CHANGE = (
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
)


def deployment(obj: Object) -> Object:
    """A Deployment with its defaults."""
    given = _given(obj)
    strategy = {"type": "RollingUpdate", **(given.get("strategy") or {})}
    if strategy["type"] == "RollingUpdate":
        rolling = strategy.get("rollingUpdate") or {}
        strategy["rollingUpdate"] = {"maxUnavailable": "25%", "maxSurge": "25%", **rolling}
    return _workload(
        obj,
        {
            "progressDeadlineSeconds": 600,
            "replicas": 1,
            "revisionHistoryLimit": _HISTORY,
            **given,
            "strategy": strategy,
        },
    )


def replica_set(obj: Object) -> Object:
    """A ReplicaSet with its defaults."""
    return _workload(obj, {"replicas": 1, **_given(obj)})


def daemon_set(obj: Object) -> Object:
    """A DaemonSet with its defaults."""
    given = _given(obj)
    strategy = {"type": "RollingUpdate", **(given.get("updateStrategy") or {})}
    if strategy["type"] == "RollingUpdate":
        rolling = strategy.get("rollingUpdate") or {}
        strategy["rollingUpdate"] = {"maxSurge": 0, "maxUnavailable": 1, **rolling}
    spec = {"revisionHistoryLimit": _HISTORY, **given, "updateStrategy": strategy}
    return _workload(obj, spec)


def _given(obj: Object) -> Object:
    return {key: value for key, value in (obj.get("spec") or {}).items() if value is not None}


def _workload(obj: Object, spec: Object) -> Object:
    template = pod_template(spec.get("template") or {})
    return {"status": {}, **obj, "spec": {**spec, "template": template}}


def stateful_set(obj: Object) -> Object:
    """A StatefulSet with its defaults."""
    given = obj.get("spec") or {}
    strategy = dict(given.get("updateStrategy") or {})
    if not strategy.get("type"):
        strategy = {"type": "RollingUpdate", "rollingUpdate": strategy.get("rollingUpdate") or {}}
    if strategy.get("rollingUpdate") is not None and strategy["type"] == "RollingUpdate":
        # maxUnavailable belongs to a feature that is off, and is dropped.
        partition = strategy["rollingUpdate"].get("partition")
        strategy["rollingUpdate"] = {"partition": partition or 0}
    spec: dict[str, Any] = {
        "podManagementPolicy": "OrderedReady",
        "replicas": 1,
        "revisionHistoryLimit": _HISTORY,
        "serviceName": "",
        **{key: value for key, value in given.items() if value is not None},
        "updateStrategy": strategy,
        "persistentVolumeClaimRetentionPolicy": {
            "whenDeleted": "Retain",
            "whenScaled": "Retain",
            **(given.get("persistentVolumeClaimRetentionPolicy") or {}),
        },
        "template": pod_template(given.get("template") or {}),
    }
    if given.get("volumeClaimTemplates"):
        spec["volumeClaimTemplates"] = [_claim(one) for one in given["volumeClaimTemplates"]]
    return {**obj, "spec": spec}


def check_set_update(kind: ResourceType, new: Object, old: Object) -> None:
    """Raise StatusError 422 where more of a StatefulSet changes than may."""

    def fixed(obj: Object) -> Object:
        return {key: value for key, value in obj["spec"].items() if key not in _SET_MAY_CHANGE}

    if fixed(new) != fixed(old):
        message = (
            "Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', "
            "'template', 'updateStrategy', 'revisionHistoryLimit', "
            "'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
        )
        causes = [("spec", "FieldValueForbidden", message)]
        raise invalid(kind.group, kind.kind, new["metadata"]["name"], causes)


def _claim(template: Object) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        **template,
        "spec": {"volumeMode": "Filesystem", **(template.get("spec") or {})},
        "status": {"phase": "Pending"},
    }
