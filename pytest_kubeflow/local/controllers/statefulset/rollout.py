"""One step of a StatefulSet: which member is made, replaced or deleted now.

Rules: kubernetes/kubernetes pkg/controller/statefulset/stateful_set_control.go. Ordered sets
move one member at a time, and wait until it serves; parallel ones do not wait.
"""

from __future__ import annotations

from pytest_kubeflow.local.controllers.podstate import is_available, is_finished
from pytest_kubeflow.local.controllers.statefulset import members
from pytest_kubeflow.local.controllers.statefulset.claims import Claims
from pytest_kubeflow.local.controllers.statefulset.members import (
    is_created,
    is_running_and_ready,
    is_terminating,
    is_unavailable,
    ordinal_of,
    revision_of,
)
from pytest_kubeflow.local.controllers.statefulset.revisions import template_of
from pytest_kubeflow.local.controllers.statefulset.status import count
from pytest_kubeflow.local.kube import ApiError, KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.events import EventRecorder
from pytest_kubeflow.local.kube.resources import PODS


class Rollout:
    """Brings the members of a set one step nearer to its spec; `status` tells how far they are."""

    def __init__(
        self,
        client: KubeClient,
        recorder: EventRecorder,
        claims: Claims,
        stateful_set: Object,
        current: Object,
        update: Object,
    ) -> None:
        self._client = client
        self._recorder = recorder
        self._claims = claims
        self._set = stateful_set
        self._spec = stateful_set["spec"]
        self._current, self._update = current, update
        self._seconds = int(self._spec.get("minReadySeconds") or 0)
        self._ordered: bool = self._spec["podManagementPolicy"] == "OrderedReady"
        self.status: Object = {
            "observedGeneration": stateful_set["metadata"]["generation"],
            "currentRevision": current["metadata"]["name"],
            "updateRevision": update["metadata"]["name"],
        }

    async def step(self, pods: list[Object]) -> None:
        """Raises ApiError for what the server refuses; the status is right all the same."""
        self._count(pods)
        wanted = members.ordinals(self._set)
        there = {ordinal_of(pod): pod for pod in pods}
        replicas = [there.get(one) or self._new(one) for one in wanted]
        condemned = [there[one] for one in sorted(there, reverse=True) if one not in wanted]
        if self._set["metadata"].get("deletionTimestamp"):
            return
        first = next(filter(self._is_unavailable, [*replicas, *reversed(condemned)]), None)
        for replica in replicas:
            if await self._replica_blocks(replica):
                return
        for one in condemned:
            await self._claims.own(one)
        for one in condemned:
            if await self._condemned_blocks(one, first):
                return
        if self._spec["updateStrategy"]["type"] != "OnDelete":
            await self._replace(replicas)

    def _count(self, pods: list[Object]) -> None:
        self.status = count(self.status, pods, self._seconds)

    def _is_unavailable(self, pod: Object) -> bool:
        return is_unavailable(pod, self._seconds)

    def _new(self, ordinal: int) -> Object:
        rolling = self._spec["updateStrategy"].get("rollingUpdate")
        start = members.ordinals(self._set).start
        if rolling is not None:
            kept = ordinal < start + int(rolling.get("partition") or 0)
        else:
            replicas = (self._set.get("status") or {}).get("currentReplicas") or 0
            rolls = self._spec["updateStrategy"]["type"] == "RollingUpdate"
            kept = rolls and ordinal < start + replicas
        revision = self._current if kept else self._update
        name = revision["metadata"]["name"]
        return members.new_member(self._set, template_of(revision), name, ordinal)

    async def _replica_blocks(self, pod: Object) -> bool:
        """Bring one member to be and to serve; whether the others have to wait for it."""
        if is_created(pod) and is_finished(pod):
            # It comes again once this one is gone, however its containers ended.
            if not is_terminating(pod):
                await self._delete(pod)
            return self._ordered
        if not is_created(pod):
            if not self._claims.are_stale(pod):
                await self._create(pod)
            return self._ordered
        if pod["status"]["phase"] == "Pending":
            await self._claims.ensure(pod)
            await self._claims.own(pod)
        if self._ordered and (
            is_terminating(pod)
            or not is_running_and_ready(pod)
            or not is_available(pod, self._seconds)
        ):
            return True
        await self._claims.own(pod)
        if not members.has_identity(pod):
            await self._name(pod)
        return False

    async def _condemned_blocks(self, pod: Object, first: Object | None) -> bool:
        if is_terminating(pod):
            return self._ordered
        if self._ordered and self._is_unavailable(pod) and pod is not first:
            return True
        await self._delete(pod)
        return self._ordered

    async def _replace(self, replicas: list[Object]) -> None:
        """Delete the last member of an old revision, if all after it serve."""
        rolling = self._spec["updateStrategy"].get("rollingUpdate") or {}
        for pod in reversed(replicas[int(rolling.get("partition") or 0) :]):
            if revision_of(pod) != self.status["updateRevision"] and not is_terminating(pod):
                await self._delete(pod)
                self.status["currentReplicas"] -= 1
                return
            if self._is_unavailable(pod):
                return

    async def _create(self, pod: Object) -> None:
        try:
            await self._claims.ensure(pod)
            made = await self._client.create(PODS, pod)
        except ApiError as error:
            if error.reason != "AlreadyExists":
                await self._record("create", pod, error)
            raise
        await self._claims.own(made)
        await self._record("create", pod)

    async def _name(self, pod: Object) -> None:
        metadata = pod["metadata"]
        change = {"metadata": {"uid": metadata["uid"], "labels": members.identity(pod)}}
        try:
            await self._client.patch(
                PODS, metadata["name"], change, namespace=metadata["namespace"]
            )
        except ApiError as error:
            await self._record("update", pod, error)
            raise
        await self._record("update", pod)

    async def _delete(self, pod: Object) -> None:
        metadata = pod["metadata"]
        try:
            await self._client.delete(
                PODS, metadata["name"], metadata["namespace"], uid=metadata["uid"]
            )
        except ApiError as error:
            if error.not_found or error.conflict:  # it is gone, or another one is there
                return
            await self._record("delete", pod, error)
            raise
        await self._record("delete", pod)

    async def _record(self, verb: str, pod: Object, error: ApiError | None = None) -> None:
        name, own = pod["metadata"]["name"], self._set["metadata"]["name"]
        message = f"{verb} Pod {name} in StatefulSet {own} "
        if error is None:
            kind, reason, message = "Normal", f"Successful{verb.title()}", f"{message}successful"
        else:
            message += f"failed error: {error.message}"
            kind, reason = "Warning", f"Failed{verb.title()}"
        await self._recorder.event(self._set, kind, reason, message)
