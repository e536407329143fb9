"""Making: the objects of an MPIJob that are missing, in one look at it.

Rules and words: kubeflow/training-operator v1.9.2, ReconcilePods of the controller mpi.
"""

from __future__ import annotations

from typing import Any

from pytest_kubeflow.local.controllers.controller import TryAgainError
from pytest_kubeflow.local.controllers.owners import controlled
from pytest_kubeflow.local.kube import ApiError, Resource
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import (
    CONFIG_MAPS,
    PODS,
    ROLE_BINDINGS,
    ROLES,
    SERVICE_ACCOUNTS,
)
from pytest_kubeflow.local.kube.times import now
from pytest_kubeflow.local.training.operator.framework import Look
from pytest_kubeflow.local.training.operator.labels import INDEX, TYPE
from pytest_kubeflow.local.training.operator.mpi.configuration import (
    account_name,
    launcher_name,
    new_account,
    new_binding,
    new_config,
    new_role,
    workers_wanted,
)
from pytest_kubeflow.local.training.operator.mpi.names import LAUNCHER, WORKER
from pytest_kubeflow.local.training.operator.mpi.objects import new_launcher, new_worker
from pytest_kubeflow.local.training.operator.status import counts

_OVERWRITTEN = (
    "Restart policy in pod template will be overwritten by restart policy in replica spec"
)


class Making:
    """One look at one job."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._job = look.job
        metadata = look.job["metadata"]
        self._place = f"MPIJob {metadata['namespace']}/{metadata['name']}"

    async def run(self) -> None:
        """Make what is missing, and count its pods; once the launcher has ended, nothing more."""
        look = self._look
        look.status.setdefault("startTime", now())
        launcher = await look.owned.find(PODS, launcher_name(self._job))
        if launcher is not None:
            await self._check_owner(launcher, PODS)
        workers: list[Object] = []
        if launcher is None or _phase(launcher) not in {"Succeeded", "Failed"}:
            await self._configure()
            workers = await self._keep_workers(workers_wanted(self._job))
            launcher = launcher or await self._launcher()
        look.status["replicaStatuses"] = {
            LAUNCHER: counts([launcher]),
            WORKER: counts(workers),
        }
        await self._tell(launcher, workers)

    async def _configure(self) -> None:
        job, owned = self._job, self._look.owned
        account = account_name(job)
        if await owned.find(SERVICE_ACCOUNTS, account) is None:
            await owned.client.create(SERVICE_ACCOUNTS, new_account(job))
        else:
            await self._is_there("ServiceAccount", account)
        running = [one["metadata"]["name"] for one in self._workers() if _phase(one) == "Running"]
        await self._keep(CONFIG_MAPS, new_config(job, running, self._look.faults), "data")
        if not await self._keep(ROLES, new_role(job), "rules"):
            await self._is_there("LauncherRole", launcher_name(job))
        if not await self._keep(ROLE_BINDINGS, new_binding(job)):
            await self._is_there("RoleBinding", launcher_name(job))

    async def _keep(self, resource: Resource, wanted: Object, field: str = "") -> bool:
        """Make an object, or give it what `field` is to be; returns whether it was not there."""
        client = self._look.owned.client
        found = await self._look.owned.find(resource, wanted["metadata"]["name"])
        if found is None:
            await client.create(resource, wanted)
            return True
        await self._check_owner(found, resource)
        if field and found.get(field) != wanted[field]:
            await client.replace(resource, wanted)
        return False

    async def _keep_workers(self, wanted: int) -> list[Object]:
        """As many as there are to be; those that are too many go."""
        for one in self._workers():
            if int(one["metadata"]["labels"][INDEX]) >= wanted:
                # No event tells of it.
                metadata = one["metadata"]
                await self._look.owned.client.delete(PODS, metadata["name"], metadata["namespace"])
        return [await self._worker(index) for index in range(wanted)]

    async def _worker(self, index: int) -> Object:
        new = new_worker(self._job, index)
        found = await self._look.owned.find(PODS, new["metadata"]["name"])
        if found is not None:
            await self._check_owner(found, PODS)
            return found
        return await self._create(new, "worker", "Created worker pod: {0}", "SuccessfulCreatePod")

    async def _launcher(self) -> Object:
        job = self._job
        template = job["spec"]["mpiReplicaSpecs"][LAUNCHER]["template"]
        if template["spec"].get("restartPolicy"):
            message = "SettedPodTemplateRestartPolicy"
            await self._look.owned.tell("Warning", message, _OVERWRITTEN)
        words = "launcher pod created success: {0}"
        return await self._create(new_launcher(job), "launcher", words, "MPIJobRunning")

    async def _create(self, new: Object, what: str, words: str, reason: str) -> Object:
        owned = self._look.owned
        try:
            made = await owned.client.create(PODS, new)
        except ApiError as error:
            if what == "worker":
                await owned.tell("Warning", "FailedCreatePod", words.format(""))
            message = f"{what} pod created failed: {error.message}"
            await owned.tell("Warning", "MPIJobFailed", message)
            raise
        await owned.tell("Normal", reason, words.format(new["metadata"]["name"]))
        return made

    def _workers(self) -> list[Object]:
        return [
            one for one in self._look.pods if one["metadata"]["labels"].get(TYPE) == WORKER.lower()
        ]

    async def _check_owner(self, found: Object, resource: Resource) -> None:
        """Raise TryAgainError where something of the name belongs to somebody else."""
        if controlled([found], self._job):
            return
        name = found["metadata"]["name"]
        message = (
            f'Resource "{name}" of MPIJobKind "{resource.kind}" already exists and is not managed '
            "by MPIJob"
        )
        await self._look.owned.tell("Warning", "ErrResourceExists", message)
        raise TryAgainError(message)

    async def _is_there(self, title: str, name: str) -> None:
        await self._look.owned.tell("Normal", f"{title} is exist", f"{title}: {name}")

    async def _tell(self, launcher: Object, workers: list[Any]) -> None:
        """What its pods come to, by events; conditions follow from the numbers alone."""
        owned, phase = self._look.owned, _phase(launcher)
        if phase == "Succeeded":
            done = f"{self._place} successfully completed."
            await owned.tell("Normal", "mpijobsSucceeded", done)
        elif phase == "Failed":
            reason = launcher["status"].get("reason") or "MPIJobFailed"
            await owned.tell("Warning", reason, f"{self._place} has failed")
        evicted = [one for one in workers if one["status"].get("reason") == "Evicted"]
        if evicted:
            message = f"{len(evicted)}/{len(workers)} workers are evicted"
            await owned.tell("Warning", "MPIJobEvicted", message)
        if phase == "Running" and all(_phase(one) == "Running" for one in workers):
            await owned.tell("Normal", "MPIJobRunning", f"{self._place} is running")


def _phase(pod: Object) -> str:
    return str((pod.get("status") or {}).get("phase") or "")
