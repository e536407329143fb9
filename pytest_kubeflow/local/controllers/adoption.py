"""Adoption: a controller takes up what its selector finds, and lets go what it finds no more.

Rules: kubernetes/kubernetes pkg/controller/controller_ref_manager.go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pytest_kubeflow.local.controllers.owners import controller_of, controller_reference
from pytest_kubeflow.local.controllers.selector import selects
from pytest_kubeflow.local.kube import ApiError, KubeClient, Resource
from pytest_kubeflow.local.kube.client import Object


class Adoption:
    """Of objects of one resource, those that belong to `owner`; they may get a finalizer by it."""

    def __init__(
        self,
        client: KubeClient,
        resource: Resource,
        owner: Object,
        fits: Callable[[Object], bool] = lambda _: True,
        *,
        finalizer: str = "",
    ) -> None:
        self._client = client
        self._resource = resource
        self._owner = owner
        self._fits = fits
        self._finalizer = finalizer

    async def claim(self, objects: Iterable[Object]) -> list[Object]:
        """Those whose controller is the owner, from now on or already."""
        claimed = []
        for one in objects:
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
