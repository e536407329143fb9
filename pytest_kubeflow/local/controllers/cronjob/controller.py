"""CronJobs make a Job at each of their times.

Rules and words: kubernetes/kubernetes pkg/controller/cronjob/cronjob_controllerv2.go.
"""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from email.utils import format_datetime

from pytest_kubeflow.local.controllers.controller import Controller, Informers
from pytest_kubeflow.local.controllers.cronjob.history import outdated
from pytest_kubeflow.local.controllers.cronjob.schedule import (
    MOST_MISSED,
    Schedule,
    ScheduleError,
)
from pytest_kubeflow.local.controllers.job.conditions import COMPLETE, finished
from pytest_kubeflow.local.controllers.owners import controlled, controller_of, controller_reference
from pytest_kubeflow.local.kube import ApiError, KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.events import EventRecorder
from pytest_kubeflow.local.kube.informer import Key
from pytest_kubeflow.local.kube.resources import CRON_JOBS, JOBS

_SCHEDULED = "batch.kubernetes.io/cronjob-scheduled-timestamp"
_LATE_BY = 0.1
"""Seconds after a time at which it is looked at."""


class CronJobController(Controller):
    """Makes Jobs, follows them in the status, and deletes those beyond the history's limits."""

    name = "cronjob"

    def __init__(self, client: KubeClient, informers: Informers) -> None:
        self._recorder = EventRecorder(client, "cronjob-controller")
        super().__init__(client, informers)

    def watch(self) -> None:
        self.cron_jobs = self.enqueue_from(CRON_JOBS)
        self.jobs = self.enqueue_from(JOBS, _cron_job_of)

    async def reconcile(self, key: Key) -> None:
        if self.cron_jobs.get(key[1], key[0]) is None:
            return
        try:
            found = await self.client.get(CRON_JOBS, key[1], key[0])
        except ApiError as error:
            if error.not_found:
                return
            raise
        cron_job = {"apiVersion": CRON_JOBS.api_version, "kind": CRON_JOBS.kind, **found}
        before = cron_job.get("status") or {}
        cron_job["status"] = copy.deepcopy(before)
        jobs = await self._jobs(cron_job)
        try:
            for job in outdated(cron_job, jobs):  # first of all: of these nothing else is said
                await self._delete(cron_job, job)
            await self._follow(cron_job, jobs)
            if not cron_job["metadata"].get("deletionTimestamp"):
                await self._schedule(key, cron_job)
        finally:
            if cron_job["status"] != before:
                await self._write(cron_job)

    async def _jobs(self, cron_job: Object) -> list[Object]:
        listed = await self.client.list(JOBS, namespace=cron_job["metadata"]["namespace"])
        return controlled(listed["items"], cron_job)

    async def _follow(self, cron_job: Object, jobs: list[Object]) -> None:
        """Take out of `status.active` what has ended or is gone."""
        status = cron_job["status"]
        active = {one["uid"]: one for one in status.get("active") or ()}
        for job in jobs:
            metadata, condition = job["metadata"], finished(job)
            if metadata["uid"] not in active and condition is None:
                message = (
                    f"Saw a job that the controller did not create or forgot: {metadata['name']}"
                )
                await self._recorder.event(cron_job, "Warning", "UnexpectedJob", message)
            if metadata["uid"] in active and condition is not None:
                del active[metadata["uid"]]
                message = f"Saw completed job: {metadata['name']}, condition: {condition['type']}"
                await self._recorder.event(cron_job, "Normal", "SawCompletedJob", message)
            if condition is not None and condition["type"] == COMPLETE:
                ended = (job.get("status") or {}).get("completionTime") or ""
                status["lastSuccessfulTime"] = max(status.get("lastSuccessfulTime") or "", ended)
        there = {job["metadata"]["uid"] for job in jobs}
        for uid in active.keys() - there:
            message = f"Active job went missing: {active.pop(uid)['name']}"
            await self._recorder.event(cron_job, "Normal", "MissingJob", message)
        _set_active(status, list(active.values()))

    async def _schedule(self, key: Key, cron_job: Object) -> None:
        """Make the Job that is due, if any, and look again when the next one is."""
        if cron_job["spec"].get("suspend"):
            return
        try:
            schedule = Schedule.of(cron_job)
        except ScheduleError as error:
            await self._recorder.event(cron_job, "Warning", error.reason, str(error))
            return
        now = datetime.now(UTC)
        if (later := schedule.next(now)) is not None:
            self.queue.add_after(key, (later - now).total_seconds() + _LATE_BY)
        due, missed = schedule.due(now)
        if missed > MOST_MISSED:
            message = (
                "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or "
                "check clock skew"
            )
            await self._recorder.event(cron_job, "Warning", "TooManyMissedTimes", message)
        if due is None:
            return
        if schedule.is_late(due, now):
            message = f"Missed scheduled time to start a job: {format_datetime(due)}"
            await self._recorder.event(cron_job, "Warning", "MissSchedule", message)
            return
        await self._start(cron_job, due)

    async def _start(self, cron_job: Object, due: datetime) -> None:
        status, policy = cron_job["status"], cron_job["spec"].get("concurrencyPolicy")
        if _name_of(cron_job, due) in {one["name"] for one in status.get("active") or ()}:
            return  # made for this time already
        if policy == "Forbid" and status.get("active"):
            message = (
                "Not starting job because prior execution is running and concurrency policy is "
                "Forbid"
            )
            await self._recorder.event(cron_job, "Normal", "JobAlreadyActive", message)
            return
        if policy == "Replace":
            for one in list(status.get("active") or ()):
                await self._delete(cron_job, {"metadata": one})
        try:
            made = await self.client.create(JOBS, _job_of(cron_job, due))
        except ApiError as error:
            if error.code != 409:
                message = f"Error creating job: {error.message}"
                await self._recorder.event(cron_job, "Warning", "FailedCreate", message)
                raise
            # Made already, and the status that says so was lost on the way.
            name = _name_of(cron_job, due)
            made = await self.client.get(JOBS, name, cron_job["metadata"]["namespace"])
            if not controlled([made], cron_job):
                raise
        else:
            message = f"Created job {made['metadata']['name']}"
            await self._recorder.event(cron_job, "Normal", "SuccessfulCreate", message)
        if finished(made) is None:
            _set_active(status, [*(status.get("active") or ()), _reference(made)])
        status["lastScheduleTime"] = due.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    async def _delete(self, cron_job: Object, job: Object) -> None:
        metadata = job["metadata"]
        try:
            await self.client.delete(
                JOBS, metadata["name"], metadata["namespace"], propagation="Background"
            )
        except ApiError as error:
            if not error.not_found:
                raise
            return
        active = cron_job["status"].get("active") or ()
        left = [one for one in active if one["uid"] != metadata["uid"]]
        _set_active(cron_job["status"], left)
        message = f"Deleted job {metadata['name']}"
        await self._recorder.event(cron_job, "Normal", "SuccessfulDelete", message)

    async def _write(self, cron_job: Object) -> None:
        metadata = cron_job["metadata"]
        change = {"metadata": {"uid": metadata["uid"]}, "status": {"active": None}}
        change["status"] |= cron_job["status"]
        try:
            await self.client.patch(
                CRON_JOBS,
                metadata["name"],
                change,
                namespace=metadata["namespace"],
                subresource="status",
            )
        except ApiError as error:
            if not error.not_found:
                raise


