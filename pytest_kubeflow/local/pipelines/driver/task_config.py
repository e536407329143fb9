"""Task configuration that is handed on: what a task's pod would get, told to the task instead.

For components that start workloads of their own. Source: kubeflow/pipelines
backend/src/v2/driver/driver.go (TaskConfig, getTaskConfigOptions) and k8s.go.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from pytest_kubeflow.local.kube.client import Object

Json = Any

_TYPE = "TASK_CONFIG"


def inputs_for(component: Json) -> list[str]:
    """The names of the component's inputs that get the configuration."""
    parameters = (component.get("inputDefinitions") or {}).get("parameters") or {}
    return [name for name, one in parameters.items() if one.get("parameterType") == _TYPE]


def pass_through(
    pod: Object, component: Json, *, env: Collection[str], volumes: Collection[str]
) -> Json:
    """Take out of `pod` what the component wants handed on; the configuration for its inputs.

    `env` and `volumes` are the names of what the launcher itself needs, which stays. So do empty
    directories, as they are the pod's own.
    """
    wanted = {one["field"]: one for one in component.get("taskConfigPassthroughs") or []}
    spec, main = pod["spec"], pod["spec"]["containers"][0]
    kept = {one["name"] for one in spec["volumes"] if "emptyDir" in one} | set(volumes)
    config: dict[str, Json] = {
        "affinity": None,
        "tolerations": None,
        "nodeSelector": None,
        "env": None,
        "volumes": None,
        "volumeMounts": None,
        "resources": {},
    }

    def hand_on(field: str, holder: Object, key: str, mine: Collection[str] = ()) -> None:
        if field not in wanted:
            return
        found = holder.get(key)
        if isinstance(found, list):
            found = [one for one in found if one.get("name") not in mine]
        config[key] = found or config[key]
        if wanted[field].get("applyToTask") or key not in holder:
            return
        if mine:
            holder[key] = [one for one in holder[key] if one["name"] in mine]
        else:
            del holder[key]

    hand_on("RESOURCES", main, "resources")
    hand_on("ENV", main, "env", env)
    hand_on("KUBERNETES_AFFINITY", spec, "affinity")
    hand_on("KUBERNETES_TOLERATIONS", spec, "tolerations")
    hand_on("KUBERNETES_NODE_SELECTOR", spec, "nodeSelector")
    hand_on("KUBERNETES_VOLUMES", main, "volumeMounts", kept)
    hand_on("KUBERNETES_VOLUMES", spec, "volumes", kept)
    return config
