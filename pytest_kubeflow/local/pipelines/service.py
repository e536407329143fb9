"""Pipelines: the API server, the driver and ML Metadata's front, put together."""

from __future__ import annotations

import asyncio
from functools import partial

from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp

from pytest_kubeflow.local.database import Database
from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.kube import Informer, KubeClient, PatientClient
from pytest_kubeflow.local.kube.resources import WORKFLOWS
from pytest_kubeflow.local.metadata import MetadataStore, metadata_app
from pytest_kubeflow.local.pipelines.api.access import Access
from pytest_kubeflow.local.pipelines.api.app import make_app
from pytest_kubeflow.local.pipelines.api.context import Context
from pytest_kubeflow.local.pipelines.api.experiments import ExperimentService
from pytest_kubeflow.local.pipelines.api.pipelines import PipelineService
from pytest_kubeflow.local.pipelines.api.recurring import RecurringRunService
from pytest_kubeflow.local.pipelines.api.reports import ReportService
from pytest_kubeflow.local.pipelines.api.runs import RunService
from pytest_kubeflow.local.pipelines.api.submission import Submissions
from pytest_kubeflow.local.pipelines.api.uploads import UploadService
from pytest_kubeflow.local.pipelines.api.v1beta1 import LegacyLists
from pytest_kubeflow.local.pipelines.api.versions import VersionService
from pytest_kubeflow.local.pipelines.driver.engine import Engine
from pytest_kubeflow.local.pipelines.persistence import PersistenceAgent
from pytest_kubeflow.local.pipelines.recurring import RecurringRuns
from pytest_kubeflow.local.pipelines.resume import resume, unfinished
from pytest_kubeflow.local.pipelines.settings import StoreSettings
from pytest_kubeflow.local.pipelines.store import PipelineStore
from pytest_kubeflow.local.pipelines.workflows import RUN_LABEL, Workflows


class Pipelines:
    """Kubeflow Pipelines on a Kubernetes API.

    `app`, `ui_app` and `metadata_app` are ASGI applications, which answer from construction on;
    runs go on from `start` to `stop`. Behind a gateway, `gateway_secret` is what its requests carry
    in `x-gateway-secret`: without it nobody is believed to be a user by the `kubeflow-userid`
    header.
    With a `database`, what the API knows is kept there, and unfinished runs go on. Where it is
    `strict`, what the backend does not do as the SDK documents it does not work here either.
    """

    def __init__(
        self,
        client: KubeClient,
        *,
        multi_user: bool,
        gateway_secret: str | None,
        metadata: MetadataStore,
        store_settings: StoreSettings,
        faults: Faults | None = None,
        database: Database | None = None,
        strict: bool = False,
    ) -> None:
        faults = faults or Faults()
        # The API answers at once, whatever may be; what works on runs goes on when Kubernetes does.
        patient = PatientClient(client)
        store, workflows = PipelineStore(), Workflows(client)
        if database is not None:
            # Loaded for a data directory only: pydantic would cost a tenth of a second.
            from pytest_kubeflow.local.pipelines.durable import keep

            keep(store, database)
        self._unfinished = unfinished(store)
        self._workflows = Workflows(patient)
        self._resume = partial(resume, store=store, workflows=self._workflows, client=patient)
        authorize = partial(
            Access, multi_user=multi_user, gateway_secret=gateway_secret, faults=faults
        )
        context = Context(store, authorize(client), client, faults)
        inner = Context(store, authorize(patient), patient, faults)
        self._informer = Informer(client, WORKFLOWS, label_selector=RUN_LABEL)
        # First the store, then the driver: a run that ends is seen to have ended by both.
        self._agent = PersistenceAgent(self._informer, store)
        self._engine = Engine(
            patient,
            self._informer,
            metadata,
            store=store_settings,
            faults=faults,
            strict=strict,
        )
        self._tasks: list[asyncio.Task[None]] = []
        pipelines = PipelineService(context)
        versions = VersionService(context, pipelines)
        submissions = Submissions(context, workflows)
        due = Submissions(inner, Workflows(patient))
        self._recurring = RecurringRuns(store, due, self._informer, faults)
        routes = [
            *UploadService(context, pipelines, versions).routes(),
            *pipelines.routes(),
            *versions.routes(),
            *ExperimentService(context).routes(),
            *RunService(context, workflows, submissions).routes(),
            *RecurringRunService(context, workflows, submissions).routes(),
            *LegacyLists(context).routes(),
            *ReportService(inner, self._engine.accept).routes(),
        ]
        self.metadata_app: ASGIApp = metadata_app(metadata)
        self.app: Starlette = make_app(context, routes)
        # A stand-alone installation has no gateway: its UI server leads to ML Metadata as well.
        beside = [] if multi_user else [Mount("/", self.metadata_app)]
        self.ui_app: Starlette = make_app(context, [*routes, *beside], ui=True)

    async def start(self) -> None:
        # What is left of them on the API server ended with the last one; `resume` makes them anew.
        for run in self._unfinished:
            await self._workflows.delete(run)
        await self._engine.start()
        self._tasks.append(asyncio.create_task(self._informer.run(), name="workflows"))
        await self._informer.synced.wait()
        self._tasks.append(asyncio.create_task(self._recurring.run(), name="recurring runs"))

    def resume(self) -> None:
        """Go on with the runs that were interrupted: their pods need webhooks that are there."""
        if self._unfinished:
            resumed = self._resume(self._unfinished)
            self._tasks.append(asyncio.create_task(resumed, name="resumed runs"))

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._engine.stop()
