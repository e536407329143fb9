"""Adoption: a controller takes up what its selector finds, and lets go what it finds no more.

Rules: kubernetes/kubernetes pkg/controller/controller_ref_manager.go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from pytest_kubeflow.local.controllers.owners import controller_of, controller_reference
from pytest_kubeflow.local.controllers.selector import selector_text, selects
from pytest_kubeflow.local.kube import ApiError, KubeClient, Resource
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.informer import Informer, Key


def owners_of(
    one: Object, owners: Informer, fits: Callable[[Object, Object], bool] = lambda *_: True
) -> Iterator[Key]:
    """Who has to look at an object: its controller, or of an orphan whoever may adopt it.

    `fits(owner, one)` says more about that than the owner's selector.
    """
    namespace = one["metadata"]["namespace"]
    controller = controller_of(one)
    if controller is not None:
        if controller["kind"] == owners.resource.kind:
            yield namespace, controller["name"]
        return
    labels = one["metadata"].get("labels") or {}
    for key, owner in owners.objects.items():
        if key[0] == namespace and fits(owner, one) and selects(owner["spec"]["selector"], labels):
            yield key


class Adoption:
    """Of objects of one resource, those that belong to `owner`; they may get a finalizer by it.

    What the owner's selector finds is asked for, so that own copies need not be new. Of `known`,
    such copies of what the owner has by then, comes only what its selector finds no more. What is
    not of the kind `only` is left alone; what does not fit is not adopted, and let go.
    """

    def __init__(
        self,
        client: KubeClient,
        resource: Resource,
        owner: Object,
        *,
        known: Callable[[], Iterable[Object]] = tuple,
        only: Callable[[Object], bool] = lambda _: True,
        fits: Callable[[Object], bool] = lambda _: True,
        finalizer: str = "",
    ) -> None:
        self._client = client
        self._resource = resource
        self._owner = owner
        self._known = known
        self._only = only
        self._fits = fits
        self._finalizer = finalizer

    async def claim(self) -> list[Object]:
        """Those whose controller is the owner, from now on or already."""
        selector = self._owner["spec"]["selector"]
        listed = await self._client.list(
            self._resource,
            self._owner["metadata"]["namespace"],
            label_selector=selector_text(selector),
        )
        found = {one["metadata"]["name"]: one for one in listed["items"]}
        for one in self._known():
            if not selects(selector, one["metadata"].get("labels") or {}):
                found.setdefault(one["metadata"]["name"], one)
        claimed = []
        for one in filter(self._only, found.values()):
            owned = await self._owned(one)
            if owned is not None:
                claimed.append(owned)
        return claimed

    async def _owned(self, one: Object) -> Object | None:
        reference = controller_of(one)
        if reference is not None and reference["uid"] != self._owner["metadata"]["uid"]:
            return None
        selector, labels = self._owner["spec"]["selector"], one["metadata"].get("labels") or {}
        wanted = self._fits(one) and selects(selector, labels)
        if reference is None:
            return await self._adopt(one) if wanted and self._may_adopt(one) else None
        if wanted or _is_going(self._owner):
            return one
        await self._release(one)
        return None

    def _may_adopt(self, one: Object) -> bool:
        return not _is_going(self._owner) and not _is_going(one)

    async def _adopt(self, one: Object) -> Object | None:
        metadata = one["metadata"]
        references = metadata.get("ownerReferences") or []
        finalizers = list(metadata.get("finalizers") or [])
        if self._finalizer and self._finalizer not in finalizers:
            finalizers.append(self._finalizer)
        return await self._write(one, [*references, controller_reference(self._owner)], finalizers)

    async def _release(self, one: Object) -> None:
        metadata, uid = one["metadata"], self._owner["metadata"]["uid"]
        references = [kept for kept in metadata.get("ownerReferences") or [] if kept["uid"] != uid]
        finalizers = metadata.get("finalizers") or []
        await self._write(one, references, [kept for kept in finalizers if kept != self._finalizer])

    async def _write(
        self, one: Object, references: list[Object], finalizers: list[str]
    ) -> Object | None:
        metadata = one["metadata"]
        change = {
            "uid": metadata["uid"],
            "ownerReferences": references or None,
            "finalizers": finalizers or None,
        }
        try:
            return await self._client.patch(
                self._resource,
                metadata["name"],
                {"metadata": change},
                namespace=metadata["namespace"],
            )
        except ApiError as error:
            if error.not_found or error.conflict:  # it is gone, or another of that name is there
                return None
            raise


def _is_going(obj: Object) -> bool:
    return bool(obj["metadata"].get("deletionTimestamp"))
