"""JobSetController: makes the Jobs of a JobSet and their Service, and says what became of them.

Rules: kubernetes-sigs/jobset v0.11, pkg/controllers/jobset_controller.go. Each look reads the
JobSet and its Jobs from the API, so that no copy of them is behind.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from pytest_kubeflow.local.controllers.controller import Controller, Informers
from pytest_kubeflow.local.controllers.owners import (
    controlled,
    controller_of,
    controller_reference,
)
from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.katib.presence import Presence
from pytest_kubeflow.local.kube import ApiError, KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.events import EventRecorder
from pytest_kubeflow.local.kube.informer import Key
from pytest_kubeflow.local.kube.resources import JOB_SETS, JOBS, SERVICES
from pytest_kubeflow.local.training.jobset.jobs import (
    ChildJobs,
    is_suspended,
    missing_jobs,
    of_replicated,
    resumed,
)
from pytest_kubeflow.local.training.jobset.labels import JOB_SET, subdomain
from pytest_kubeflow.local.training.jobset.policies import apply_failure_policy, has_succeeded
from pytest_kubeflow.local.training.jobset.status import (
    Changes,
    finish_time,
    have_started,
    is_finished,
    may_start,
    replicated_statuses,
)
from pytest_kubeflow.local.training.release import Release
from pytest_kubeflow.local.training.spoiling import (
    as_made,
    failures_seen,
    false_complete,
    service_missing,
)

MANAGER = "jobset.sigs.k8s.io/jobset-controller"


class JobSetController(Controller):
    """Works while JobSet's controller is there."""

    name = "jobset"
    workers = 4

    def __init__(
        self,
        client: KubeClient,
        informers: Informers,
        *,
        release: Release,
        faults: Faults,
        presence: Presence,
    ) -> None:
        self._recorder = EventRecorder(client, "jobset")
        self._release = release
        self._faults = faults
        self._presence = presence
        super().__init__(client, informers)
        presence.on_change(lambda: self.enqueue_all(self.jobsets.objects))

    def watch(self) -> None:
        self.jobsets = self.enqueue_from(JOB_SETS)
        self.enqueue_from(JOBS, _owner_key)
        self.enqueue_from(SERVICES, _owner_key)

    async def reconcile(self, key: Key) -> None:
        if self.jobsets.get(key[1], key[0]) is None or not self._presence.works():
            return
        try:
            jobset = await self.client.get(JOB_SETS, key[1], key[0])
        except ApiError as error:
            if error.not_found:
                return
            raise
        if jobset["metadata"].get("deletionTimestamp"):
            return
        changes = Changes(jobset)
        if jobset["spec"].get("managedBy") in {None, MANAGER}:
            await self._reconcile(key, jobset, changes)
        if changes.changed:
            await self.client.replace(
                JOB_SETS, {**jobset, "status": changes.status}, subresource="status"
            )
            for event in changes.events:
                await self._recorder.event(jobset, event.kind, event.reason, event.message)

    async def _reconcile(self, key: Key, jobset: Object, changes: Changes) -> None:
        owned = await self._owned(jobset)
        statuses = replicated_statuses(jobset, owned)
        changes.count(statuses)
        if is_finished(jobset):
            await self._delete(owned.active)
            await self._expire(key, jobset)
            return
        await self._delete(owned.previous)
        if false_complete(self._faults, owned):
            changes.complete()
            return
        if owned.failed:
            apply_failure_policy(failures_seen(self._faults, jobset), owned, changes)
            return
        if owned.successful and has_succeeded(jobset, owned):
            changes.complete()
            return
        await self._ensure_service(jobset)
        await self._create(jobset, owned, statuses, changes)
        if is_suspended(jobset):
            await self._suspend(owned, changes)
        else:
            await self._resume(jobset, owned, statuses, changes)

    async def _owned(self, jobset: Object) -> ChildJobs:
        metadata = jobset["metadata"]
        selector = f"{JOB_SET}={metadata['name']}"
        listed = await self.client.list(JOBS, metadata["namespace"], label_selector=selector)
        restarts = (jobset.get("status") or {}).get("restarts", 0)
        return ChildJobs.sorted(controlled(listed["items"], jobset), restarts)

    async def _delete(self, jobs: Sequence[Object]) -> None:
        for job in jobs:
            metadata = job["metadata"]
            if metadata.get("deletionTimestamp"):
                continue
            try:
                await self.client.delete(
                    JOBS, metadata["name"], metadata["namespace"], propagation="Foreground"
                )
            except ApiError as error:
                if not error.not_found:
                    raise

    async def _expire(self, key: Key, jobset: Object) -> None:
        seconds, ended = jobset["spec"].get("ttlSecondsAfterFinished"), finish_time(jobset)
        if seconds is None or ended is None:
            return
        left = datetime.fromisoformat(ended) + timedelta(seconds=seconds) - datetime.now(UTC)
        if left > timedelta():
            self.queue.add_after(key, left.total_seconds())
            return
        await self.client.delete(JOB_SETS, key[1], key[0], propagation="Foreground")

    async def _ensure_service(self, jobset: Object) -> None:
        network, metadata = jobset["spec"].get("network") or {}, jobset["metadata"]
        if not network.get("enableDNSHostnames") or service_missing(self._faults):
            return
        name, namespace = subdomain(jobset), metadata["namespace"]
        try:
            await self.client.get(SERVICES, name, namespace)
        except ApiError as error:
            if not error.not_found:
                raise
        else:
            return
        service = {
            "metadata": {
                "name": name,
                "namespace": namespace,
                "ownerReferences": [controller_reference(jobset)],
            },
            "spec": {
                "clusterIP": "None",
                "selector": {JOB_SET: metadata["name"]},
                "publishNotReadyAddresses": network.get("publishNotReadyAddresses", True),
            },
        }
        try:
            await self.client.create(SERVICES, service)
        except ApiError as error:
            reason = "HeadlessServiceCreationFailed"
            await self._recorder.event(jobset, "Warning", reason, error.message)
            raise

    async def _create(
        self, jobset: Object, owned: ChildJobs, statuses: Sequence[Object], changes: Changes
    ) -> None:
        every = jobset["spec"].get("replicatedJobs") or []
        in_order = _is_in_order(jobset) and not is_suspended(jobset)
        for at, replicated in enumerate(every):
            if not may_start(replicated, every[: at + 1], statuses):
                continue
            if in_order and have_started(replicated, statuses):
                continue
            await self._make(jobset, missing_jobs(jobset, replicated, owned))
            if in_order:
                changes.start_in_order(done=False)
                return
        if in_order:
            changes.start_in_order(done=True)

    async def _make(self, jobset: Object, jobs: Sequence[Object]) -> None:
        errors: list[tuple[str, ApiError]] = []
        for job in jobs:
            try:
                await self.client.create(JOBS, as_made(self._faults, job))
            except ApiError as error:
                errors.append((job["metadata"]["name"], error))
        if not errors:
            return
        if self._release.tells_of_jobs:
            found = (
                f'job "{name}" creation failed with error: {one.message}' for name, one in errors
            )
            await self._recorder.event(jobset, "Warning", "JobCreationFailed", "\n".join(found))
        raise errors[0][1]

    async def _suspend(self, owned: ChildJobs, changes: Changes) -> None:
        for job in owned.active:
            if not is_suspended(job):
                await self.client.replace(JOBS, {**job, "spec": {**job["spec"], "suspend": True}})
        changes.suspend()

    async def _resume(
        self, jobset: Object, owned: ChildJobs, statuses: Sequence[Object], changes: Changes
    ) -> None:
        every, in_order = jobset["spec"].get("replicatedJobs") or [], _is_in_order(jobset)
        for at, replicated in enumerate(every):
            if not may_start(replicated, every[: at + 1], statuses):
                continue
            if in_order and have_started(replicated, statuses):
                continue
            for job in of_replicated(owned.active, replicated["name"]):
                if is_suspended(job):
                    await self._resume_job(job, replicated)
            if in_order:
                changes.start_in_order(done=False)
                return
        changes.resume()

    async def _resume_job(self, job: Object, replicated: Object) -> None:
        if (job.get("status") or {}).get("startTime"):
            # The template of a Job that has begun cannot be changed.
            status = {key: one for key, one in job["status"].items() if key != "startTime"}
            job = await self.client.replace(JOBS, {**job, "status": status}, subresource="status")
        await self.client.replace(JOBS, resumed(job, replicated))


def _is_in_order(jobset: Object) -> bool:
    policy = jobset["spec"].get("startupPolicy") or {}
    return bool(policy.get("startupPolicyOrder") == "InOrder")


def _owner_key(obj: Object) -> Key | None:
    owner = controller_of(obj)
    if owner is None or owner["kind"] != JOB_SETS.kind:
        return None
    return obj["metadata"]["namespace"], owner["name"]
