"""Tracking: pods that have ended are counted once each, and only then let go.

Rules: kubernetes/kubernetes pkg/controller/job/job_controller.go,
trackJobStatusAndRemoveFinalizers. The names of pods that are not counted yet are written into the
status first, so that a controller that ends in the middle counts none twice.
"""

from __future__ import annotations

from pytest_kubeflow.local.controllers.job.conditions import (
    COMPLETE,
    FAILURE,
    SUCCESS,
    ensure,
    final,
    holds,
)
from pytest_kubeflow.local.controllers.job.crew import by_index, release
from pytest_kubeflow.local.controllers.job.indexes import Indexes
from pytest_kubeflow.local.controllers.job.pods import (
    completion_index,
    is_failed,
    is_indexed,
    is_tracked,
)
from pytest_kubeflow.local.controllers.job.policies import judge
from pytest_kubeflow.local.controllers.job.tally import Tally
from pytest_kubeflow.local.kube import KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import JOBS

_MOST_UNCOUNTED = 500
_SHOWN_IF_ANY = ("active", "succeeded", "failed", "completedIndexes", "conditions")


class Tracking:
    """Of one Job in one pass. `status` is what it will have; `flushed`, what is written of it."""

    def __init__(self, client: KubeClient, job: Object, status: Object, tally: Tally) -> None:
        self._client = client
        self._job = job
        self._tally = tally
        self._released: list[Object] = []
        self._left_out = False
        self.status = status

    async def track(self, ending: Object | None, *, changed: bool) -> Object | None:
        """Write the status; the final condition, if the Job is over by now."""
        tracked = {pod["metadata"]["uid"] for pod in self._tally.pods if is_tracked(pod)}
        changed = self._settle(tracked) or changed
        changed = self._collect(ending) or changed
        if is_indexed(self._job):
            changed = self._write_indexes() or changed
        if ending is not None and ending["type"] in {SUCCESS, FAILURE}:
            if holds(self.status, ending["type"]) is None:
                self.status.setdefault("conditions", []).append(ending)
                changed = True
            ending = final(ending)
        if changed:
            await self._flush()
        for pod in self._released:
            await release(self._client, pod)
            tracked.discard(pod["metadata"]["uid"])
        changed = self._settle(tracked)
        over = self._finish(ending)
        if changed or over:
            await self._flush()
        return ending if over else None

    def _settle(self, tracked: set[str]) -> bool:
        """Count those whose finalizer is gone; whether there were any."""
        changed = False
        uncounted = self.status["uncountedTerminatedPods"]
        for field in ("succeeded", "failed"):
            before = uncounted.get(field) or []
            left = [uid for uid in before if uid in tracked]
            if len(left) != len(before):
                counted = int(self.status.get(field) or 0) + len(before) - len(left)
                self.status[field], uncounted[field], changed = counted, left, True
        return changed

    def _collect(self, ending: Object | None) -> bool:
        """Which pods have ended since, and can be let go; whether any of them is to be counted."""
        uncounted = self.status["uncountedTerminatedPods"]
        indexes: list[int] = []
        changed = False
        pods = by_index(self._tally.pods) if is_indexed(self._job) else self._tally.pods
        for pod in pods:
            failed = is_failed(pod, self._job)
            if not is_tracked(pod) or not self._may_go(pod, failed, ending):
                continue
            self._released.append(pod)
            uid, index = pod["metadata"]["uid"], self._tally.index_of(pod)
            if _succeeded(pod) and uid not in self._tally.uncounted_failed:
                if is_indexed(self._job):
                    if index is not None and index not in self._tally.known_indexes:
                        indexes.append(index)
                        changed = True
                elif uid not in self._tally.uncounted_succeeded:
                    uncounted["succeeded"] = [*(uncounted.get("succeeded") or []), uid]
                    changed = True
            elif failed or (ending is not None and ending["type"] != SUCCESS):
                known = uid in self._tally.uncounted_failed
                valid = not is_indexed(self._job) or index is not None
                if not known and valid and judge(self._job, pod).counts:
                    uncounted["failed"] = [*(uncounted.get("failed") or []), uid]
                    changed = True
            waiting = sum(len(one) for one in uncounted.values()) + len(indexes)
            if waiting >= _MOST_UNCOUNTED:
                self._left_out = True
                break
        self._tally.succeeded_indexes |= Indexes.of(indexes)
        return changed

    def _may_go(self, pod: Object, failed: bool, ending: Object | None) -> bool:
        going = self._job["metadata"].get("deletionTimestamp")
        if going or ending is not None or _succeeded(pod):
            return True
        if not failed:
            return False
        replaced = self._tally.replaceable.get(completion_index(pod) or 0)
        return replaced is None or replaced["metadata"]["uid"] != pod["metadata"]["uid"]

    def _write_indexes(self) -> bool:
        written = {"completedIndexes": str(self._tally.succeeded_indexes)}
        if self._tally.failed_indexes is not None:
            written["failedIndexes"] = str(self._tally.failed_indexes)
        changed = any(self.status.get(key, "") != value for key, value in written.items())
        changed = changed or ("failedIndexes" in written) != ("failedIndexes" in self.status)
        self.status |= {**written, "succeeded": len(self._tally.succeeded_indexes)}
        return changed

    def _finish(self, ending: Object | None) -> bool:
        """Whether the Job is over: all its pods are gone, and counted."""
        uncounted = self.status["uncountedTerminatedPods"].values()
        if ending is None or self._left_out or any(uncounted) or self._tally.terminating > 0:
            return False
        ensure(self.status, ending)
        if ending["type"] == COMPLETE:
            self.status["completionTime"] = ending["lastTransitionTime"]
        return True

    async def _flush(self) -> None:
        uncounted = self.status["uncountedTerminatedPods"]
        shown = {
            key: value for key, value in self.status.items() if value or key not in _SHOWN_IF_ANY
        }
        shown["uncountedTerminatedPods"] = {key: one for key, one in uncounted.items() if one}
        self._job = await self._client.replace(
            JOBS, {**self._job, "status": shown}, subresource="status"
        )


def _succeeded(pod: Object) -> bool:
    return bool((pod.get("status") or {}).get("phase") == "Succeeded")
