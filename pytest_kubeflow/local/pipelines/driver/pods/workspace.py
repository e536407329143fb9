"""The workspace of a run: a volume of its own that tasks mount which speak of its path.

Source: kubeflow/pipelines backend/src/v2/compiler/argocompiler/argo.go (GetWorkspacePVC) and
v2/driver/driver.go (needsWorkspaceMount). It is a claim of the Workflow, and goes with it.
"""

from __future__ import annotations

from typing import Any

from pytest_kubeflow.local.kube import ApiError, KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import PERSISTENT_VOLUME_CLAIMS
from pytest_kubeflow.local.pipelines.driver.inputs.values import TaskError, Values

Json = Any

PATH = "/kfp-workspace"
FLAG = "_kfp_workspace"
_VOLUME = "kfp-workspace"


def claim_name(workflow: str) -> str:
    """The name of a run's claim, as Argo makes it from a volume claim template."""
    return f"{workflow}-{_VOLUME}"


async def make_claim(client: KubeClient, workflow: Object, config: Json) -> None:
    """Make the claim that `pipelineConfig.workspace` asks for; one that is there stays.

    Raises TaskError.
    """
    patch = (config.get("kubernetes") or {}).get("pvcSpecPatch") or {}
    meta = workflow["metadata"]
    owner = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "controller": True}
    spec = {"accessModes": ["ReadWriteOnce"]} | patch
    spec["resources"] = {"requests": {"storage": config["size"]}}
    claim = {
        "metadata": {
            "name": claim_name(meta["name"]),
            "namespace": meta["namespace"],
            "ownerReferences": [owner | {"name": meta["name"], "uid": meta["uid"]}],
        },
        "spec": spec,
    }
    try:
        await client.create(PERSISTENT_VOLUME_CLAIMS, claim)
    except ApiError as error:
        if error.reason != "AlreadyExists":
            raise TaskError(f"failed to create the workspace: {error.message}") from None


def is_wanted(inputs: Values) -> bool:
    """Whether a task with these inputs mounts the workspace."""
    texts = (one for one in inputs.parameters.values() if isinstance(one, str))
    artifacts = (one for found in inputs.artifacts.values() for one in found)
    return any(PATH in text for text in texts) or any(one.metadata.get(FLAG) for one in artifacts)


def mount(pod: Object, workflow: str) -> None:
    """Put the run's workspace into a task's pod."""
    claim = {"claimName": claim_name(workflow)}
    pod["spec"]["volumes"].append({"name": _VOLUME, "persistentVolumeClaim": claim})
    main = pod["spec"]["containers"][0]
    main["volumeMounts"].append({"name": _VOLUME, "mountPath": PATH})
