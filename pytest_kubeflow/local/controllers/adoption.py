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
    """Of objects of one resource, those that belong to `owner`."""

    def __init__(
        self,
        client: KubeClient,
        resource: Resource,
        owner: Object,
        fits: Callable[[Object], bool] = lambda _: True,
    ) -> None:
        self._client = client
        self._resource = resource
        self._owner = owner
        self._fits = fits

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
        references = one["metadata"].get("ownerReferences") or []
        return await self._write(one, [*references, controller_reference(self._owner)])

    async def _release(self, one: Object) -> None:
        uid = self._owner["metadata"]["uid"]
        references = one["metadata"].get("ownerReferences") or []
        await self._write(one, [kept for kept in references if kept["uid"] != uid])

    async def _write(self, one: Object, references: list[Object]) -> Object | None:
        metadata = one["metadata"]
        change = {"metadata": {"uid": metadata["uid"], "ownerReferences": references}}
        try:
            return await self._client.patch(
                self._resource, metadata["name"], change, namespace=metadata["namespace"]
            )
        except ApiError as error:
            if error.not_found or error.conflict:  # it is gone, or another of that name is there
                return None
            raise


def _is_going(obj: Object) -> bool:
    return bool(obj["metadata"].get("deletionTimestamp"))