def _cron_job_of(job: Object) -> Key | None:
    owner = controller_of(job)
    if owner is None or owner["kind"] != CRON_JOBS.kind:
        return None
    return job["metadata"]["namespace"], owner["name"]


def _name_of(cron_job: Object, due: datetime) -> str:
    return f"{cron_job['metadata']['name']}-{int(due.timestamp()) // 60}"


def _job_of(cron_job: Object, due: datetime) -> Object:
    """The Job for one time, from the template."""
    template = cron_job["spec"]["jobTemplate"]
    metadata = template.get("metadata") or {}
    marks = {
        **(metadata.get("annotations") or {}),
        _SCHEDULED: due.isoformat().replace("+00:00", "Z"),
    }
    return {
        "metadata": {
            "name": _name_of(cron_job, due),
            "namespace": cron_job["metadata"]["namespace"],
            "labels": dict(metadata.get("labels") or {}),
            "annotations": marks,
            "ownerReferences": [controller_reference(cron_job)],
        },
        "spec": copy.deepcopy(template["spec"]),
    }


def _reference(job: Object) -> Object:
    metadata = job["metadata"]
    fields = {name: metadata[name] for name in ("name", "namespace", "uid", "resourceVersion")}
    return {"apiVersion": JOBS.api_version, "kind": JOBS.kind, **fields}


def _set_active(status: Object, active: list[Object]) -> None:
    if active:
        status["active"] = active
    else:
        status.pop("active", None)
