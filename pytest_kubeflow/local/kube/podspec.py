"""Defaults of containers and volumes, which pods and the templates of pods have in common.

Source: kubernetes/pkg/apis/core/v1/defaults.go.
"""

from __future__ import annotations

from typing import Any

from pytest_kubeflow.local.kube.client import Object

_FILE_MODE = 0o644
_TOKEN_SECONDS = 3600
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")


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
            spec[group] = [container(one) for one in given[group]]
    if given.get("volumes"):
        spec["volumes"] = [volume(one) for one in given["volumes"]]
    return {**template, "metadata": template.get("metadata") or {}, "spec": spec}


def container(given: Object) -> Object:
    """A container, with the defaults that are the same in pods and templates."""
    made = {**_image_defaults(given), **given, "resources": given.get("resources") or {}}
    if given.get("ports"):
        made["ports"] = [{"protocol": "TCP", **port} for port in given["ports"]]
    if given.get("env"):
        made["env"] = [_variable(one) for one in given["env"]]
    for name in _PROBES:
        if given.get(name):
            made[name] = _probe(given[name])
    return made


def _variable(given: Object) -> Object:
    source = given.get("valueFrom")
    return {**given, "valueFrom": _versioned(source)} if source else given


def _versioned(source: Object) -> Object:
    """What reads a field of the pod, with the version in which it is called so."""
    if "fieldRef" not in source:
        return source
    return {**source, "fieldRef": {"apiVersion": "v1", **source["fieldRef"]}}


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


def volume(given: Object) -> Object:
    """A volume; one that is nothing but a name is an empty directory."""
    made = dict(given)
    for source in ("configMap", "secret", "downwardAPI", "projected"):
        if isinstance(given.get(source), dict):
            made[source] = {"defaultMode": _FILE_MODE, **given[source]}
    if isinstance(given.get("hostPath"), dict):
        made["hostPath"] = {"type": "", **given["hostPath"]}
    if "downwardAPI" in made:
        made["downwardAPI"] = _items(made["downwardAPI"])
    if (made.get("projected") or {}).get("sources"):
        sources = [_projection(one) for one in made["projected"]["sources"]]
        made["projected"] = {**made["projected"], "sources": sources}
    return made if len(given) > 1 else {**made, "emptyDir": {}}


def _items(source: Object) -> Object:
    if not source.get("items"):
        return source
    return {**source, "items": [_versioned(one) for one in source["items"]]}


def _projection(given: Object) -> Object:
    made = dict(given)
    if isinstance(given.get("downwardAPI"), dict):
        made["downwardAPI"] = _items(given["downwardAPI"])
    if isinstance(given.get("serviceAccountToken"), dict):
        token = {"expirationSeconds": _TOKEN_SECONDS, **given["serviceAccountToken"]}
        made["serviceAccountToken"] = token
    return made


def _image_defaults(container: Object) -> Object:
    """What every container has, in a pod and in the template of one."""
    image = container.get("image") or ""
    latest = ":" not in image.rpartition("/")[2] or image.endswith(":latest")
    return {
        "imagePullPolicy": "Always" if latest and "@" not in image else "IfNotPresent",
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
    }
