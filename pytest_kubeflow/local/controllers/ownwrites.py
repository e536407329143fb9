"""OwnWrites: what a controller has replaced itself, while its informer still shows what was there.

To reconcile that again is work for nothing: the next write of it would be a Conflict. The idea is
that of kube-controller-manager's consistency store (KEP-5647, stale controller handling).
"""

from __future__ import annotations

from pytest_kubeflow.local.kube import KubeClient, Resource
from pytest_kubeflow.local.kube.client import Object


class OwnWrites:
    """Replaces objects by `client`, and knows by their versions which are replaced."""

    def __init__(self, client: KubeClient) -> None:
        self._client = client
        self._replaced: dict[str, str] = {}  # by uid

    async def replace(
        self, resource: Resource, obj: Object, *, subresource: str | None = None
    ) -> Object:
        """As KubeClient.replace has it."""
        made = await self._client.replace(resource, obj, subresource=subresource)
        version = obj["metadata"]["resourceVersion"]
        # A write that changes nothing makes no version, of which nobody would be told.
        if made["metadata"]["resourceVersion"] != version:
            self._replaced[obj["metadata"]["uid"]] = version
        return made

    def outdated(self, obj: Object) -> bool:
        """Whether a newer version, by which it is reconciled again, is on its way."""
        metadata = obj["metadata"]
        if self._replaced.get(metadata["uid"]) == metadata["resourceVersion"]:
            return True
        self._replaced.pop(metadata["uid"], None)
        return False
