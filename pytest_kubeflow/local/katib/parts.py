"""Katib: its parts, put together for a cluster of our own."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from starlette.types import ASGIApp

from pytest_kubeflow.local.controllers.controller import Informers
from pytest_kubeflow.local.controllers.manager import ControllerFactory
from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.grpcserver import LazyGrpcServer
from pytest_kubeflow.local.katib.algorithms.medianstop import EarlyStoppingService
from pytest_kubeflow.local.katib.algorithms.service import SuggestionService
from pytest_kubeflow.local.katib.collector.collector import EventCollector, FileCollector
from pytest_kubeflow.local.katib.conditions import has, mark
from pytest_kubeflow.local.katib.dbmanager import DbManager
from pytest_kubeflow.local.katib.experiments import ExperimentController
from pytest_kubeflow.local.katib.messages import EARLY_STOPPING, SUGGESTION
from pytest_kubeflow.local.katib.observations import ObservationLogs
from pytest_kubeflow.local.katib.presence import Presence
from pytest_kubeflow.local.katib.rpc import CallError, Channels, serve
from pytest_kubeflow.local.katib.suggestionobjects import PORT, STOPPING_PORT
from pytest_kubeflow.local.katib.suggestions import SuggestionController
from pytest_kubeflow.local.katib.trials import TrialController
from pytest_kubeflow.local.katib.ui import katib_app
from pytest_kubeflow.local.katib.validation.job import WriteBack
from pytest_kubeflow.local.katib.webhook import KatibWebhooks
from pytest_kubeflow.local.kube import ApiError, Informer, KubeClient, Resource
from pytest_kubeflow.local.kube.resources import CONFIG_MAPS, JOBS, SERVICES, SUGGESTIONS, TRIALS
from pytest_kubeflow.local.kubelet.images.hosted import HostedPrograms

_REGISTRY = "ghcr.io/kubeflow/katib"
_TAG = "v0.19.0"
_SUGGESTIONS = ("suggestion-hyperopt", "suggestion-optuna")
_STOPPING = "earlystopping-medianstop"


class Katib:
    """Everything of Katib but its Kubernetes objects; servers listen at `host`.

    `write_back` is what Kubernetes' own type makes of a Job.

    Observations are gone at the end, as are the trials that they are of.
    """

    def __init__(
        self,
        client: KubeClient,
        programs: HostedPrograms,
        *,
        host: str,
        faults: Faults,
        presence: Presence,
        write_back: WriteBack,
    ) -> None:
        self._client = client
        self._faults = faults
        self._presence = presence
        self._write_back = write_back
        self._services: Informer | None = None
        self._trials: Informer | None = None
        self._watched: dict[Resource, Informer] = {}
        self.channels = Channels(self._resolve)
        self._logs = ObservationLogs()
        self.db_manager = DbManager(
            self._logs, host=host, loses=lambda: faults.active("katib-metrics-lost")
        )
        services = {
            SUGGESTION: SuggestionService(faults).table,
            EARLY_STOPPING: EarlyStoppingService(self.channels, self._set_status).table,
        }
        self._algorithms = LazyGrpcServer(partial(serve, services), host=host)
        self._programs = programs

    async def start(self) -> None:
        await self.db_manager.start()
        await self._algorithms.start()
        address = self._algorithms.host, self._algorithms.port
        for name in _SUGGESTIONS:
            self._host(name, {PORT: address})
        self._host(_STOPPING, {STOPPING_PORT: address})
        for name, body in (
            ("file-metrics-collector", FileCollector(self.channels)),
            ("tfevent-metrics-collector", EventCollector(self.channels)),
        ):
            self._programs.add(f"{_REGISTRY}/{name}:{_TAG}", body=body)

    def _host(self, name: str, ports: Mapping[int, tuple[str, int]]) -> None:
        self._programs.add(f"{_REGISTRY}/{name}:{_TAG}", *ports).connect(ports)

    async def stop(self) -> None:
        await self.channels.close()
        await self._algorithms.stop()
        await self.db_manager.stop()
        self._logs.close()

    def controllers(self) -> list[ControllerFactory]:
        """What the pod of Katib's controller has, for a manager of controllers."""
        return [
            self._experiments,
            partial(SuggestionController, channels=self.channels, presence=self._presence),
            partial(TrialController, channels=self.channels, presence=self._presence),
        ]

    def _experiments(self, client: KubeClient, informers: Informers) -> ExperimentController:
        self._services, self._trials = informers[SERVICES], informers[TRIALS]
        self._watched |= {one: informers[one] for one in (CONFIG_MAPS, JOBS, SUGGESTIONS, TRIALS)}
        return ExperimentController(client, informers, presence=self._presence, faults=self._faults)

    def webhooks(self, client: KubeClient) -> ASGIApp:
        """What the API server asks."""
        ignored = partial(self._faults.active, "katib-no-injection")
        return KatibWebhooks(
            client, write_back=self._write_back, ignored=ignored, informers=self._watched
        ).app

    def ui(self, client: KubeClient) -> ASGIApp:
        """What is behind /katib/."""
        return katib_app(client, self.channels, self._faults)

    def _resolve(self, host: str) -> str | None:
        """The address of a Service that is called `name.namespace`."""
        name, _, namespace = host.partition(".")
        service = self._services.get(name, namespace.split(".")[0]) if self._services else None
        return None if service is None else service["spec"].get("clusterIP")

    async def _set_status(self, trial: str) -> None:
        """Mark a trial as stopped early: one that runs, of whatever namespace."""
        known = self._trials.objects.values() if self._trials else ()
        found = [one for one in known if one["metadata"]["name"] == trial]
        running = [one for one in found if has(one, "Running")] or found
        if not running:
            raise CallError("UNKNOWN", f"Exception calling application: Get Trial: {trial} failed")
        metadata = running[0]["metadata"]
        while True:
            try:
                obj = await self._client.get(TRIALS, trial, metadata["namespace"])
                mark(obj, "EarlyStopped", "TrialEarlyStopped", "Trial is early stopped")
                await self._client.replace(TRIALS, obj, subresource="status")
            except ApiError as error:
                if error.reason == "Conflict":
                    continue
                message = f"Exception calling application: {error.message}"
                raise CallError("UNKNOWN", message) from None
            return
