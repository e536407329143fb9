"""The `scale` subresource: an object's number of replicas as an autoscaling/v1 Scale.

Shape: k8s.io/api/autoscaling/v1; which fields of a custom resource it stands for, its definition
says (apiextensions `subresources.scale`).
"""

from __future__ import annotations

from typing import Any

from pytest_kubeflow.local.apiserver.errors import Object, StatusError, invalid
from pytest_kubeflow.local.apiserver.patches.merge import merge_patch
from pytest_kubeflow.local.apiserver.resources import ResourceType

_BUILT_IN = {
    "specReplicasPath": ".spec.replicas",
    "statusReplicasPath": ".status.replicas",
}
_IDENTITY = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")


def scale_of(kind: ResourceType, version: str, obj: Object, *, asked: bool = False) -> Object:
    """The Scale that stands for `obj`.

    Raises StatusError 500 where it is `asked` for and a custom object has no replicas.
    """
    paths = _paths(kind, version)
    metadata = obj["metadata"]
    if asked and kind.custom and _at(obj, paths["specReplicasPath"]) is None:
        why = f'the spec replicas field "{paths["specReplicasPath"]}" does not exist'
        raise StatusError(500, "InternalError", f"Internal error occurred: {why}")
    status: Object = {"replicas": _at(obj, paths["statusReplicasPath"]) or 0}
    if selector := _selector(obj, paths):
        status["selector"] = selector
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: metadata[key] for key in _IDENTITY if key in metadata},
        "spec": {"replicas": _at(obj, paths["specReplicasPath"]) or 0},
        "status": status,
    }


def scaled(kind: ResourceType, version: str, obj: Object, scale: Object) -> Object:
    """`obj` with the replicas of `scale`. Raises StatusError 422 for what is no number of them."""
    replicas = (scale.get("spec") or {}).get("replicas", 0)
    if not isinstance(replicas, int) or isinstance(replicas, bool) or replicas < 0:
        message = f"Invalid value: {replicas}: must be greater than or equal to 0"
        cause = ("spec.replicas", "FieldValueInvalid", message)
        raise invalid("autoscaling", "Scale", obj["metadata"]["name"], [cause])
    change: Any = replicas
    for part in reversed(_paths(kind, version)["specReplicasPath"].strip(".").split(".")):
        change = {part: change}
    changed: Object = merge_patch(obj, change)
    version_seen = (scale.get("metadata") or {}).get("resourceVersion")
    if version_seen:
        changed["metadata"] = {**changed["metadata"], "resourceVersion": version_seen}
    return changed


def _paths(kind: ResourceType, version: str) -> dict[str, str]:
    if kind.definition is None:
        return _BUILT_IN
    versions = kind.definition["spec"]["versions"]
    own = next(one for one in versions if one["name"] == version)
    paths: dict[str, str] = own["subresources"]["scale"]
    return paths


def _selector(obj: Object, paths: dict[str, str]) -> str:
    if "labelSelectorPath" in paths:
        return str(_at(obj, paths["labelSelectorPath"]) or "")
    if paths is not _BUILT_IN:
        return ""
    selector = (obj.get("spec") or {}).get("selector") or {}
    terms = [f"{key}={value}" for key, value in sorted((selector.get("matchLabels") or {}).items())]
    for one in selector.get("matchExpressions") or []:
        match one["operator"]:
            case "Exists":
                terms.append(one["key"])
            case "DoesNotExist":
                terms.append(f"!{one['key']}")
            case operator:
                terms.append(f"{one['key']} {operator.lower()} ({','.join(sorted(one['values']))})")
    return ",".join(terms)


def _at(obj: Object, path: str) -> Any:
    found: Any = obj
    for part in path.strip(".").split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found
