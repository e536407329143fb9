"""PyTorchJobController: makes pods and Services of PyTorchJobs, and says what became of them.

Rules and words: kubeflow/training-operator v1.9.2, pkg/controller.v1/common and pytorch. Each
look reads the job and its pods from the API.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from pytest_kubeflow.local.controllers.controller import Controller, Informers
from pytest_kubeflow.local.controllers.owners import controlled, controller_of
from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.katib.presence import Presence
from pytest_kubeflow.local.kube import ApiError, KubeClient, Resource
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.events import Recorder
from pytest_kubeflow.local.kube.informer import Key
from pytest_kubeflow.local.kube.resources import PODS, PYTORCH_JOBS, SERVICES
from pytest_kubeflow.local.kube.times import now
from pytest_kubeflow.local.training.operator.defaults import CONTAINER, total, with_defaults
from pytest_kubeflow.local.training.operator.objects import (
    INDEX,
    OPERATOR,
    TYPE,
    labels_of,
    new_pod,
    new_service,
)
from pytest_kubeflow.local.training.operator.status import (
    CREATED,
    FAILED,
    RESTARTING,
    RUNNING,
    SUCCEEDED,
    SUSPENDED,
    counts,
    holds,
    is_finished,
    mark,
)
from pytest_kubeflow.local.training.operator.verdict import judge
from pytest_kubeflow.local.training.spoiling import restart_policy, service_missing

MANAGER = "kubeflow.org/training-operator"
_RETRYABLE = {130, 137, 143, 138}
_UNKNOWN = 0xBEEF


class PyTorchJobController(Controller):
    """Works while the operator is there."""

    name = "pytorchjob"

    def __init__(
        self,
        client: KubeClient,
        informers: Informers,
        *,
        faults: Faults,
        presence: Presence,
    ) -> None:
        self._recorder = Recorder(client, OPERATOR)
        self._faults = faults
        self._presence = presence
        super().__init__(client, informers)
        presence.on_change(lambda: self.enqueue_all(self.jobs.objects))

    def watch(self) -> None:
        self.jobs = self.enqueue_from(PYTORCH_JOBS)
        self.enqueue_from(PODS, _owner_key)
        self.enqueue_from(SERVICES, _owner_key)

    async def reconcile(self, key: Key) -> None:
        if self.jobs.get(key[1], key[0]) is None or not self._presence.works():
            return
        try:
            found = await self.client.get(PYTORCH_JOBS, key[1], key[0])
        except ApiError as error:
            if error.not_found:
                return
            raise
        job = with_defaults(found)
        manager = job["spec"]["runPolicy"].get("managedBy")
        if job["metadata"].get("deletionTimestamp") or manager not in {None, MANAGER}:
            return
        before = job.get("status") or {}
        status = copy.deepcopy(before)
        if not status.get("conditions"):
            mark(status, CREATED, f"PyTorchJob {key[1]} is created.")
        await self._reconcile(key, job, status)
        if status != before:
            await self.client.replace(
                PYTORCH_JOBS, {**found, "status": status}, subresource="status"
            )

    async def _reconcile(self, key: Key, job: Object, status: Object) -> None:
        pods = await self._owned(PODS, job)
        policy = job["spec"]["runPolicy"]
        if is_finished(status):
            await self._clean(job, status, pods)
            await self._expire(key, job, status)
            if holds(status, SUCCEEDED):
                _end_active(status)
            return
        if policy.get("suspend"):
            await self._suspend(key, job, status, pods)
            return
        if holds(status, SUSPENDED):
            message = f"PyTorchJob {key[1]} is resumed."
            mark(status, SUSPENDED, message, reason="Resumed", value="False")
            status["startTime"] = now()
            await self._tell(job, "Normal", "PyTorchJobResumed", message)
        if why := _limit(job, status, pods):
            status.setdefault("completionTime", now())
            await self._clean(job, status, pods)
            await self._tell(job, "Normal", "PyTorchJobFailed", why)
            mark(status, FAILED, why)
            return
        services = await self._owned(SERVICES, job)
        for kind, replica in job["spec"]["pytorchReplicaSpecs"].items():
            await self._pods(job, status, kind, replica, pods)
            if not service_missing(self._faults):
                await self._services(job, kind, replica, services)
        if "startTime" not in status:
            status["startTime"] = now()
        # A deadline is noticed when something else happens alone: the operator puts the job on a
        # queue that nobody works on.
        for event in judge(job, status, self._faults):
            await self._tell(job, *event)

    async def _tell(self, job: Object, kind: str, reason: str, message: str) -> None:
        await self._recorder.event(job, kind, reason, message)

    async def _owned(self, resource: Resource, job: Object) -> list[Object]:
        metadata = job["metadata"]
        selector = ",".join(f"{key}={value}" for key, value in labels_of(metadata["name"]).items())
        listed = await self.client.list(resource, metadata["namespace"], label_selector=selector)
        return controlled(listed["items"], job)

    async def _pods(
        self, job: Object, status: Object, kind: str, replica: Object, pods: Sequence[Object]
    ) -> None:
        mine = [one for one in pods if one["metadata"]["labels"][TYPE] == kind.lower()]
        by_index = {int(one["metadata"]["labels"][INDEX]): one for one in mine}
        counted = []
        for index in range(max(replica["replicas"], *by_index, 0) + 1):
            pod = by_index.get(index)
            if pod is None:
                if index < replica["replicas"]:
                    await self._create(job, new_pod(job, kind, index, self._faults), PODS, "pod")
                continue
            if index >= replica["replicas"]:
                await self._delete(job, pod, PODS, "pod")
            await self._look_at(job, status, kind, replica, pod)
            counted.append(pod)
        status.setdefault("replicaStatuses", {})[kind] = {
            **counts(counted),
            "selector": _selector(job, kind),
        }

    async def _look_at(
        self, job: Object, status: Object, kind: str, replica: Object, pod: Object
    ) -> None:
        metadata, code = pod["metadata"], _exit_code(pod)
        if code is not None:
            place = f"{metadata['namespace']}.{metadata['name']}"
            message = f"Pod: {place} exited with code {code}"
            await self._tell(job, "Normal", "ExitedWithCode", message)
        if pod["status"].get("phase") != "Failed":
            return
        name, policy = job["metadata"]["name"], restart_policy(self._faults, replica)
        retryable = (_UNKNOWN if code is None else code) in _RETRYABLE
        if policy in {"OnFailure", "Always"} or (policy == "ExitCode" and retryable):
            await self._delete(job, pod, PODS, "pod")
            message = f"job {name} is restarting because {kind} replica(s) failed."
            await self._tell(job, "Warning", "PyTorchJobRestarting", message)
            mark(status, RESTARTING, message)
        elif policy == "ExitCode":
            message = f'job "{name}" is failing because "{kind}" replica(s) failed.'
            await self._tell(job, "Warning", "PyTorchJobFailed", message)
            mark(status, FAILED, message)

    async def _services(
        self, job: Object, kind: str, replica: Object, services: Sequence[Object]
    ) -> None:
        there = {
            int(one["metadata"]["labels"][INDEX])
            for one in services
            if one["metadata"]["labels"][TYPE] == kind.lower()
        }
        for index in range(replica["replicas"]):
            if index not in there:
                await self._create(job, new_service(job, kind, index), SERVICES, "service")

    async def _create(self, job: Object, obj: Object, resource: Resource, what: str) -> None:
        title = what.capitalize()
        try:
            await self.client.create(resource, obj)
        except ApiError as error:
            if error.reason == "AlreadyExists":
                return
            told = f"Error creating: {error.message}"
            await self._tell(job, "Warning", f"FailedCreate{title}", told)
            raise
        told = f"Created {what}: {obj['metadata']['name']}"
        await self._tell(job, "Normal", f"SuccessfulCreate{title}", told)

    async def _delete(self, job: Object, obj: Object, resource: Resource, what: str) -> None:
        metadata = obj["metadata"]
        if metadata.get("deletionTimestamp"):
            return
        try:
            await self.client.delete(resource, metadata["name"], metadata["namespace"])
        except ApiError as error:
            if error.not_found:
                return
            raise
        told = f"Deleted {what}: {metadata['name']}"
        await self._tell(job, "Normal", f"SuccessfulDelete{what.capitalize()}", told)

    async def _clean(self, job: Object, status: Object, pods: Sequence[Object]) -> None:
        """Delete pods and their Services, as far as the job's policy wants it."""
        policy = job["spec"]["runPolicy"]["cleanPodPolicy"]
        if is_finished(status) and policy == "None":
            return
        for pod in pods:
            going = pod["status"].get("phase") in {"Running", "Pending"}
            if is_finished(status) and policy == "Running" and not going:
                continue
            await self._delete(job, pod, PODS, "pod")
            await self._delete(job, {"metadata": {**pod["metadata"]}}, SERVICES, "service")

    async def _suspend(self, key: Key, job: Object, status: Object, pods: Sequence[Object]) -> None:
        await self._clean(job, status, pods)
        _end_active(status, succeeded=False)
        message = f"PyTorchJob {key[1]} is suspended."
        if holds(status, RUNNING):
            mark(status, RUNNING, message, reason=SUSPENDED, value="False")
        if not holds(status, SUSPENDED):
            mark(status, SUSPENDED, message)
            await self._tell(job, "Normal", "PyTorchJobSuspended", message)

    async def _expire(self, key: Key, job: Object, status: Object) -> None:
        seconds = job["spec"]["runPolicy"].get("ttlSecondsAfterFinished")
        if seconds is None or "completionTime" not in status:
            return
        ends = datetime.fromisoformat(status["completionTime"]) + timedelta(seconds=seconds)
        left = (ends - datetime.now(UTC)).total_seconds()
        if left > 0:
            self.queue.add_after(key, left)
            return
        await self._delete(job, job, PYTORCH_JOBS, "job")


