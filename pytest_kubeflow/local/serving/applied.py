"""Applier: brings objects of an InferenceService to what they should be."""

from __future__ import annotations

import hashlib
import json

from pytest_kubeflow.local.controllers.owners import controller_of, controller_reference
from pytest_kubeflow.local.kube import ApiError, KubeClient, Resource
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.serving.errors import ReconcileError

# A digest of what was last wanted: defaults that the API server or others add do not disturb it.
_DIGEST = "internal.serving.kserve.io/applied"


class Applier:
    """Creates and changes objects in the name of one InferenceService, which owns them."""

    def __init__(self, client: KubeClient, owner: Object) -> None:
        self._client = client
        self._owner = owner
        self._namespace = owner["metadata"]["namespace"]

    async def apply(self, resource: Resource, wanted: Object) -> Object:
        """Make the object be as `wanted`; returns it. Raises ReconcileError, ApiError."""
        name = wanted["metadata"]["name"]
        digest = _digest(wanted)
        labelled = self._complete(wanted, digest)
        try:
            known = await self._client.get(resource, name, self._namespace)
        except ApiError as error:
            if not error.not_found:
                raise
            return await self._client.create(resource, labelled)
        if (controller_of(known) or {}).get("uid") != self._owner["metadata"]["uid"]:
            raise ReconcileError(
                f"{resource.kind} {self._namespace}/{name} is there already and belongs to "
                "somebody else"
            )
        if (known["metadata"].get("annotations") or {}).get(_DIGEST) == digest:
            return known
        metadata = {**known["metadata"], **labelled["metadata"]}
        return await self._client.replace(resource, {**known, **labelled, "metadata": metadata})

    async def remove(self, resource: Resource, name: str) -> None:
        """Delete an object, if there is one."""
        try:
            await self._client.delete(resource, name, self._namespace, propagation="Background")
        except ApiError as error:
            if not error.not_found:
                raise

    def _complete(self, wanted: Object, digest: str) -> Object:
        metadata = wanted["metadata"]
        annotations = {**(metadata.get("annotations") or {}), _DIGEST: digest}
        return {
            **wanted,
            "metadata": {
                **metadata,
                "namespace": self._namespace,
                "annotations": annotations,
                "ownerReferences": [controller_reference(self._owner)],
            },
        }


def _digest(wanted: Object) -> str:
    text = json.dumps(wanted, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]
