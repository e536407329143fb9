"""PVCViewerController: keeps the objects and the status of each PVCViewer as they should be.

Rules: kubeflow/notebooks 1.11, components/pvcviewer-controller/controllers/pvcviewer_controller.go.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pytest_kubeflow.local.controllers.controller import Controller, Informers
from pytest_kubeflow.local.controllers.owners import controller_of
from pytest_kubeflow.local.kube import Informer, KubeClient, Resource
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.informer import Key
from pytest_kubeflow.local.kube.resources import (
    DEPLOYMENTS,
    PERSISTENT_VOLUME_CLAIMS,
    PODS,
    PVC_VIEWERS,
    SERVICES,
    VIRTUAL_SERVICES,
)
from pytest_kubeflow.local.pvcviewers.objects import (
    affinity_to,
    deployment_of,
    name_of,
    networking_of,
    service_of,
    url_of,
    virtual_service_of,
)


class PVCViewerController(Controller):
    """Works while `works()`, whose changes are told to those who `on_change`."""

    name = "pvcviewer"

    def __init__(
        self,
        client: KubeClient,
        informers: Informers,
        *,
        works: Callable[[], bool],
        on_change: Callable[[Callable[[], None]], None],
    ) -> None:
        self._works = works
        # What was written last of each Deployment, and the generation that came of it: the API
        # server adds defaults, so that what is wanted and what is there never look the same.
        self._written: dict[Key, tuple[Object, int]] = {}
        super().__init__(client, informers)
        on_change(self._again)

    def _again(self) -> None:
        self.enqueue_all(self.viewers.objects)

    def watch(self) -> None:
        self.viewers = self.enqueue_from(PVC_VIEWERS)
        self.deployments = self.enqueue_from(DEPLOYMENTS, _owner_key)
        self.services = self.enqueue_from(SERVICES, _owner_key)
        self.routes = self.enqueue_from(VIRTUAL_SERVICES, _owner_key)
        self.pods = self.informers[PODS]
        self.claims = self.informers[PERSISTENT_VOLUME_CLAIMS]

    async def reconcile(self, key: Key) -> None:
        viewer = self.viewers.get(key[1], key[0])
        if viewer is None:
            self._written.pop(key, None)
        if viewer is None or not self._works():
            return
        if not viewer["metadata"].get("deletionTimestamp"):
            found = self.deployments.get(name_of(viewer), key[0])
            wanted = deployment_of(viewer, self._affinity(viewer, found))
            await self._deployment(key, found, wanted)
            if networking_of(viewer) is not None:
                await self._put(SERVICES, self.services, service_of(viewer))
                await self._put(VIRTUAL_SERVICES, self.routes, virtual_service_of(viewer))
        status = self._status(viewer)
        if status != viewer.get("status"):
            await self.client.replace(
                PVC_VIEWERS, {**viewer, "status": status}, subresource="status"
            )

    def _affinity(self, viewer: Object, deployment: Object | None) -> Object | None:
        """Decided when the Deployment is made, and kept."""
        if deployment is not None:
            kept: Object | None = deployment["spec"]["template"]["spec"].get("affinity")
            return kept
        if not viewer["spec"].get("rwoScheduling"):
            return None
        claim = self.claims.get(viewer["spec"]["pvc"], viewer["metadata"]["namespace"])
        return affinity_to(claim, self.pods.objects.values())

    async def _deployment(self, key: Key, found: Object | None, wanted: Object) -> None:
        """Make it, or give it its pods' whole template again, whatever somebody has changed."""
        if found is None:
            made = await self.client.create(DEPLOYMENTS, wanted)
        elif self._written.get(key) == (wanted, found["metadata"].get("generation", 0)):
            return
        else:
            changed = {**found["spec"], **wanted["spec"]}
            made = await self.client.replace(DEPLOYMENTS, {**found, "spec": changed})
        self._written[key] = wanted, made["metadata"].get("generation", 0)

    async def _put(self, resource: Resource, known: Informer, wanted: Object) -> None:
        metadata = wanted["metadata"]
        found = known.get(metadata["name"], metadata["namespace"])
        if found is None:
            await self.client.create(resource, wanted)
        elif not _has(found["spec"], wanted["spec"]):
            changed = {**found["spec"], **wanted["spec"]}
            await self.client.replace(resource, {**found, "spec": changed})

    def _status(self, viewer: Object) -> Object:
        before = viewer.get("status") or {}
        status: Object = {"ready": False, **({"url": url} if (url := url_of(viewer)) else {})}
        conditions = list(before.get("conditions") or [])
        deployment = self.deployments.get(name_of(viewer), viewer["metadata"]["namespace"])
        if deployment is not None:
            found = deployment.get("status") or {}
            wanted = deployment["spec"].get("replicas", 1)
            status["ready"] = found.get("readyReplicas", 0) == wanted
            newest = (found.get("conditions") or [None])[0]
            # Each one that differs from the last is added to those before.
            if newest is not None and (not conditions or conditions[-1] != newest):
                conditions.append(newest)
        return {**status, **({"conditions": conditions} if conditions else {})}


def _has(found: Any, wanted: Any) -> bool:
    """Whether all that is wanted is there; the API server adds defaults."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(
            _has(found.get(key), value) for key, value in wanted.items()
        )
    if isinstance(wanted, list):
        return (
            isinstance(found, list) and len(found) == len(wanted) and all(map(_has, found, wanted))
        )
    return bool(found == wanted)


def _owner_key(obj: Object) -> Key | None:
    owner = controller_of(obj)
    if owner is None or owner["kind"] != PVC_VIEWERS.kind:
        return None
    return obj["metadata"]["namespace"], owner["name"]
