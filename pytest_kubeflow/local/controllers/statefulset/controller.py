"""StatefulSets have the pods that they ask for, one after the other, each with its own name.

Rules: kubernetes/kubernetes pkg/controller/statefulset. Each pass lists the pods through the API
instead of its own copy of them, which may be behind.
"""

from __future__ import annotations

from functools import partial

from pytest_kubeflow.local.controllers.adoption import Adoption, owners_of
from pytest_kubeflow.local.controllers.controller import Controller, Informers
from pytest_kubeflow.local.controllers.statefulset.claims import Claims
from pytest_kubeflow.local.controllers.statefulset.members import is_member
from pytest_kubeflow.local.controllers.statefulset.revisions import Revisions
from pytest_kubeflow.local.controllers.statefulset.rollout import Rollout
from pytest_kubeflow.local.controllers.statefulset.status import change, complete
from pytest_kubeflow.local.kube import ApiError, KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.events import EventRecorder
from pytest_kubeflow.local.kube.informer import Key
from pytest_kubeflow.local.kube.resources import PERSISTENT_VOLUME_CLAIMS, PODS, STATEFUL_SETS


class StatefulSetController(Controller):
    """Makes, replaces and deletes members, and tells in the status how far it is."""

    name = "statefulset"

    def __init__(self, client: KubeClient, informers: Informers) -> None:
        self._recorder = EventRecorder(client, "statefulset-controller")
        super().__init__(client, informers)

    def watch(self) -> None:
        self.sets = self.enqueue_from(STATEFUL_SETS)
        self.claims = self.informers[PERSISTENT_VOLUME_CLAIMS]
        self.informers[PODS].on_change(self._pod_changed)

    def _pod_changed(self, _kind: str, pod: Object) -> None:
        self.enqueue_all(owners_of(pod, self.sets, is_member))

    async def reconcile(self, key: Key) -> None:
        stateful_set = self.sets.get(key[1], key[0])
        if stateful_set is None:
            return
        revisions = await Revisions.of(self.client, stateful_set)
        pods = await self._pods(stateful_set)
        current, update = await revisions.settle()
        claims = Claims(self.client, self._recorder, self.claims, stateful_set)
        rollout = Rollout(self.client, self._recorder, claims, stateful_set, current, update)
        failure: ApiError | None = None
        try:
            await rollout.step(pods)
        except ApiError as error:
            failure = error
        status = {**rollout.status, "collisionCount": revisions.collisions}
        await self._write_status(stateful_set, complete(stateful_set, status))
        await revisions.forget(pods, current, update)
        if failure is not None:
            raise failure
        seconds = int(stateful_set["spec"].get("minReadySeconds") or 0)
        if seconds and status["availableReplicas"] != stateful_set["spec"]["replicas"]:
            self.queue.add_after(key, seconds)

    async def _pods(self, stateful_set: Object) -> list[Object]:
        adoption = Adoption(
            self.client,
            PODS,
            stateful_set,
            known=partial(self.informers[PODS].controlled_by, stateful_set),
            fits=lambda pod: is_member(stateful_set, pod),
        )
        return await adoption.claim()

    async def _write_status(self, stateful_set: Object, status: Object) -> None:
        metadata = stateful_set["metadata"]
        changed = change(stateful_set.get("status") or {}, status)
        if changed is None:
            return
        try:
            await self.client.patch(
                STATEFUL_SETS,
                metadata["name"],
                {"metadata": {"uid": metadata["uid"]}, "status": changed},
                namespace=metadata["namespace"],
                subresource="status",
            )
        except ApiError as error:
            if not error.not_found:
                raise
