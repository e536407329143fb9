"""StatefulSets as they are written: their defaults, and those of the template of their pods.

Defaults: kubernetes/pkg/apis/apps/v1/defaults.go and core/v1/defaults.go. A real server adds them
to whatever it reads, so they are added again when an object is replaced.
"""

from __future__ import annotations

from typing import Any

from pytest_kubeflow.local.apiserver.errors import Object, invalid
from pytest_kubeflow.local.apiserver.podstrategy import image_defaults
from pytest_kubeflow.local.apiserver.resources import ResourceType

_HISTORY = 10
_FILE_MODE = 0o644
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_SET_MAY_CHANGE = (
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
)


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


def pod_template(template: Object) -> Object:
    """A pod template with its defaults; those of a pod alone come when the pod is made."""
    given = template.get("spec") or {}
    spec: dict[str, Any] = {
        "dnsPolicy": "ClusterFirst",
        "restartPolicy": "Always",
        "schedulerName": "default-scheduler",
        "securityContext": {},
        "terminationGracePeriodSeconds": 30,
        **{key: value for key, value in given.items() if value is not None},
    }
    if account := given.get("serviceAccountName") or given.get("serviceAccount"):
        spec |= {"serviceAccountName": account, "serviceAccount": account}
    for group in ("initContainers", "containers"):
        if given.get(group):
            spec[group] = [_container(one) for one in given[group]]
    if given.get("volumes"):
        spec["volumes"] = [_volume(one) for one in given["volumes"]]
    return {**template, "metadata": template.get("metadata") or {}, "spec": spec}


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


def _container(given: Object) -> Object:
    made = {**image_defaults(given), **given, "resources": given.get("resources") or {}}
    if given.get("ports"):
        made["ports"] = [{"protocol": "TCP", **port} for port in given["ports"]]
    if given.get("env"):
        made["env"] = [_variable(one) for one in given["env"]]
    for name in _PROBES:
        if given.get(name):
            made[name] = _probe(given[name])
    return made


def _variable(given: Object) -> Object:
    source = given.get("valueFrom") or {}
    if "fieldRef" not in source:
        return given
    field = {"apiVersion": "v1", **source["fieldRef"]}
    return {**given, "valueFrom": {**source, "fieldRef": field}}


def _probe(given: Object) -> Object:
    made = {
        "failureThreshold": 3,
        "periodSeconds": 10,
        "successThreshold": 1,
        "timeoutSeconds": 1,
        **given,
    }
    if "httpGet" in given:
        made["httpGet"] = {"path": "/", "scheme": "HTTP", **given["httpGet"]}
    return made


def _volume(given: Object) -> Object:
    made = dict(given)
    for source in ("configMap", "secret", "downwardAPI", "projected"):
        if isinstance(given.get(source), dict):
            made[source] = {"defaultMode": _FILE_MODE, **given[source]}
    if len(given) == 1:  # nothing but a name
        made["emptyDir"] = {}
    return made
