"""Crew: the pods of a Job, made and deleted until there are as many as it wants now.

Rules: kubernetes/kubernetes pkg/controller/job/job_controller.go, manageJob.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from pytest_kubeflow.local.controllers.job.backoff import Backoff
from pytest_kubeflow.local.controllers.job.pods import (
    FINALIZER,
    completion_index,
    expendable,
    is_indexed,
    is_suspended,
    new_pod,
    waits_for_terminating,
)
from pytest_kubeflow.local.controllers.job.tally import Tally
from pytest_kubeflow.local.controllers.podstate import is_ready
from pytest_kubeflow.local.kube import ApiError, KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.events import EventRecorder
from pytest_kubeflow.local.kube.resources import PODS

_MOST_AT_ONCE = 500


class Crew:
    """Pods of one Job. `active` is how many there are; `error`, why there are not more or less."""

    def __init__(
        self,
        client: KubeClient,
        recorder: EventRecorder,
        job: Object,
        tally: Tally,
        backoff: Backoff,
    ) -> None:
        self._client = client
        self._recorder = recorder
        self._job = job
        self._spec = job["spec"]
        self._tally = tally
        self._backoff = backoff
        self.active = len(tally.active_pods)
        self.wait = 0.0
        self.error: ApiError | None = None

    async def manage(self) -> None:
        """Make or delete pods, not both at once; `wait` is when to look again."""
        there = len(self._tally.active_pods)
        wanted = 0 if is_suspended(self._job) else self._wanted(there)
        condemned = self._condemned(max(0, there - wanted))
        if is_suspended(self._job) or condemned:
            await self._dismiss(condemned[:_MOST_AT_ONCE])
            return
        terminating = self._tally.terminating if waits_for_terminating(self._job) else 0
        missing = min(wanted - terminating - there, _MOST_AT_ONCE)
        if missing <= 0:
            return
        indexes: list[int | None] = [None] * missing
        if is_indexed(self._job):
            taken = self._tally.occupied(terminating=waits_for_terminating(self._job))
            indexes = [*taken.missing(self._tally.completions, missing)]
        indexes = self._due(indexes)
        if self.wait:
            self.active = 0  # as a real controller tells it while it waits
            return
        await self._hire(indexes)

    def _wanted(self, there: int) -> int:
        parallelism = int(self._spec["parallelism"])
        if self._spec.get("completions") is None:
            return there if self._tally.succeeded else parallelism
        return max(0, min(self._tally.completions - self._tally.succeeded, parallelism))

    def _due(self, indexes: list[int | None]) -> list[int | None]:
        """Those for which a pod can be made now."""
        if self._spec.get("backoffLimitPerIndex") is None:
            self.wait = self._backoff.remaining()
            return indexes
        waits = {one: self._backoff.remaining_of(self._replaced(one)) for one in indexes}
        due = [one for one in indexes if not waits[one]]
        if not due and waits:
            self.wait = min(waits.values())
        return due

    def _replaced(self, index: int | None) -> Object | None:
        return self._tally.replaceable.get(-1 if index is None else index)

    async def _hire(self, indexes: Iterable[int | None]) -> None:
        for index in indexes:
            pod = new_pod(self._job, index, self._replaced(index))
            try:
                made = await self._client.create(PODS, pod)
            except ApiError as error:
                self.error = error
                message = f"Error creating: {error.message}"
                await self._recorder.event(self._job, "Warning", "FailedCreate", message)
                return
            self.active += 1
            message = f"Created pod: {made['metadata']['name']}"
            await self._recorder.event(self._job, "Normal", "SuccessfulCreate", message)

    def _condemned(self, least: int) -> list[Object]:
        """Which pods go: of one index all but one, those without an index, then the newest."""
        pods = self._tally.active_pods
        if is_suspended(self._job):
            return pods
        condemned: list[Object] = []
        if is_indexed(self._job):
            by_index = defaultdict(list)
            for pod in pods:
                by_index[self._tally.index_of(pod)].append(pod)
            condemned = by_index.pop(None, [])
            for same in by_index.values():
                condemned += sorted(same, key=expendable)[:-1]
        left = [pod for pod in pods if pod not in condemned]
        return condemned + sorted(left, key=expendable)[: max(0, least - len(condemned))]

    async def _dismiss(self, pods: list[Object]) -> None:
        """Delete pods that nobody counts any more."""
        for pod in pods:
            await release(self._client, pod)
            await self._delete(pod)

    async def end(self) -> bool:
        """Delete all active pods, which will be counted; whether that was possible."""
        for pod in self._tally.active_pods:
            await self._delete(pod)
        return self.error is None

    async def _delete(self, pod: Object) -> None:
        metadata = pod["metadata"]
        try:
            await self._client.delete(
                PODS, metadata["name"], metadata["namespace"], uid=metadata["uid"]
            )
        except ApiError as error:
            if not (error.not_found or error.conflict):
                self.error = error
                message = f"Error deleting: {error.message}"
                await self._recorder.event(self._job, "Warning", "FailedDelete", message)
                return
        else:
            message = f"Deleted pod: {metadata['name']}"
            await self._recorder.event(self._job, "Normal", "SuccessfulDelete", message)
        self.active -= 1
        self._tally.terminating += 1
        self._tally.ready -= is_ready(pod)


async def release(client: KubeClient, pod: Object) -> None:
    """Take the finalizer from a pod, so that it can go."""
    metadata = pod["metadata"]
    finalizers = metadata.get("finalizers") or []
    if FINALIZER not in finalizers:
        return
    kept = [one for one in finalizers if one != FINALIZER]
    change = {"metadata": {"uid": metadata["uid"], "finalizers": kept or None}}
    try:
        await client.patch(PODS, metadata["name"], change, namespace=metadata["namespace"])
    except ApiError as error:
        if not (error.not_found or error.conflict):  # it is gone, or another one is there
            raise


def by_index(pods: Iterable[Object]) -> list[Object]:
    """Pods in the order of their indexes, those without one first."""

    def place(pod: Object) -> int:
        index = completion_index(pod)
        return -1 if index is None else index

    return sorted(pods, key=place)
