"""CreatePVC and DeletePVC: tasks that the driver does itself, without a pod.

Source: kubeflow/pipelines backend/src/v2/driver/k8s.go, createPVC and deletePVC, of which only the
first makes an entry for the cache.
"""

from __future__ import annotations

import uuid
from typing import Any

from pytest_kubeflow.local.kube import ApiError, KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import PERSISTENT_VOLUME_CLAIMS
from pytest_kubeflow.local.pipelines.driver.inputs.values import TaskError, Values

Json = Any

CREATE, DELETE = "argostub/createpvc", "argostub/deletepvc"
_CHOSEN = "chosen_name"


def is_claim(image: str) -> bool:
    """Whether `image` stands for one of these tasks."""
    return image in {CREATE, DELETE}


def named(image: str, inputs: Values) -> Values:
    """The inputs with the name of the claim that is to be made, so that it is part of them."""
    parameters = inputs.parameters
    if image == DELETE or parameters.get("pvc_name"):
        return inputs
    name = f"{uuid.uuid4()}{parameters.get('pvc_name_suffix') or ''}"
    return Values({**parameters, _CHOSEN: name}, inputs.artifacts)


async def operate(
    client: KubeClient, image: str, parameters: dict[str, Json], namespace: str
) -> dict[str, Json]:
    """Do what the stub image `image` stands for; the output parameters. Raises TaskError."""
    if image == DELETE:
        await _delete(client, str(parameters["pvc_name"]), namespace)
        return {}
    try:
        made = await client.create(PERSISTENT_VOLUME_CLAIMS, claim_manifest(parameters, namespace))
    except ApiError as error:
        raise TaskError(f"failed to create pvc: {error.message}") from None
    return {"name": made["metadata"]["name"]}


async def _delete(client: KubeClient, name: str, namespace: str) -> None:
    try:
        await client.delete(PERSISTENT_VOLUME_CLAIMS, name, namespace)
    except ApiError as error:
        why = f"cannot find pvc: {error.message}" if error.not_found else error.message
        raise TaskError(f"failed to delete pvc {name}: {why}") from None


def claim_manifest(parameters: dict[str, Json], namespace: str) -> Object:
    """The PersistentVolumeClaim that a CreatePVC task asks for. Raises TaskError."""
    name, suffix = parameters.get("pvc_name"), parameters.get("pvc_name_suffix")
    if name and suffix:
        raise TaskError(
            "failed to create pvc: at most one of pvc_name and pvc_name_suffix can be non-empty"
        )
    spec: Object = {
        "accessModes": parameters.get("access_modes") or ["ReadWriteOnce"],
        "resources": {"requests": {"storage": str(parameters.get("size", ""))}},
    }
    if "storage_class_name" in parameters:  # empty: no class, a volume that is there already
        spec["storageClassName"] = parameters["storage_class_name"]
    for source, field in (("volume_name", "volumeName"), ("data_source", "dataSource")):
        if parameters.get(source):
            spec[field] = parameters[source]
    return {
        "metadata": {
            "name": name or parameters[_CHOSEN],
            "namespace": namespace,
            "annotations": parameters.get("annotations") or {},
        },
        "spec": spec,
    }
