"""ControllerConfig: what `workflow-controller-configmap` says, and where artifacts go.

Sources: argo-workflows v3.7.3 config/config.go and workflow/artifactrepositories.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import yaml

from pytest_kubeflow.local.kube import ApiError, KubeClient
from pytest_kubeflow.local.kube.resources import CONFIG_MAPS
from pytest_kubeflow.local.workflows.errors import WorkflowError

Json = Any

NAMESPACE, NAME = "kubeflow", "workflow-controller-configmap"
_REPOSITORIES = "artifact-repositories"
_DEFAULT = "workflows.argoproj.io/default-artifact-repository"


@dataclass(frozen=True, slots=True)
class ControllerConfig:
    """Settings of the controller; each is as YAML has it."""

    repository: Json = None
    defaults: Json = field(default_factory=dict)
    executor: Json = field(default_factory=dict)
    main: Json = field(default_factory=dict)


async def read_config(client: KubeClient) -> ControllerConfig:
    """What the ConfigMap says now; nothing where there is none. Raises ApiError."""
    try:
        data = (await client.get(CONFIG_MAPS, NAME, NAMESPACE)).get("data") or {}
    except ApiError as error:
        if not error.not_found:
            raise
        data = {}

    def parsed(key: str) -> Json:
        try:
            return yaml.safe_load(data.get(key) or "{}") or {}
        except yaml.YAMLError:
            return {}

    return ControllerConfig(
        parsed("artifactRepository") or None,
        parsed("workflowDefaults"),
        parsed("executor"),
        parsed("mainContainer"),
    )


async def find_repository(
    client: KubeClient, config: ControllerConfig, wanted: Json, namespace: str
) -> Json:
    """The reference to the artifact repository of a Workflow, with what it says.

    `wanted` is `spec.artifactRepositoryRef`. Raises WorkflowError, ApiError.
    """
    if not wanted:
        found = await _read(client, namespace, _REPOSITORIES, None)
        if found is not None:
            return found
        default = {"default": True}
        return default | ({"artifactRepository": config.repository} if config.repository else {})
    for place in (namespace, NAMESPACE):
        name = wanted.get("configMap") or _REPOSITORIES
        found = await _read(client, place, name, wanted.get("key"))
        if found is not None:
            return found
    shown = ",".join(f"{key}={wanted[key]}" for key in ("configMap", "key") if wanted.get(key))
    raise WorkflowError(
        "failed to resolve artifact repository: failed to find any artifact repository for "
        f'artifact repository ref "{shown}"'
    )


async def _read(client: KubeClient, namespace: str, name: str, key: str | None) -> Json:
    try:
        found = await client.get(CONFIG_MAPS, name, namespace)
    except ApiError as error:
        if error.not_found:
            return None
        raise
    key = key or (found["metadata"].get("annotations") or {}).get(_DEFAULT, "")
    text = (found.get("data") or {}).get(key)
    if text is None:
        return None
    try:
        repository = yaml.safe_load(text)
    except yaml.YAMLError as error:
        why = " ".join(str(error).split())
        raise WorkflowError(
            f'failed to resolve artifact repository: failed to unmarshall config map key "{key}": '
            f"{why}"
        ) from None
    return {
        "configMap": name,
        "key": key,
        "namespace": namespace,
        "artifactRepository": repository,
    }
