"""Objects whose owners are gone are deleted, as the garbage collector of Kubernetes does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable

from pytest_kubeflow.local.controllers.controller import Controller, Informers
from pytest_kubeflow.local.controllers.discovery import discover
from pytest_kubeflow.local.kube import ApiError, KubeClient, Resource
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.informer import Key
from pytest_kubeflow.local.kube.resources import CUSTOM_RESOURCE_DEFINITIONS

_IGNORED = frozenset({"events", "leases"})


class GarbageCollector:
    """Watches everything that can be deleted and keeps the graph of owners.

    Foreground deletion is shown by the API server as a finalizer, which is lifted here once none is
    left of those dependents that block their owner's deletion.
    """

    name = "garbagecollector"

    def __init__(self, client: KubeClient, informers: Informers) -> None:
        self._client = client
        self._informers = informers
        self._objects: dict[str, tuple[Resource, Object]] = {}
        self._dependents: dict[str, set[str]] = defaultdict(set)
        self._watched: set[Resource] = set()
        self._sweeper = _Sweeper(self, client, self._informers)

    async def run(self) -> None:
        await self._watch_all()
        await self._sweeper.run()

    async def _watch_all(self) -> None:
        for resource in await discover(self._client, "list", "watch", "delete"):
            if resource in self._watched or resource.plural in _IGNORED:
                continue
            self._watched.add(resource)
            self._informers[resource].on_change(
                lambda kind, obj, resource=resource: self._changed(kind, resource, obj)  # type: ignore[misc]
            )

    def _changed(self, kind: str, resource: Resource, obj: Object) -> None:
        metadata = obj["metadata"]
        uid = metadata["uid"]
        owners = _owners(obj) if kind != "DELETED" else set()
        known = self._objects.get(uid)
        for owner in (_owners(known[1]) if known else set()) - owners:
            self._dependents[owner].discard(uid)
            self._sweeper.queue.add(("", owner))
        if kind == "DELETED":
            self._objects.pop(uid, None)
            self._sweeper.queue.add(("", uid))
            return
        self._objects[uid] = (resource, obj)
        for owner in owners:
            self._dependents[owner].add(uid)
            if owner not in self._objects:
                self._sweeper.queue.add(("", owner))
        if metadata.get("deletionTimestamp"):
            self._sweeper.queue.add(("", uid))
        if resource == CUSTOM_RESOURCE_DEFINITIONS:
            self._sweeper.queue.add(("discovery", ""))

    async def sweep(self, uid: str) -> None:
        """Delete the dependents of `uid` where it no longer exists or waits for them."""
        known = self._objects.get(uid)
        if known is not None and not known[1]["metadata"].get("deletionTimestamp"):
            return
        dependents = [
            self._objects[one] for one in self._dependents.get(uid, ()) if one in self._objects
        ]
        if known is not None:
            finalizers = known[1]["metadata"].get("finalizers") or []
            if "orphan" in finalizers:
                await self._orphan(uid, dependents)
                await self._lift(known, "orphan")
            elif "foregroundDeletion" in finalizers:
                blocking = [one for one in dependents if _blocks(one[1], uid)]
                if not blocking:
                    await self._lift(known, "foregroundDeletion")
                await self._delete(blocking, foreground=True)
            return
        if dependents and await self._owner_is_gone(uid, dependents[0][1]):
            await self._delete(dependents)
        elif not dependents:
            self._dependents.pop(uid, None)

    async def _owner_is_gone(self, uid: str, dependent: Object) -> bool:
        """Ask the API itself: our copy may not have seen a young owner yet."""
        owner = next(one for one in dependent["metadata"]["ownerReferences"] if one["uid"] == uid)
        resource = next(
            (
                one
                for one in self._watched
                if one.kind == owner["kind"]
                and one.api_version.rpartition("/")[0] == owner["apiVersion"].rpartition("/")[0]
            ),
            None,
        )
        if resource is None:  # a kind that nobody serves: nothing can be said about its objects
            return False
        return not await _exists(
            self._client, resource, owner["name"], dependent["metadata"].get("namespace"), uid
        )

    async def _delete(
        self, objects: list[tuple[Resource, Object]], *, foreground: bool = False
    ) -> None:
        """Delete them; `foreground`: those that have dependents themselves wait for these, too."""
        for resource, obj in objects:
            metadata = obj["metadata"]
            waits = foreground and self._dependents.get(metadata["uid"])
            if not metadata.get("deletionTimestamp"):
                await _ignoring_not_found(
                    self._client.delete(
                        resource,
                        metadata["name"],
                        metadata.get("namespace"),
                        uid=metadata["uid"],
                        propagation="Foreground" if waits else "Background",
                    )
                )

    async def _orphan(self, uid: str, dependents: list[tuple[Resource, Object]]) -> None:
        for resource, obj in dependents:
            metadata = obj["metadata"]
            kept = [one for one in metadata["ownerReferences"] if one["uid"] != uid]
            await _ignoring_not_found(
                self._client.patch(
                    resource,
                    metadata["name"],
                    {"metadata": {"ownerReferences": kept}},
                    namespace=metadata.get("namespace"),
                )
            )

    async def _lift(self, known: tuple[Resource, Object], finalizer: str) -> None:
        resource, obj = known
        metadata = obj["metadata"]
        kept = [one for one in metadata["finalizers"] if one != finalizer]
        await _ignoring_not_found(
            self._client.patch(
                resource,
                metadata["name"],
                {"metadata": {"finalizers": kept, "resourceVersion": metadata["resourceVersion"]}},
                namespace=metadata.get("namespace"),
            )
        )

    async def rediscover(self) -> None:
        """Watch the resources that have come since."""
        await self._watch_all()
        # Their objects may have gone before anybody watched, and others are left of them.
        for owner in self._dependents:
            if owner not in self._objects:
                self._sweeper.queue.add(("", owner))


class _Sweeper(Controller):
    """The collector's work queue: `("", uid)` to sweep, `("discovery", "")` to look for kinds."""

    name = "garbagecollector"

    def __init__(
        self, collector: GarbageCollector, client: KubeClient, informers: Informers
    ) -> None:
        self._collector = collector
        super().__init__(client, informers)

    def watch(self) -> None:
        """The collector itself connects its informers, as kinds appear."""

    async def reconcile(self, key: Key) -> None:
        if key[0] == "discovery":
            await self._collector.rediscover()
        else:
            await self._collector.sweep(key[1])


def _owners(obj: Object) -> set[str]:
    return {owner["uid"] for owner in obj["metadata"].get("ownerReferences") or []}


def _blocks(obj: Object, owner: str) -> bool:
    """Whether its owner stays until it is gone, where the owner waits for dependents."""
    references = obj["metadata"].get("ownerReferences") or []
    return any(one["uid"] == owner and one.get("blockOwnerDeletion") for one in references)


async def _exists(
    client: KubeClient, resource: Resource, name: str, namespace: str | None, uid: str
) -> bool:
    try:
        found = await client.get(resource, name, namespace if resource.namespaced else None)
    except ApiError as error:
        if error.not_found:
            return False
        raise
    exists: bool = found["metadata"]["uid"] == uid
    return exists


async def _ignoring_not_found(call: Awaitable[Object]) -> None:
    try:
        await call
    except ApiError as error:
        # Conflict: the uid precondition says that another object has taken the name.
        if not (error.not_found or error.conflict):
            raise
