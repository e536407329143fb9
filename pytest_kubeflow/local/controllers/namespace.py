"""Namespaces that are being deleted are emptied, then finalised."""

from __future__ import annotations

from pytest_kubeflow.local.controllers.controller import Controller
from pytest_kubeflow.local.controllers.discovery import discover
from pytest_kubeflow.local.kube import ApiError
from pytest_kubeflow.local.kube.informer import Key
from pytest_kubeflow.local.kube.resources import NAMESPACES, PODS


class NamespaceController(Controller):
    """Deletes all that a terminating namespace holds, and lifts its finalizer when it is empty."""

    name = "namespace"

    def watch(self) -> None:
        self.namespaces = self.enqueue_from(NAMESPACES)

    async def reconcile(self, key: Key) -> None:
        name = key[1]
        cached = self.namespaces.get(name)
        if cached is None or not cached["metadata"].get("deletionTimestamp"):
            return
        # The cache may be late: what has this name now may be a new one, which keeps what it has.
        namespace = await self.client.get(NAMESPACES, name)
        if not namespace["metadata"].get("deletionTimestamp"):
            return
        left = 0
        for resource in await discover(self.client, "list", "delete"):
            if resource.namespaced and resource.plural != "events":
                left += await self._empty(resource.path(name))
        if left:
            # Pods take their grace period and finalizers take their owners' time; both show up
            # as events of other kinds, so this asks again instead of watching everything.
            self.queue.add_after(key, 0.1 if left < 50 else 0.5)
            return
        events = PODS.path(name).removesuffix("pods") + "events"
        await self._empty(events)
        namespace["spec"] = {**namespace.get("spec", {}), "finalizers": []}
        await self.client.replace(NAMESPACES, namespace, subresource="finalize")

    async def _empty(self, collection: str) -> int:
        """Ask for the deletion of what is left at `collection`; return how much that is."""
        try:
            items = (await self.client.request("GET", collection))["items"]
        except ApiError as error:
            if error.not_found:  # the CustomResourceDefinition has just gone
                return 0
            raise
        if any(not item["metadata"].get("deletionTimestamp") for item in items):
            await self.client.request(
                "DELETE", collection, body={"propagationPolicy": "Background"}
            )
        return len(items)
