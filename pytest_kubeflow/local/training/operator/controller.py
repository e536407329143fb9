"""JobController: the life of jobs of the operator, whatever their kind.

Rules and words: kubeflow/training-operator v1.9.2, ReconcileJobs of pkg/controller.v1/common. Each
look reads the job and its pods from the API.
"""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta

from pytest_kubeflow.local.controllers.controller import Controller, Informers, TryAgainError
from pytest_kubeflow.local.controllers.owners import controller_of
from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.katib.presence import Presence
from pytest_kubeflow.local.kube import ApiError, KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.events import EventRecorder
from pytest_kubeflow.local.kube.informer import Key
from pytest_kubeflow.local.kube.resources import PODS, SERVICES
from pytest_kubeflow.local.kube.times import now
from pytest_kubeflow.local.training.operator.abnormal import abnormal
from pytest_kubeflow.local.training.operator.framework import Framework, Look, replicas_of
from pytest_kubeflow.local.training.operator.labels import controller_of_kind
from pytest_kubeflow.local.training.operator.limits import limit_reached
from pytest_kubeflow.local.training.operator.owned import OwnedObjects
from pytest_kubeflow.local.training.operator.status import (
    CREATED,
    FAILED,
    RUNNING,
    SUCCEEDED,
    SUSPENDED,
    holds,
    is_finished,
    mark,
)

MANAGER = "kubeflow.org/training-operator"


class JobController(Controller):
    """Works on jobs of one kind while the operator is there."""

    def __init__(
        self,
        client: KubeClient,
        informers: Informers,
        *,
        framework: Framework,
        faults: Faults,
        presence: Presence,
    ) -> None:
        self._framework = framework
        self.name = framework.resource.kind.lower()
        self._recorder = EventRecorder(client, controller_of_kind(framework.resource.kind))
        self._faults = faults
        self._presence = presence
        super().__init__(client, informers)
        presence.on_change(lambda: self.enqueue_all(self.jobs.objects))

    def watch(self) -> None:
        self.jobs = self.enqueue_from(self._framework.resource)
        for resource in self._framework.made:
            self.enqueue_from(resource, self._owner_key)

    def _owner_key(self, obj: Object) -> Key | None:
        owner = controller_of(obj)
        if owner is None or owner["kind"] != self._framework.resource.kind:
            return None
        return obj["metadata"]["namespace"], owner["name"]

    async def reconcile(self, key: Key) -> None:
        if self.jobs.get(key[1], key[0]) is None or not self._presence.works():
            return
        framework = self._framework
        try:
            found = await self.client.get(framework.resource, key[1], key[0])
        except ApiError as error:
            if error.not_found:
                return
            raise
        manager = (found["spec"].get("runPolicy") or {}).get("managedBy")
        if manager not in {None, MANAGER}:
            return
        owned = OwnedObjects(self.client, self._recorder, found)
        if why := framework.refusal(found):
            kind = found["kind"]
            message = f"{kind} failed validation because {why}"
            await owned.tell("Warning", f"{kind}FailedValidation", message)
            raise TryAgainError(message)
        if found["metadata"].get("deletionTimestamp"):
            return
        job = framework.with_defaults(found)
        if not replicas_of(job):  # it waits for what was never asked for
            return
        before = job.get("status") or {}
        status = copy.deepcopy(before)
        if not status.get("conditions"):
            mark(job, status, CREATED, f"{job['kind']} {key[1]} is created.")
        look = Look(job, status, await owned.list(PODS), owned, self._faults)
        await self._reconcile(key, look)
        if status != before:
            changed = {**found, "status": status}
            await self.client.replace(framework.resource, changed, subresource="status")

    async def _reconcile(self, key: Key, look: Look) -> None:
        job, status = look.job, look.status
        title, name = job["kind"], key[1]
        if is_finished(status):
            await self._clean(look)
            await self._expire(key, look)
            if holds(status, SUCCEEDED):
                _end_active(status)
            return
        if job["spec"]["runPolicy"].get("suspend"):
            await self._suspend(name, look)
            return
        if holds(status, SUSPENDED):
            message = f"{title} {name} is resumed."
            mark(job, status, SUSPENDED, message, reason="Resumed", value="False")
            status["startTime"] = now()
            await look.owned.tell("Normal", f"{title}Resumed", message)
        for event in abnormal(look.pods):
            await look.owned.tell(*event)
        if why := limit_reached(job, status, look.pods):
            status.setdefault("completionTime", now())
            await self._clean(look)
            await look.owned.tell("Normal", f"{title}Failed", why)
            mark(job, status, FAILED, why)
            return
        await self._framework.make(look)
        if "startTime" not in status:
            status["startTime"] = now()
        # A deadline is noticed when something else happens alone: the operator puts the job on a
        # queue that nobody works on.
        for event in self._framework.judge(look):
            await look.owned.tell(*event)

    async def _clean(self, look: Look) -> None:
        """Delete pods and their Services, as far as the job's policy wants it."""
        policy = look.job["spec"]["runPolicy"]["cleanPodPolicy"]
        finished = is_finished(look.status)
        if finished and policy == "None":
            return
        for pod in look.pods:
            going = pod["status"].get("phase") in {"Running", "Pending"}
            if finished and policy == "Running" and not going:
                continue
            await look.owned.delete(pod, PODS)
            metadata = pod["metadata"]
            named = {"name": metadata["name"], "namespace": metadata["namespace"]}
            await look.owned.delete({"metadata": named}, SERVICES)

    async def _suspend(self, name: str, look: Look) -> None:
        job, status = look.job, look.status
        await self._clean(look)
        _end_active(status, succeeded=False)
        message = f"{job['kind']} {name} is suspended."
        if holds(status, RUNNING):
            mark(job, status, RUNNING, message, reason=SUSPENDED, value="False")
        if not holds(status, SUSPENDED):
            mark(job, status, SUSPENDED, message)
            await look.owned.tell("Normal", f"{job['kind']}Suspended", message)

    async def _expire(self, key: Key, look: Look) -> None:
        seconds = look.job["spec"]["runPolicy"].get("ttlSecondsAfterFinished")
        if seconds is None or "completionTime" not in look.status:
            return
        ends = datetime.fromisoformat(look.status["completionTime"]) + timedelta(seconds=seconds)
        left = (ends - datetime.now(UTC)).total_seconds()
        if left > 0:
            self.queue.add_after(key, left)
            return
        await look.owned.delete(look.job, self._framework.resource, "Job")


def _end_active(status: Object, *, succeeded: bool = True) -> None:
    """Nothing is active any more."""
    for one in (status.get("replicaStatuses") or {}).values():
        active = one.pop("active", 0)
        if active and succeeded:
            one["succeeded"] = one.get("succeeded", 0) + active
