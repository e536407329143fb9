"""TrialController: runs the Job of each Trial, and says what it came to and what it observed.

Rules: kubeflow/katib v0.19.0, pkg/controller.v1beta1/trial/trial_controller.go.
"""

from __future__ import annotations

from typing import Any

from pytest_kubeflow.local.controllers.controller import Controller, Informers, TryAgainError
from pytest_kubeflow.local.controllers.owners import controller_of, controller_reference
from pytest_kubeflow.local.controllers.ownwrites import OwnWrites
from pytest_kubeflow.local.katib import gjson
from pytest_kubeflow.local.katib.conditions import UNAVAILABLE, has, is_completed_trial, mark
from pytest_kubeflow.local.katib.dbmanager import ENDPOINT
from pytest_kubeflow.local.katib.labels import TRIAL_FINALIZER
from pytest_kubeflow.local.katib.messages import DB_MANAGER, new
from pytest_kubeflow.local.katib.observation import observation
from pytest_kubeflow.local.katib.observations import year_one
from pytest_kubeflow.local.katib.presence import Presence
from pytest_kubeflow.local.katib.rpc import CallError, Channels
from pytest_kubeflow.local.katib.trialstatus import Event, JobStatus, job_status, tell_job
from pytest_kubeflow.local.kube import ApiError, KubeClient, Resource
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.events import EventRecorder
from pytest_kubeflow.local.kube.informer import Key
from pytest_kubeflow.local.kube.resources import JOBS, TRIALS
from pytest_kubeflow.local.kube.times import now

_AGAIN_SECONDS = 1.0


