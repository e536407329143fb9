"""volumeClaimTemplates: claims that a Workflow has for itself.

Source: argo-workflows v3.7.3 workflow/controller/operator.go (createPVCs, deletePVCs).
"""

from __future__ import annotations

import copy
from typing import Any

from pytest_kubeflow.local.controllers.owners import controller_reference
from pytest_kubeflow.local.kube import ApiError, KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import PERSISTENT_VOLUME_CLAIMS
from pytest_kubeflow.local.workflows.errors import TransientError, WorkflowError
from pytest_kubeflow.local.workflows.podspec import LABEL

Json = Any


async def make_claims(client: KubeClient, workflow: Object, spec: Json) -> bool:
    """Make those that are not there yet, and note them in the status; whether any was made.

    Raises WorkflowError, TransientError.
    """
    wanted = spec.get("volumeClaimTemplates") or []
    status = workflow["status"]
    if len(wanted) == len(status.get("persistentVolumeClaims") or ()):
        return False
    owner = workflow["metadata"]
    made = []
    for number, one in enumerate(wanted):
        short = (one.get("metadata") or {}).get("name")
        if not short:
            raise WorkflowError(f"volumeClaimTemplates[{number}].metadata.name is required")
        claim = _manifest(one, f"{owner['name']}-{short}", workflow)
        await _make(client, claim, owner["uid"])
        source = {"claimName": claim["metadata"]["name"]}
        made.append({"name": short, "persistentVolumeClaim": source})
    status["persistentVolumeClaims"] = made
    return True


def _manifest(template: Json, name: str, workflow: Object) -> Object:
    claim: Object = copy.deepcopy(template)
    owner = workflow["metadata"]
    claim.pop("status", None)
    claim["metadata"] = {
        **claim["metadata"],
        "name": name,
        "namespace": owner["namespace"],
        "labels": {**(claim["metadata"].get("labels") or {}), LABEL: owner["name"]},
        "ownerReferences": [controller_reference(workflow)],
    }
    claim["metadata"].pop("creationTimestamp", None)
    return claim


async def _make(client: KubeClient, claim: Object, uid: str) -> None:
    metadata = claim["metadata"]
    try:
        await client.create(PERSISTENT_VOLUME_CLAIMS, claim)
    except ApiError as error:
        if error.reason == "AlreadyExists":
            found = await client.get(
                PERSISTENT_VOLUME_CLAIMS, metadata["name"], metadata["namespace"]
            )
            owners = found["metadata"].get("ownerReferences") or ()
            if any(one["uid"] == uid for one in owners):
                return
            message = f"{metadata['name']} pvc already exists with different ownerreference"
            raise WorkflowError(message) from None
        if error.code == 403 and "exceeded quota" in error.message:
            raise TransientError(error.message) from None
        raise WorkflowError(error.message) from None


async def remove_claims(client: KubeClient, workflow: Object, spec: Json) -> None:
    """Remove them at the end, as `volumeClaimGC` says: after success, or in any case."""
    strategy = (spec.get("volumeClaimGC") or {}).get("strategy") or "OnWorkflowSuccess"
    status, namespace = workflow["status"], workflow["metadata"]["namespace"]
    wanted = {"OnWorkflowSuccess": status["phase"] == "Succeeded", "OnWorkflowCompletion": True}
    if not wanted.get(strategy):
        return
    kept = []
    for one in status.get("persistentVolumeClaims") or ():
        name = one["persistentVolumeClaim"]["claimName"]
        try:
            await client.delete(PERSISTENT_VOLUME_CLAIMS, name, namespace)
            # Argo's controller takes the protection away: pods that have ended hold it no longer.
            await client.patch(
                PERSISTENT_VOLUME_CLAIMS,
                name,
                {"metadata": {"finalizers": None}},
                namespace=namespace,
            )
        except ApiError as error:
            if not error.not_found:
                kept.append(one)
    if "persistentVolumeClaims" in status:
        status["persistentVolumeClaims"] = kept
        if not kept:
            del status["persistentVolumeClaims"]
