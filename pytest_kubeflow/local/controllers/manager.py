"""ControllerManager: starts the controllers and keeps them running."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from pytest_kubeflow.local.controllers.controller import Controller, Informers
from pytest_kubeflow.local.controllers.cronjob import CronJobController
from pytest_kubeflow.local.controllers.deployment import DeploymentController
from pytest_kubeflow.local.controllers.endpoints import EndpointsController
from pytest_kubeflow.local.controllers.endpointslice import EndpointSliceController
from pytest_kubeflow.local.controllers.garbagecollector import GarbageCollector
from pytest_kubeflow.local.controllers.job import (
    FinishedJobCleaner,
    JobController,
    OrphanedPodController,
)
from pytest_kubeflow.local.controllers.job.controller import FIRST_BACKOFF_SECONDS
from pytest_kubeflow.local.controllers.namespace import NamespaceController
from pytest_kubeflow.local.controllers.node import NodeController
from pytest_kubeflow.local.controllers.persistentvolume import PersistentVolumeController
from pytest_kubeflow.local.controllers.replicaset import ReplicaSetController
from pytest_kubeflow.local.controllers.resourcequota import ResourceQuotaController
from pytest_kubeflow.local.controllers.serviceaccount import ServiceAccountController
from pytest_kubeflow.local.controllers.statefulset import StatefulSetController
from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.kube import KubeClient

log = logging.getLogger(__name__)

ControllerFactory = Callable[[KubeClient, Informers], Controller]


class ControllerManager:
    """What kube-controller-manager and a storage provisioner do on a real cluster.

    `volumes` is the directory under which volumes of the node `node_name` are provisioned, `ca` the
    certificate that every namespace gets as `kube-root-ca.crt`. `more` makes the controllers that
    only some clusters have (Profiles, say). A `joined` cluster has a kube-controller-manager of its
    own: then only the provisioner and `more` run. The garbage collector, which reads all objects of
    all kinds, begins when `started` is set: a cluster that starts has better things to do. A Job
    whose pod failed waits `job_backoff` seconds before it makes the next.
    """

    def __init__(
        self,
        client: KubeClient,
        *,
        volumes: Path,
        node_name: str,
        ca: str,
        faults: Faults,
        more: Sequence[ControllerFactory] = (),
        started: asyncio.Event | None = None,
        joined: bool = False,
        job_backoff: float = FIRST_BACKOFF_SECONDS,
    ) -> None:
        self._client = client
        self._volumes = volumes
        self._node_name = node_name
        self._ca = ca
        self._faults = faults
        self._more = more
        self._started = started
        self._joined = joined
        self._job_backoff = job_backoff
        self._informers: Informers | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Start all controllers; returns once their informers have listed what is there."""
        informers = self._informers = Informers(self._client)
        controllers: list[Controller] = [
            PersistentVolumeController(
                self._client,
                informers,
                directory=self._volumes,
                node_name=self._node_name,
                faults=self._faults,
                provisions_only=self._joined,
            ),
            *(self._core(informers) if not self._joined else ()),
            *(make(self._client, informers) for make in self._more),
        ]
        await informers.synced()
        runs = [(one.name, one.run()) for one in controllers]
        if not self._joined:
            collector = GarbageCollector(self._client, informers)
            runs.append((collector.name, self._collect(collector)))
        self._tasks = [asyncio.create_task(run, name=name) for name, run in runs]
        for task in self._tasks:
            task.add_done_callback(_complain)

    def _core(self, informers: Informers) -> list[Controller]:
        """What a kube-controller-manager has."""
        return [
            NamespaceController(self._client, informers),
            NodeController(self._client, informers),
            ServiceAccountController(self._client, informers, ca=self._ca),
            DeploymentController(self._client, informers),
            ReplicaSetController(self._client, informers),
            StatefulSetController(self._client, informers),
            JobController(self._client, informers, first_backoff=self._job_backoff),
            OrphanedPodController(self._client, informers),
            CronJobController(self._client, informers),
            ResourceQuotaController(self._client, informers),
            FinishedJobCleaner(self._client, informers),
            EndpointsController(self._client, informers),
            EndpointSliceController(self._client, informers),
        ]

    async def _collect(self, collector: GarbageCollector) -> None:
        if self._started is not None:
            await self._started.wait()
        await collector.run()

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._informers is not None:
            await self._informers.stop()


def _complain(task: asyncio.Task[None]) -> None:
    """A controller ends by cancellation only: anything else is a mistake of ours, told loudly."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.critical("controller %s ended", task.get_name(), exc_info=error)
