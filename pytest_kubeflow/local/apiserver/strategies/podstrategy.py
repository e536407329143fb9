"""Pods as they are written: their defaults, what of them may change, their node.

Defaults: kubernetes/pkg/apis/core/v1/defaults.go; rules of update: pkg/registry/core/pod.
"""

from __future__ import annotations

from typing import Any

from pytest_kubeflow.local.apiserver.errors import Object, conflict, invalid
from pytest_kubeflow.local.apiserver.resources import ResourceType
from pytest_kubeflow.local.kube.podspec import container, volume

_MAY_CHANGE = ("activeDeadlineSeconds", "terminationGracePeriodSeconds", "tolerations")


def defaulted(obj: Object) -> Object:
    """A pod with its defaults, those of admission included, and its first status."""
    given = obj.get("spec") or {}
    spec: dict[str, Any] = {
        "dnsPolicy": "ClusterFirst",
        "enableServiceLinks": True,
        "preemptionPolicy": "PreemptLowerPriority",
        "restartPolicy": "Always",
        "schedulerName": "default-scheduler",
        "securityContext": {},
        "terminationGracePeriodSeconds": 30,
        **given,
    }
    if spec["terminationGracePeriodSeconds"] < 0:
        spec["terminationGracePeriodSeconds"] = 1
    for group in ("initContainers", "containers"):
        if given.get(group):
            spec[group] = [_container(one) for one in given[group]]
    if given.get("volumes"):
        spec["volumes"] = [volume(one) for one in given["volumes"]]
    tolerations = list(given.get("tolerations") or [])
    for key in ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"):
        if not any(one.get("key") in {key, None} for one in tolerations):
            tolerations.append(
                {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
            )
    spec["tolerations"] = tolerations
    return {**obj, "spec": spec, "status": {"phase": "Pending", "qosClass": quality(spec)}}


def _container(given: Object) -> Object:
    """A container whose requests are its limits where there are none."""
    resources = {**(given.get("resources") or {})}
    if limits := resources.get("limits"):
        resources["requests"] = {**limits, **(resources.get("requests") or {})}
    return {**container(given), "resources": resources}


def quality(spec: Object) -> str:
    """The pod's class of service."""
    resources = [one.get("resources") or {} for one in spec.get("containers") or []]
    if not any(one.get("limits") or one.get("requests") for one in resources):
        return "BestEffort"
    if all(
        {"cpu", "memory"} <= set(one.get("limits") or {})
        and all(one["requests"].get(name) == one["limits"][name] for name in ("cpu", "memory"))
        for one in resources
    ):
        return "Guaranteed"
    return "Burstable"


def check_update(kind: ResourceType, new: Object, old: Object) -> None:
    def fixed(pod: Object) -> Object:
        spec = {k: v for k, v in pod["spec"].items() if k not in _MAY_CHANGE}
        for group in ("initContainers", "containers"):
            spec[group] = [
                {key: value for key, value in one.items() if key != "image"}
                for one in spec.get(group) or []
            ]
        return spec

    if fixed(new) != fixed(old):
        message = (
            "Forbidden: pod updates may not change fields other than "
            "`spec.containers[*].image`,`spec.initContainers[*].image`,"
            "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing "
            "tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was "
            "previously negative)"
        )
        causes = [("spec", "FieldValueForbidden", message)]
        raise invalid("", kind.kind, new["metadata"]["name"], causes)


def add_ephemeral(kind: ResourceType, new: Object, old: Object) -> Object:
    """The pod with more ephemeral containers; those that it has stay as they are."""
    field = "ephemeralContainers"
    had, has = ({one["name"]: one for one in pod["spec"].get(field) or []} for pod in (old, new))
    if any(has.get(name) != one for name, one in had.items()):
        message = "Forbidden: existing ephemeral containers may not be changed or removed"
        causes = [(f"spec.{field}", "FieldValueForbidden", message)]
        raise invalid("", kind.kind, new["metadata"]["name"], causes)
    generation = old["metadata"].get("generation", 1) + (1 if had != has else 0)
    added = [
        {
            "imagePullPolicy": "IfNotPresent",
            "terminationMessagePath": "/dev/termination-log",
            "terminationMessagePolicy": "File",
            "resources": {},
            **one,
        }
        for one in has.values()
    ]
    return {
        **old,
        "metadata": {**old["metadata"], "generation": generation},
        "spec": {**old["spec"], field: added},
    }


def bind(pod: Object, node: str, now: str) -> Object:
    """The pod after the scheduler's Binding to `node`. Raises StatusError 409 if it has one."""
    if pod["spec"].get("nodeName"):
        name = pod["metadata"]["name"]
        why = f'pod {name} is already assigned to node "{pod["spec"]["nodeName"]}"'
        raise conflict("", "pods/binding", name, why)
    conditions = [
        one for one in pod["status"].get("conditions") or [] if one["type"] != "PodScheduled"
    ]
    conditions.append({"type": "PodScheduled", "status": "True", "lastTransitionTime": now})
    return {
        **pod,
        "spec": {**pod["spec"], "nodeName": node},
        "status": {**pod["status"], "conditions": conditions},
    }
