"""TrainJobController: makes the JobSet of a TrainJob, and says what became of it.

Rules and words: kubeflow/trainer v2.2, pkg/controller/trainjob_controller.go; of 2.1 where that is
the release. Each look reads the TrainJob and its JobSet from the API.
"""

from __future__ import annotations

import copy
from datetime import UTC, datetime

from pytest_kubeflow.local.controllers.controller import Controller, Informers, TryAgainError
from pytest_kubeflow.local.controllers.owners import controller_of
from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.katib.presence import Presence
from pytest_kubeflow.local.kube import ApiError, KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.informer import Key
from pytest_kubeflow.local.kube.resources import JOB_SETS, TRAIN_JOBS
from pytest_kubeflow.local.training.release import Release
from pytest_kubeflow.local.training.spoiling import as_trained, trainer_ignores
from pytest_kubeflow.local.training.trainer.errors import TrainerError
from pytest_kubeflow.local.training.trainer.events import TrainerEvents
from pytest_kubeflow.local.training.trainer.info import RuntimeInfo
from pytest_kubeflow.local.training.trainer.objects import job_set
from pytest_kubeflow.local.training.trainer.policies import enforce
from pytest_kubeflow.local.training.trainer.runtimes import kind_of, resource_of, unsupported
from pytest_kubeflow.local.training.trainer.status import (
    clear_failure,
    compacted,
    deadline,
    is_finished,
    set_deadline_exceeded,
    set_suspended,
    set_unsupported,
    take_over,
)

_MANAGER = "trainer"
_FAILED = "TrainJobResourcesCreationFailed"
_LONGEST = 950


class TrainJobController(Controller):
    """Works while Trainer's controller is there."""

    name = "trainjob"
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
        self._events = TrainerEvents(client, release)
        self._release = release
        self._faults = faults
        self._presence = presence
        super().__init__(client, informers)
        presence.on_change(lambda: self.enqueue_all(self.train_jobs.objects))
        faults.on_change(lambda: self.enqueue_all(self.train_jobs.objects))

    def watch(self) -> None:
        self.train_jobs = self.enqueue_from(TRAIN_JOBS)
        self.enqueue_from(JOB_SETS, _owner_key)

    async def reconcile(self, key: Key) -> None:
        if self.train_jobs.get(key[1], key[0]) is None or not self._presence.works():
            return
        if trainer_ignores(self._faults):
            return
        found = await self._get(TRAIN_JOBS.path(key[0], key[1]))
        if found is None:
            return
        trainjob = as_trained(self._faults, found)
        before = trainjob.get("status") or {}
        status = copy.deepcopy(before)
        clear_failure(status)
        errors = await self._objects(trainjob, status)
        set_suspended(status, suspended=bool(trainjob["spec"].get("suspend")))
        if error := await self._take_over(trainjob, status):
            errors.append(error)
        await self._deadline(key, trainjob, status)
        status = compacted(status)
        if status != before:
            await self._store(trainjob, before, status)
        if errors:
            raise TryAgainError("\n".join(errors))

    async def _get(self, path: str) -> Object | None:
        try:
            return await self.client.request("GET", path)
        except ApiError as error:
            if error.not_found:
                return None
            raise

    async def _objects(self, trainjob: Object, status: Object) -> list[str]:
        """Apply what a TrainJob is made of; what went wrong is an event as well."""
        resource = resource_of(trainjob)
        if resource is None:
            message = unsupported(kind_of(trainjob))
            set_unsupported(status, message)
            return [message]
        if self._release.finished_is_left and is_finished(status):
            return []
        try:
            runtime = await self._runtime(trainjob)
            info = RuntimeInfo.of(trainjob, runtime["spec"], self._release)
            enforce(info, trainjob, self._faults)
            await self._apply(trainjob, info)
        except (ApiError, TrainerError) as error:
            found = error.message if isinstance(error, ApiError) else str(error)
            short = f"TrainJob resources reconciliation failed: {found[:_LONGEST]}"
            end = " ..." if len(found) > _LONGEST else ""
            await self._events.warn(trainjob, _FAILED, f"{short}{end}")
            return [found]
        return []

    async def _runtime(self, trainjob: Object) -> Object:
        resource, reference = resource_of(trainjob), trainjob["spec"]["runtimeRef"]
        assert resource is not None
        namespace = trainjob["metadata"]["namespace"] if resource.namespaced else None
        try:
            return await self.client.get(resource, reference["name"], namespace)
        except ApiError as error:
            why = f"{resource.kind} specified in TrainJob is not found: {error.message}"
            raise TrainerError(why) from None

    async def _apply(self, trainjob: Object, info: RuntimeInfo) -> None:
        metadata = trainjob["metadata"]
        there = await self._get(JOB_SETS.path(metadata["namespace"], metadata["name"]))
        going = there is not None and not there["spec"].get("suspend")
        if going and not trainjob["spec"].get("suspend"):
            return
        await self.client.patch(
            JOB_SETS,
            metadata["name"],
            job_set(info, trainjob),
            namespace=metadata["namespace"],
            kind="apply",
            params={"fieldManager": _MANAGER, "force": "true"},
        )

    async def _take_over(self, trainjob: Object, status: Object) -> str:
        """What the JobSet says; why that is not known."""
        metadata = trainjob["metadata"]
        jobset = await self._get(JOB_SETS.path(metadata["namespace"], metadata["name"]))
        if jobset is not None:
            take_over(status, jobset)
            return ""
        if self._release.finished_is_left and is_finished(status):
            return ""  # the JobSet may live shorter than the TrainJob
        return f'jobsets.jobset.x-k8s.io "{metadata["name"]}" not found'

    async def _deadline(self, key: Key, trainjob: Object, status: Object) -> None:
        until = deadline(trainjob, status)
        if until is None:
            return
        left = (until - datetime.now(UTC)).total_seconds()
        if left > 0:
            self.queue.add_after(key, left)
            return
        set_deadline_exceeded(status)
        try:
            await self.client.delete(JOB_SETS, key[1], key[0], propagation="Background")
        except ApiError as error:
            if not error.not_found:
                raise

    async def _store(self, trainjob: Object, before: Object, status: Object) -> None:
        gone = dict.fromkeys(before.keys() - status.keys())
        metadata = trainjob["metadata"]
        await self.client.patch(
            TRAIN_JOBS,
            metadata["name"],
            {"status": {**gone, **status}},
            namespace=metadata["namespace"],
            subresource="status",
        )


def _owner_key(obj: Object) -> Key | None:
    owner = controller_of(obj)
    if owner is None or owner["kind"] != TRAIN_JOBS.kind:
        return None
    return obj["metadata"]["namespace"], owner["name"]
