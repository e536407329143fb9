"""Where a task's pod may run: selectors, tolerations and affinity of its platform configuration.

Source: kubeflow/pipelines backend/src/v2/driver/k8s.go, extendPodSpecPatch.
"""

from __future__ import annotations

from typing import Any

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.pipelines.driver.inputs.values import TaskError
from pytest_kubeflow.local.pipelines.driver.step import Resolve

Json = Any

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


def place(spec: Object, config: Json, resolve: Resolve) -> None:
    """Change a pod's `spec` as the executor config says. Raises TaskError."""
    if selector := _node_selector(config.get("nodeSelector") or {}, resolve):
        spec["nodeSelector"] = selector
    tolerations = [
        each for one in config.get("tolerations") or [] for each in _tolerations(one, resolve)
    ]
    if tolerations:
        spec["tolerations"] = tolerations
    if nodes := _node_affinity(config.get("nodeAffinity") or [], resolve):
        spec.setdefault("affinity", {})["nodeAffinity"] = nodes


def _node_selector(message: Json, resolve: Resolve) -> Object:
    if source := message.get("nodeSelectorJson"):
        found = resolve(source)
        if found is not None and not isinstance(found, dict):
            raise TaskError(f"failed to resolve node selector: expected a struct, got {found!r}")
        return dict(found or {})
    return dict(message.get("labels") or {})


def _tolerations(message: Json, resolve: Resolve) -> list[Object]:
    source = message.get("tolerationJson")
    if source is None:
        toleration = {key: value for key, value in message.items() if value not in (None, "")}
        if "tolerationSeconds" in toleration:
            toleration["tolerationSeconds"] = int(toleration["tolerationSeconds"])
        return [toleration]
    found = resolve(source)
    if found is None or isinstance(found, dict):
        return [found] if found else []
    if not isinstance(found, list):
        raise TaskError(
            "encountered unexpected toleration proto value, must be either struct or list type"
        )
    return list(found)


def _node_affinity(messages: list[Json], resolve: Resolve) -> Object:
    required: list[Object] = []
    preferred: list[Object] = []
    for message in messages:
        if source := message.get("nodeAffinityJson"):
            found = resolve(source) or {}
            required += (found.get(_REQUIRED) or {}).get("nodeSelectorTerms") or []
            preferred += found.get(_PREFERRED) or []
            continue
        term = {key: message[key] for key in ("matchExpressions", "matchFields") if key in message}
        if not any(term.values()):
            continue
        if "weight" in message:
            preferred.append({"weight": message["weight"], "preference": term})
        else:
            required.append(term)
    affinity: Object = {_PREFERRED: preferred} if preferred else {}
    return affinity | ({_REQUIRED: {"nodeSelectorTerms": required}} if required else {})
