"""Jobs have pods until enough of them have succeeded, or too many failed.

Rules: kubernetes/kubernetes pkg/controller/job. Each pass reads the Job and its pods through the
API instead of own copies of them, which may be behind, so there is no need for expectations.
"""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from functools import partial

from pytest_kubeflow.local.controllers.adoption import Adoption, owners_of
from pytest_kubeflow.local.controllers.controller import Controller, Informers
from pytest_kubeflow.local.controllers.job.backoff import Backoff
from pytest_kubeflow.local.controllers.job.conditions import (
    FAILED,
    SUSPENDED,
    condition,
    ensure,
    finished,
)
from pytest_kubeflow.local.controllers.job.crew import Crew
from pytest_kubeflow.local.controllers.job.pods import FINALIZER, is_suspended
from pytest_kubeflow.local.controllers.job.tally import Tally
from pytest_kubeflow.local.controllers.job.tracking import Tracking
from pytest_kubeflow.local.controllers.job.verdict import deadline, success, verdict
from pytest_kubeflow.local.kube import ApiError, KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.events import EventRecorder
from pytest_kubeflow.local.kube.informer import Key
from pytest_kubeflow.local.kube.resources import JOBS, PODS
from pytest_kubeflow.local.kube.times import now

MANAGER = "kubernetes.io/job-controller"
FIRST_BACKOFF_SECONDS = 10.0


class JobController(Controller):
    """Makes and deletes pods, counts those that have ended, and says when a Job is over."""

    name = "job"

    def __init__(
        self,
        client: KubeClient,
        informers: Informers,
        *,
        first_backoff: float = FIRST_BACKOFF_SECONDS,
    ) -> None:
        self._recorder = EventRecorder(client, "job-controller")
        self._first_backoff = first_backoff
        self._backoffs: dict[Key, Backoff] = {}
        super().__init__(client, informers)

    def watch(self) -> None:
        self.jobs = self.enqueue_from(JOBS)
        self.informers[PODS].on_change(self._pod_changed)

    def _pod_changed(self, _kind: str, pod: Object) -> None:
        self.enqueue_all(owners_of(pod, self.jobs))

    async def reconcile(self, key: Key) -> None:
        job = await self._read(key)
        if job is None or finished(job) is not None:
            self._backoffs.pop(key, None)
            return
        if job["spec"].get("managedBy") in {None, MANAGER}:
            await self._sync(key, job)

    async def _read(self, key: Key) -> Object | None:
        known = self.jobs.get(key[1], key[0])
        if known is None:
            return None
        try:
            fresh = await self.client.get(JOBS, key[1], key[0])
        except ApiError as error:
            if error.not_found:
                return None
            raise
        return {"apiVersion": JOBS.api_version, "kind": JOBS.kind, **fresh}

    async def _sync(self, key: Key, job: Object) -> None:
        before = job.get("status") or {}
        status = {"uncountedTerminatedPods": {}, **copy.deepcopy(before)}
        tally = Tally(job, status, await self._pods(job))
        if not status.get("startTime") and not is_suspended(job):
            status["startTime"] = now()
        backoff = self._backoffs.get(key, Backoff(self._first_backoff)).after(tally)
        crew = Crew(self.client, self._recorder, job, tally, backoff)
        ending = verdict(job, status, tally)
        changed = False
        if ending is not None:
            ending = ending if await crew.end() else None
        else:
            going = bool(job["metadata"].get("deletionTimestamp"))
            if not going:
                await crew.manage()
            if _is_complete(job, tally, crew):
                ending = success()
            elif not going:
                changed = await self._suspension(job, status)
            self._look_again(key, job, status, crew)
        counts = {"active": crew.active, "ready": tally.ready, "terminating": tally.terminating}
        changed = changed or any(before.get(one, 0) != number for one, number in counts.items())
        changed = changed or not counts.keys() - {"active"} <= before.keys()
        status |= counts
        tracking = Tracking(self.client, job, status, tally)
        over = await tracking.track(ending, changed=changed)
        self._backoffs[key] = backoff
        if over is not None:
            await self._tell(job, tracking.status, over)
        if crew.error is not None:
            raise crew.error

    async def _pods(self, job: Object) -> list[Object]:
        known = partial(self.informers[PODS].controlled_by, job)
        adoption = Adoption(self.client, PODS, job, known=known, finalizer=FINALIZER)
        return await adoption.claim()

    def _look_again(self, key: Key, job: Object, status: Object, crew: Crew) -> None:
        if crew.wait:
            self.queue.add_after(key, crew.wait)
        ends = deadline(job, status)
        if ends is not None:
            self.queue.add_after(key, max(0.0, (ends - datetime.now(UTC)).total_seconds()))

    async def _suspension(self, job: Object, status: Object) -> bool:
        """Say that a Job is suspended, or no more; whether that is news."""
        if is_suspended(job):
            kind, reason, wanted = "Suspended", "JobSuspended", "True"
        else:
            kind, reason, wanted = "Resumed", "JobResumed", "False"
        message = f"Job {kind.lower()}"
        if not ensure(status, condition(SUSPENDED, reason, message, status=wanted)):
            return False
        if wanted == "False":  # the time that it may take begins anew
            status["startTime"] = now()
        await self._recorder.event(job, "Normal", kind, message)
        return True

    async def _tell(self, job: Object, status: Object, over: Object) -> None:
        if over["type"] == FAILED:
            await self._recorder.event(job, "Warning", over["reason"], over["message"])
            return
        completions = job["spec"].get("completions")
        if completions is not None and (status.get("succeeded") or 0) > completions:
            message = "Too many succeeded pods running after completion count reached"
            await self._recorder.event(job, "Warning", "TooManySucceededPods", message)
        await self._recorder.event(job, "Normal", "Completed", "Job completed")


def _is_complete(job: Object, tally: Tally, crew: Crew) -> bool:
    completions = job["spec"].get("completions")
    enough = tally.succeeded > 0 if completions is None else tally.succeeded >= completions
    return enough and crew.active == 0
