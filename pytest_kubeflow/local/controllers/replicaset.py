"""ReplicaSets have as many pods as they ask for.

Rules: kubernetes/kubernetes pkg/controller/replicaset. Each pass lists the pods through the API
instead of its own copy of them, which may be behind, so there is no need for expectations.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from pytest_kubeflow.local.controllers.adoption import Adoption, owners_of
from pytest_kubeflow.local.controllers.controller import Controller, Informers
from pytest_kubeflow.local.controllers.owners import controller_reference
from pytest_kubeflow.local.controllers.podstate import is_active, is_ready
from pytest_kubeflow.local.controllers.selector import selects
from pytest_kubeflow.local.kube import ApiError, KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.events import EventRecorder
from pytest_kubeflow.local.kube.informer import Key
from pytest_kubeflow.local.kube.resources import PODS, REPLICA_SETS
from pytest_kubeflow.local.kube.times import now

_MOST_AT_ONCE = 500
_LONGEST_PREFIX = 58  # five more characters make a DNS label


class ReplicaSetController(Controller):
    """Makes and deletes pods, and tells in the status how many there are."""

    name = "replicaset"

    def __init__(self, client: KubeClient, informers: Informers) -> None:
        self._recorder = EventRecorder(client, "replicaset-controller")
        super().__init__(client, informers)

    def watch(self) -> None:
        self.sets = self.enqueue_from(REPLICA_SETS)
        self.informers[PODS].on_change(self._pod_changed)

    def _pod_changed(self, _kind: str, pod: Object) -> None:
        self.enqueue_all(owners_of(pod, self.sets))

    async def reconcile(self, key: Key) -> None:
        replica_set = self.sets.get(key[1], key[0])
        if replica_set is None:
            return
        pods = await self._pods(replica_set)
        failure: ApiError | None = None
        if not replica_set["metadata"].get("deletionTimestamp"):
            try:
                pods = await self._scale(replica_set, pods)
            except ApiError as error:
                failure = error
        await self._write_status(replica_set, pods, failure)
        if failure is not None:
            raise failure

    async def _pods(self, replica_set: Object) -> list[Object]:
        known = partial(self.informers[PODS].controlled_by, replica_set)
        adoption = Adoption(self.client, PODS, replica_set, known=known, only=is_active)
        return await adoption.claim()

    async def _scale(self, replica_set: Object, pods: list[Object]) -> list[Object]:
        wanted = replica_set["spec"].get("replicas", 1)
        missing = min(wanted - len(pods), _MOST_AT_ONCE)
        for _ in range(missing):
            pods = [*pods, await self._create(replica_set)]
        if missing >= 0:
            return pods
        # Those that serve go last; among equals, the youngest first.
        order = sorted(pods, key=lambda pod: pod["metadata"]["creationTimestamp"], reverse=True)
        order.sort(key=is_ready)
        for pod in order[:-missing]:
            await self._delete(replica_set, pod)
        return order[-missing:]

    async def _create(self, replica_set: Object) -> Object:
        metadata = replica_set["metadata"]
        template = replica_set["spec"]["template"]
        pod: Object = {
            "metadata": {
                **(template.get("metadata") or {}),
                "generateName": f"{metadata['name'][: _LONGEST_PREFIX - 1]}-",
                "namespace": metadata["namespace"],
                "ownerReferences": [controller_reference(replica_set)],
            },
            "spec": template["spec"],
        }
        pod["metadata"].pop("name", None)
        try:
            made = await self.client.create(PODS, pod)
        except ApiError as error:
            await self._recorder.event(
                replica_set, "Warning", "FailedCreate", f"Error creating: {error.message}"
            )
            raise
        name = made["metadata"]["name"]
        await self._recorder.event(
            replica_set, "Normal", "SuccessfulCreate", f"Created pod: {name}"
        )
        return made

    async def _delete(self, replica_set: Object, pod: Object) -> None:
        metadata = pod["metadata"]
        try:
            await self.client.delete(
                PODS, metadata["name"], metadata["namespace"], uid=metadata["uid"]
            )
        except ApiError as error:
            if not (error.not_found or error.conflict):
                raise
            return
        name = metadata["name"]
        await self._recorder.event(
            replica_set, "Normal", "SuccessfulDelete", f"Deleted pod: {name}"
        )

    async def _write_status(
        self, replica_set: Object, pods: list[Object], failure: ApiError | None
    ) -> None:
        metadata, spec = replica_set["metadata"], replica_set["spec"]
        labels = {"matchLabels": (spec["template"].get("metadata") or {}).get("labels") or {}}
        ready = sum(map(is_ready, pods))
        status: dict[str, Any] = {
            "replicas": len(pods),
            "fullyLabeledReplicas": sum(
                selects(labels, pod["metadata"].get("labels") or {}) for pod in pods
            ),
            "readyReplicas": ready,
            "availableReplicas": ready,
            "observedGeneration": metadata["generation"],
            "conditions": _conditions(replica_set, failure),
        }
        if status == replica_set.get("status"):
            return
        try:
            await self.client.patch(
                REPLICA_SETS,
                metadata["name"],
                {"metadata": {"uid": metadata["uid"]}, "status": status},
                namespace=metadata["namespace"],
                subresource="status",
            )
        except ApiError as error:
            if not error.not_found:
                raise


def _conditions(replica_set: Object, failure: ApiError | None) -> list[Object]:
    if failure is None:
        return []
    found: list[Object] = (replica_set.get("status") or {}).get("conditions") or []
    if found and found[0]["message"] == failure.message:
        return found
    return [
        {
            "type": "ReplicaFailure",
            "status": "True",
            "reason": "FailedCreate",
            "message": failure.message,
            "lastTransitionTime": now(),
        }
    ]
