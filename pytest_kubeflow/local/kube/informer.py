"""Informer: a local copy of a resource, kept by list and watch."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Hashable

from pytest_kubeflow.local.kube.client import ApiError, KubeClient, Object
from pytest_kubeflow.local.kube.index import Index, controller_uid
from pytest_kubeflow.local.kube.resources import Resource
from pytest_kubeflow.local.kube.unreachable import ApiUnreachableError

log = logging.getLogger(__name__)

Key = tuple[str, str]
Handler = Callable[[str, Object], None]


def key_of(obj: Object) -> Key:
    """`(namespace, name)` of an object; the namespace is empty for cluster-scoped ones."""
    metadata = obj["metadata"]
    return metadata.get("namespace", ""), metadata["name"]


class Informer:
    """Lists, then watches, and lists again after a gap; handlers see ADDED, MODIFIED and DELETED.

    `run` ends only by cancellation. Handlers are plain functions that must not block: they put a
    key on a queue or start a task. `objects` is read-only for everyone else.
    """

    def __init__(
        self,
        client: KubeClient,
        resource: Resource,
        namespace: str | None = None,
        *,
        label_selector: str | None = None,
        field_selector: str | None = None,
    ) -> None:
        self.resource = resource
        self.objects: dict[Key, Object] = {}
        self.synced = asyncio.Event()
        self._client = client
        self._scope = namespace
        self._selectors = {"label_selector": label_selector, "field_selector": field_selector}
        self._handlers: list[Handler] = []
        self._controllers = Index(controller_uid)
        self._indexes = [self._controllers]

    def on_change(self, handler: Handler) -> None:
        """Call `handler(type, object)` for each change, and for what is there already."""
        self._handlers.append(handler)
        for obj in self.objects.values():
            handler("ADDED", obj)

    def get(self, name: str, namespace: str = "") -> Object | None:
        return self.objects.get((namespace, name))

    def index(self, value: Callable[[Object], Hashable | None]) -> Index:
        """One that is kept from now on, of what is there and what comes."""
        made = Index(value)
        for key, obj in self.objects.items():
            made.put(key, obj, None)
        self._indexes.append(made)
        return made

    def controlled_by(self, owner: Object) -> list[Object]:
        """The objects whose controller is `owner`."""
        return self._controllers.get(owner["metadata"]["uid"])

    async def run(self) -> None:
        pause = 0.1
        while True:
            try:
                version = await self._list()
                pause = 0.1
                while True:
                    version = await self._watch(version)
            except (ApiError, ApiUnreachableError, OSError) as error:
                log.debug("%s: watch ended: %s", self.resource.plural, error)
                # Nothing announces that a server is back, so the next try waits a little.
                await asyncio.sleep(pause)
                pause = min(pause * 2, 5.0)

    async def _list(self) -> str:
        answer = await self._client.list(self.resource, self._scope, **self._selectors)
        fresh = {key_of(obj): self._typed(obj) for obj in answer["items"]}
        for key in self.objects.keys() - fresh.keys():
            self._emit("DELETED", self.objects[key])
        for key, obj in fresh.items():
            known = self.objects.get(key)
            if known is not None and known["metadata"].get("uid") != obj["metadata"].get("uid"):
                # Meanwhile one was deleted, and another made that has its name.
                self._emit("DELETED", known)
                known = None
            if known is None:
                self._emit("ADDED", obj)
            elif known["metadata"]["resourceVersion"] != obj["metadata"]["resourceVersion"]:
                self._emit("MODIFIED", obj)
        self.synced.set()
        version: str = answer["metadata"]["resourceVersion"]
        return version

    async def _watch(self, version: str) -> str:
        events = self._client.watch(
            self.resource, self._scope, resource_version=version, **self._selectors
        )
        async for kind, obj in events:
            version = obj["metadata"]["resourceVersion"]
            if kind != "BOOKMARK":
                self._emit(kind, obj)
        return version

    def _emit(self, kind: str, obj: Object) -> None:
        key = key_of(obj)
        known = self.objects.get(key)
        if kind != "DELETED":
            self.objects[key] = obj
            for index in self._indexes:
                index.put(key, obj, known)
        elif known is not None:
            del self.objects[key]
            for index in self._indexes:
                index.remove(key, known)
        for handler in self._handlers:
            handler(kind, obj)

    def _typed(self, obj: Object) -> Object:
        # Items of a list may leave out what the list's own kind says.
        return {"apiVersion": self.resource.api_version, "kind": self.resource.kind, **obj}
