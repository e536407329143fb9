"""Jobs that are over are deleted after the time that they set for that.

Rules: kubernetes/kubernetes pkg/controller/ttlafterfinished.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pytest_kubeflow.local.controllers.controller import Controller
from pytest_kubeflow.local.controllers.job.conditions import finished
from pytest_kubeflow.local.kube import ApiError
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.informer import Key
from pytest_kubeflow.local.kube.resources import JOBS


class FinishedJobCleaner(Controller):
    """Follows `ttlSecondsAfterFinished`; pods go first."""

    name = "ttlafterfinished"
    workers = 1

    def watch(self) -> None:
        self.jobs = self.enqueue_from(JOBS)

    async def reconcile(self, key: Key) -> None:
        known = self.jobs.get(key[1], key[0])
        if known is None or _left(known) is None:
            return
        try:
            job = await self.client.get(JOBS, key[1], key[0])  # the time may have been changed
            left = _left(job)
            if left is None:
                return
            if left > 0:
                self.queue.add_after(key, left)
                return
            uid = job["metadata"]["uid"]
            await self.client.delete(JOBS, key[1], key[0], uid=uid, propagation="Foreground")
        except ApiError as error:
            if not error.not_found:
                raise


def _left(job: Object) -> float | None:
    """Seconds until a Job is to be deleted; None if that is never."""
    seconds, over = job["spec"].get("ttlSecondsAfterFinished"), finished(job)
    if seconds is None or over is None or job["metadata"].get("deletionTimestamp"):
        return None
    ends = datetime.fromisoformat(over["lastTransitionTime"]) + timedelta(seconds=seconds)
    return (ends - datetime.now(UTC)).total_seconds()