def _limit(job: Object, status: Object, pods: Sequence[Object]) -> str:
    """Why a job has failed that takes too long, or too many attempts."""
    policy, name = job["spec"]["runPolicy"], job["metadata"]["name"]
    most = policy.get("backoffLimit")
    if most is not None:
        phases = [one["status"].get("phase") for one in pods]
        active = sum(one not in {"Succeeded", "Failed"} for one in phases)
        known = sum(one.get("failed", 0) for one in (status.get("replicaStatuses") or {}).values())
        new = phases.count("Failed") > known and active != total(job) and most < 1
        restarts = sum(
            one["restartCount"]
            for pod in pods
            if pod["status"].get("phase") == "Running"
            for group in ("initContainerStatuses", "containerStatuses")
            for one in pod["status"].get(group) or []
        )
        if new or (restarts >= most if most else restarts > 0):
            return f"Job {name} has failed because it has reached the specified backoff limit"
    seconds, begun = policy.get("activeDeadlineSeconds"), status.get("startTime")
    if seconds is not None and begun is not None:
        ends = datetime.fromisoformat(begun) + timedelta(seconds=seconds)
        if datetime.now(UTC) >= ends:
            return f"Job {name} has failed because it was active longer than specified deadline"
    return ""


def _end_active(status: Object, *, succeeded: bool = True) -> None:
    """Nothing is active any more."""
    for one in (status.get("replicaStatuses") or {}).values():
        active = one.pop("active", 0)
        if active and succeeded:
            one["succeeded"] = one.get("succeeded", 0) + active


def _exit_code(pod: Object) -> int | None:
    for one in pod["status"].get("containerStatuses") or []:
        if one["name"] == CONTAINER and (ended := one["state"].get("terminated")):
            return int(ended["exitCode"])
    return None


def _selector(job: Object, kind: str) -> str:
    labels = {**labels_of(job["metadata"]["name"]), TYPE: kind.lower()}
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items()))


def _owner_key(obj: Object) -> Key | None:
    owner = controller_of(obj)
    if owner is None or owner["kind"] != PYTORCH_JOBS.kind:
        return None
    return obj["metadata"]["namespace"], owner["name"]