class TrialController(Controller):
    """Works while Katib's controller is there; asks db-manager by `channels`."""

    name = "trial"
    workers = 4

    def __init__(
        self,
        client: KubeClient,
        informers: Informers,
        *,
        channels: Channels,
        presence: Presence,
    ) -> None:
        self._channels = channels
        self._presence = presence
        self._recorder = EventRecorder(client, "trial-controller")
        self._own_writes = OwnWrites(client)
        super().__init__(client, informers)
        presence.on_change(lambda: self.enqueue_all(self.trials.objects))

    def watch(self) -> None:
        self.trials = self.enqueue_from(TRIALS)
        self.jobs = self.enqueue_from(JOBS, _owner_key)

    async def reconcile(self, key: Key) -> None:
        before = self.trials.get(key[1], key[0])
        if before is None or not self._presence.works() or self._own_writes.outdated(before):
            return
        trial = {**before, "status": dict(before.get("status") or {})}
        if await self._finalized(trial):
            return
        if not has(trial, "Created"):
            trial["status"].setdefault("startTime", now())
            trial["status"].setdefault("completionTime", None)
            mark(trial, "Created", "TrialCreated", "Trial is created")
            events: list[Event] = []
        else:
            try:
                found = await self._reconcile(key, trial)
            except (ApiError, CallError, gjson.UnsupportedPathError) as error:
                await self._complain(before, error)
                raise TryAgainError(str(error)) from error
            if found is None:
                self.queue.add_after(key, _AGAIN_SECONDS)
                return
            events = found
        if trial["status"] != before.get("status"):
            await self._own_writes.replace(TRIALS, trial, subresource="status")
        for event in events:
            await self._recorder.event(before, event.kind, event.reason, event.message)

    async def _complain(self, trial: Object, error: Exception) -> None:
        if isinstance(error, ApiError) and error.reason in {"AlreadyExists", "Conflict"}:
            return
        found = error.message if isinstance(error, ApiError) else str(error)
        message = f"Failed to reconcile: {found}"
        await self._recorder.event(trial, "Warning", "ReconcileError", message)

    async def _finalized(self, trial: Object) -> bool:
        """Add the finalizer or, at the end, do what it is for; whether either was to be done."""
        metadata = trial["metadata"]
        finalizers = metadata.get("finalizers") or []
        is_deleted = bool(metadata.get("deletionTimestamp"))
        if is_deleted != (TRIAL_FINALIZER in finalizers):
            return is_deleted
        if is_deleted:
            request = new("DeleteObservationLogRequest", trial_name=metadata["name"])
            try:
                await self._ask("DeleteObservationLog", request)
            except CallError as error:
                raise TryAgainError(str(error)) from error
            finalizers = [one for one in finalizers if one != TRIAL_FINALIZER]
        else:
            finalizers = [*finalizers, TRIAL_FINALIZER]
        await self._own_writes.replace(
            TRIALS, {**trial, "metadata": {**metadata, "finalizers": finalizers}}
        )
        return True

    async def _reconcile(self, key: Key, trial: Object) -> list[Event] | None:
        """The events to make; None: look again in a second."""
        events: list[Event] = []
        job = await self._job(key, trial, events)
        completed, stopped = is_completed_trial(trial), has(trial, "EarlyStopped")
        if job is None or (completed and not stopped):
            return events
        status = job_status(trial, job)
        if status is None:
            return events
        if status.condition == "Succeeded" or stopped:
            await self._observe(trial)
        is_push = _collector(trial) == "Push"
        is_observed = trial["status"].get("observation") is not None
        if status.condition == "Succeeded" and not is_observed and not is_push:
            return None
        if not await self._report_unavailable(trial, status):
            return None
        return events + tell_job(trial, job["metadata"]["name"], status)

    async def _report_unavailable(self, trial: Object, status: JobStatus) -> bool:
        """Store that a trial has pushed nothing, where it says so; False: that did not work."""
        is_silent = (
            _collector(trial) == "Push"
            and status.condition == "Succeeded"
            and trial["status"].get("observation") is None
            and not has(trial, "MetricsUnavailable")
        )
        if not is_silent:
            return True
        metric = new(
            "Metric", name=trial["spec"]["objective"]["objectiveMetricName"], value=UNAVAILABLE
        )
        log = new("MetricLog", time_stamp=year_one(), metric=metric)
        request = new(
            "ReportObservationLogRequest",
            trial_name=trial["metadata"]["name"],
            observation_log=new("ObservationLog", metric_logs=[log]),
        )
        try:
            await self._ask("ReportObservationLog", request)
        except CallError:
            return False
        return True

    async def _observe(self, trial: Object) -> None:
        request = new("GetObservationLogRequest", trial_name=trial["metadata"]["name"])
        reply = await self._ask("GetObservationLog", request)
        if reply.observation_log.metric_logs:
            strategies = trial["spec"]["objective"].get("metricStrategies") or []
            trial["status"]["observation"] = observation(
                reply.observation_log.metric_logs, strategies
            )

    async def _ask(self, method: str, request: object) -> Any:
        return await self._channels.call(ENDPOINT, DB_MANAGER, method, request)

    async def _job(self, key: Key, trial: Object, events: list[Event]) -> Object | None:
        """The Job as it is, made or removed as it should be."""
        spec = trial["spec"]["runSpec"]
        resource = _resource(spec)
        name = spec["metadata"]["name"]
        job = await self._known(resource, name, key)
        if job is None:
            if is_completed_trial(trial):
                return None
            wanted = {
                **spec,
                "metadata": {
                    **spec["metadata"],
                    "ownerReferences": [controller_reference(trial)],
                },
            }
            made = await self.client.create(resource, wanted)
            events.append(Event("Normal", "JobCreated", f"Job {name} has been created"))
            return made
        if is_completed_trial(trial) and not trial["spec"].get("retainRun"):
            if not job["metadata"].get("deletionTimestamp"):
                await self.client.delete(resource, name, key[0], propagation="Foreground")
                events.append(Event("Normal", "JobDeleted", f"Job {name} has been deleted"))
            return None
        return job

    async def _known(self, resource: Resource, name: str, key: Key) -> Object | None:
        if resource == JOBS:
            return self.jobs.get(name, key[0])
        # Kinds that not every cluster has are not watched: they are asked for.
        try:
            found = await self.client.get(resource, name, key[0])
        except ApiError as error:
            if not error.not_found:
                raise
            return None
        self.queue.add_after(key, _AGAIN_SECONDS)
        return found


def _collector(trial: Object) -> str:
    spec = trial["spec"].get("metricsCollector") or {}
    return str((spec.get("collector") or {}).get("kind", ""))


def _resource(spec: Object) -> Resource:
    if (spec["apiVersion"], spec["kind"]) == (JOBS.api_version, JOBS.kind):
        return JOBS
    return Resource(spec["apiVersion"], f"{spec['kind'].lower()}s", spec["kind"])


def _owner_key(obj: Object) -> Key | None:
    owner = controller_of(obj)
    if owner is None or owner["kind"] != TRIALS.kind:
        return None
    return obj["metadata"]["namespace"], owner["name"]
