"""Namespaces that are being deleted are emptied, then finalised."""

from __future__ import annotations

from collections import Counter

from pytest_kubeflow.local.controllers.controller import Controller
from pytest_kubeflow.local.controllers.discovery import discover
from pytest_kubeflow.local.kube import ApiError
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.informer import Key
from pytest_kubeflow.local.kube.resources import NAMESPACES, PODS, Resource
from pytest_kubeflow.local.kube.times import now

# Those that controllers of the cluster take away by themselves.
_OF_CLUSTER = frozenset({"foregroundDeletion", "kubernetes.io/pvc-protection", "orphan"})


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
        left: dict[str, list[Object]] = {}
        for resource in await discover(self.client, "list", "delete"):
            if resource.namespaced and resource.plural != "events":
                items = await self._empty(resource.path(name))
                if items:
                    left[_qualified(resource)] = items
        if left:
            # Pods take their grace period and finalizers take their owners' time; both show up
            # as events of other kinds, so this asks again instead of watching everything.
            kept = _finalizers(left)
            if kept:
                await self._tell(namespace, left, kept)
            number = sum(map(len, left.values()))
            self.queue.add_after(key, 2.0 if kept else 0.1 if number < 50 else 0.5)
            return
        events = PODS.path(name).removesuffix("pods") + "events"
        await self._empty(events)
        namespace["spec"] = {**namespace.get("spec", {}), "finalizers": []}
        await self.client.replace(NAMESPACES, namespace, subresource="finalize")

    async def _tell(
        self, namespace: Object, left: dict[str, list[Object]], kept: dict[str, int]
    ) -> None:
        """Say in its status why the namespace does not end."""
        resources = ", ".join(
            f"{plural} has {len(items)} resource instances" for plural, items in left.items()
        )
        held = ", ".join(f"{name} in {number} resource instances" for name, number in kept.items())
        found = [
            (
                "NamespaceContentRemaining",
                "SomeResourcesRemain",
                f"Some resources are remaining: {resources}",
            ),
            (
                "NamespaceFinalizersRemaining",
                "SomeFinalizersRemain",
                f"Some content in the namespace has finalizers remaining: {held}",
            ),
        ]
        known = (namespace.get("status") or {}).get("conditions") or []
        if [(one["type"], one["reason"], one["message"]) for one in known] == found:
            return
        conditions = [
            {
                "type": kind,
                "status": "True",
                "reason": reason,
                "message": message,
                "lastTransitionTime": now(),
            }
            for kind, reason, message in found
        ]
        await self.client.patch(
            NAMESPACES,
            namespace["metadata"]["name"],
            {"status": {"conditions": conditions}},
            subresource="status",
        )

    async def _empty(self, collection: str) -> list[Object]:
        """Ask for the deletion of what is left at `collection`; return that."""
        try:
            items: list[Object] = (await self.client.request("GET", collection))["items"]
        except ApiError as error:
            if error.not_found:  # the CustomResourceDefinition has just gone
                return []
            raise
        if any(not item["metadata"].get("deletionTimestamp") for item in items):
            await self.client.request(
                "DELETE", collection, body={"propagationPolicy": "Background"}
            )
        return items


def _qualified(resource: Resource) -> str:
    """`configmaps.`, `trials.kubeflow.org`, as the controller writes it."""
    group = resource.api_version.partition("/")[0] if "/" in resource.api_version else ""
    return f"{resource.plural}.{group}"


def _finalizers(left: dict[str, list[Object]]) -> dict[str, int]:
    """How many objects each finalizer keeps."""
    counts = Counter(
        name
        for items in left.values()
        for item in items
        for name in item["metadata"].get("finalizers") or ()
        if name not in _OF_CLUSTER
    )
    return dict(sorted(counts.items()))
