"""Tally: how the pods of a Job stand, those that were counted before included."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pytest_kubeflow.local.controllers.job.indexes import Indexes
from pytest_kubeflow.local.controllers.job.pods import (
    all_failures,
    completion_index,
    failures,
    finished_at,
    is_failed,
    is_indexed,
    is_terminating,
    is_tracked,
)
from pytest_kubeflow.local.controllers.job.policies import judge
from pytest_kubeflow.local.controllers.podstate import is_active, is_ready
from pytest_kubeflow.local.kube.client import Object


class Tally:
    """Of one Job and its pods. Numbers move while pods are made and deleted."""

    def __init__(self, job: Object, status: Object, pods: list[Object]) -> None:
        self._job = job
        self.pods = pods
        self.active_pods = [pod for pod in pods if is_active(pod)]
        self.ready = sum(map(is_ready, self.active_pods))
        self.terminating = sum(map(is_terminating, pods))
        uncounted = status["uncountedTerminatedPods"]
        self.uncounted_succeeded = frozenset(uncounted.get("succeeded") or [])
        self.uncounted_failed = frozenset(uncounted.get("failed") or [])
        self.new_succeeded = self._new(_has_succeeded, self.uncounted_succeeded)
        self.new_failed = self._new(lambda pod: is_failed(pod, job), self.uncounted_failed)
        counted = sum(judge(job, pod).counts for pod in self.new_failed)
        self.succeeded = (
            int(status.get("succeeded") or 0)
            + len(self.new_succeeded)
            + len(self.uncounted_succeeded)
        )
        self.failed = int(status.get("failed") or 0) + counted + len(self.uncounted_failed)
        self.known_indexes = self.succeeded_indexes = Indexes()
        self.failed_indexes: Indexes | None = None
        self.replaceable: dict[int, Object] = {}
        if is_indexed(job):
            self._count_indexes(status)

    @property
    def completions(self) -> int:
        return int(self._job["spec"].get("completions") or 0)

    def index_of(self, pod: Object) -> int | None:
        """The index of a pod, if the Job has such a one."""
        index = completion_index(pod)
        return index if index is not None and index < self.completions else None

    def _new(self, fits: Callable[[Object], bool], known: Iterable[str]) -> list[Object]:
        return [
            pod
            for pod in self.pods
            if is_tracked(pod)
            and pod["metadata"]["uid"] not in known
            and (not is_indexed(self._job) or self.index_of(pod) is not None)
            and fits(pod)
        ]

    def _count_indexes(self, status: Object) -> None:
        self.known_indexes = Indexes.parse(status.get("completedIndexes") or "", self.completions)
        self.succeeded_indexes = self.known_indexes | self._of(filter(_has_succeeded, self.pods))
        self.succeeded = len(self.succeeded_indexes)
        limit = self._job["spec"].get("backoffLimitPerIndex")
        if limit is None:
            return
        known = Indexes.parse(status.get("failedIndexes") or "", self.completions)
        self.failed_indexes = known | self._of(
            pod for pod in self.pods if self._fails_its_index(pod, int(limit))
        )
        self._delay()

    def _of(self, pods: Iterable[Object]) -> Indexes:
        found = (self.index_of(pod) for pod in pods if is_tracked(pod))
        return Indexes.of(index for index in found if index is not None)

    def _fails_its_index(self, pod: Object, limit: int) -> bool:
        if not is_failed(pod, self._job):
            return False
        failure = judge(self._job, pod)
        return failure.action == "FailIndex" or (failure.counts and failures(pod) >= limit)

    def _delay(self) -> None:
        """Failed pods that stay until they are replaced, for the count that they hand on."""
        active = {completion_index(pod) for pod in self.active_pods}
        for pod in self._new(lambda one: is_failed(one, self._job), ()):
            index = self.index_of(pod)
            assert index is not None
            assert self.failed_indexes is not None
            if index in active or index in self.succeeded_indexes or index in self.failed_indexes:
                continue
            known = self.replaceable.get(index)
            if known is None or (
                all_failures(known) <= all_failures(pod) and finished_at(known) <= finished_at(pod)
            ):
                self.replaceable[index] = pod

    def occupied(self, *, terminating: bool) -> Indexes:
        """Indexes for which no pod is wanted."""
        pods = [*self.active_pods, *(filter(is_terminating, self.pods) if terminating else ())]
        found = (completion_index(pod) for pod in pods)
        taken = Indexes.of(index for index in found if index is not None)
        return self.succeeded_indexes | taken | (self.failed_indexes or Indexes())


def _has_succeeded(pod: Object) -> bool:
    return bool((pod.get("status") or {}).get("phase") == "Succeeded")
