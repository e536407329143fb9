"""LegacyLists: the lists of the API of KFP 1, which the backend still serves.

What is in them are the records of today in the messages of then. Single records, and changes, are
not served here.
Source: backend/src/apiserver/server, the ...V1 functions of the servers and of api_converter.go.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pytest_kubeflow.local.pipelines.api import experiments, pipelines, recurring, runs, versions
from pytest_kubeflow.local.pipelines.api.context import Context
from pytest_kubeflow.local.pipelines.api.errors import RequestError, invalid, not_found
from pytest_kubeflow.local.pipelines.api.listing import Record, list_page
from pytest_kubeflow.local.pipelines.api.messages import set_fields, timestamp, trigger
from pytest_kubeflow.local.pipelines.api.query import Query
from pytest_kubeflow.local.pipelines.spec import PipelineDocument
from pytest_kubeflow.local.pipelines.store import (
    Experiment,
    Pipeline,
    PipelineVersion,
    RecurringRun,
    Run,
)

Json = Any
_STATES = {
    "PENDING": "Pending",
    "PAUSED": "Pending",
    "RUNNING": "Running",
    "SUCCEEDED": "Succeeded",
    "SKIPPED": "Skipped",
    "FAILED": "Failed",
    "CANCELED": "Failed",
    "CANCELING": "Terminating",
}


class LegacyLists:
    """GET of experiments, runs, jobs (recurring runs), pipelines and their versions."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._store = context.store

    def routes(self) -> list[Route]:
        lists = {
            "experiments": self.experiments,
            "runs": self.runs,
            "jobs": self.jobs,
            "pipelines": self.pipelines,
            "pipeline_versions": self.versions,
        }
        return [
            Route(f"/apis/v1beta1/{name}", handler, methods=["GET"])
            for name, handler in lists.items()
        ]

    async def experiments(self, request: Request) -> Response:
        try:
            kind, reference = _reference(request)
            if kind not in {"", "NAMESPACE"}:
                raise invalid(
                    "Failed to list v1beta1 experiment due to invalid resource reference key. It "
                    "must be of type 'Namespace' and contain an existing or empty namespace, but "
                    f"you provided {reference} of type {kind}"
                )
            namespace = await self._authorized(request, "experiments", reference)
            self._store.default_experiment(namespace)
            records = self._store.experiments.where(namespace=namespace)
            return _page(
                request, "experiments", records, experiments.FIELDS, "Experiment", _experiment
            )
        except RequestError as error:
            raise error.wrap("List v1beta1 experiments failed") from None

    async def runs(self, request: Request) -> Response:
        try:
            namespace, wanted = await self._scope(request, "runs")
            records = self._store.runs.where(namespace=namespace, **wanted)
            return _page(request, "runs", records, runs.FIELDS, "Run", _run)
        except RequestError as error:
            raise error.wrap("Failed to list v1beta1 runs") from None

    async def jobs(self, request: Request) -> Response:
        try:
            namespace, wanted = await self._scope(request, "jobs")
            records = [
                one
                for one in self._store.recurring_runs.values()
                if one.namespace == namespace
                and wanted.get("experiment_id", one.experiment_id) == one.experiment_id
            ]
            return _page(request, "jobs", records, recurring.FIELDS, "Job", _job)
        except RequestError as error:
            raise error.wrap("Failed to list jobs") from None

    async def pipelines(self, request: Request) -> Response:
        kind, namespace = _reference(request)
        try:
            if kind not in {"", "NAMESPACE"}:
                raise invalid(
                    "Failed to list pipelines (v1beta1) due to invalid resource references for "
                    f"pipelines: {kind} {namespace}"
                )
            namespace = self._context.api_namespace(namespace)
            await self._context.access.require(request, "list", "pipelines", namespace)
            records = self._store.pipelines.where(namespace=namespace)
            return _page(
                request, "pipelines", records, pipelines.FIELDS, "Pipeline", self._pipeline
            )
        except RequestError as error:
            raise error.wrap(
                f"Failed to list pipelines (v1beta1) in namespace {namespace}. Check error stack"
            ) from None

    async def versions(self, request: Request) -> Response:
        kind, pipeline_id = _reference(request, "resource_key")
        if not kind and not pipeline_id:
            raise invalid("Failed to list pipeline versions (v1beta1) due to missing pipeline id")
        try:
            pipeline = self._store.pipelines.get(pipeline_id)
            if pipeline is None:
                raise not_found("Pipeline", pipeline_id)
            await self._context.access.require(request, "list", "pipelines", pipeline.namespace)
            records = self._store.versions.where(pipeline_id=pipeline.id)
            return _page(request, "versions", records, versions.FIELDS, "PipelineVersion", _version)
        except RequestError as error:
            raise error.wrap(
                f"Failed to list pipeline versions (v1beta1) with pipeline id {pipeline_id}. "
                "Check error stack"
            ) from None

    async def _scope(self, request: Request, resource: str) -> tuple[str, dict[str, str]]:
        """The namespace of a list, and the experiment if it is of one."""
        kind, reference = _reference(request)
        wanted: dict[str, str] = {}
        if kind == "EXPERIMENT":
            experiment = self._store.experiments.get(reference)
            if experiment is None:
                raise not_found("Experiment", reference)
            reference, wanted = experiment.namespace, {"experiment_id": experiment.id}
        return await self._authorized(request, resource, reference), wanted

    async def _authorized(self, request: Request, resource: str, namespace: str) -> str:
        namespace = self._context.api_namespace(namespace)
        if self._context.multi_user and not namespace:
            raise invalid(f"A list of {resource} cannot have an empty namespace in multi-user mode")
        await self._context.access.require(request, "list", resource, namespace)
        return namespace

    def _pipeline(self, record: Pipeline) -> Json:
        found = self._store.versions.where(pipeline_id=record.id)
        latest = max(found, key=lambda one: one.created_at, default=None)
        default = _version(latest) if latest is not None else {}
        url = default.get("package_url") or {}
        return set_fields(
            id=record.id,
            created_at=timestamp(record.created_at),
            name=record.name,
            description=record.description,
            url=url,
            default_version=default,
            resource_references=_references(("NAMESPACE", record.namespace, "OWNER")),
        )


def _page(
    request: Request,
    name: str,
    records: Iterable[Record],
    fields: Mapping[str, str],
    kind: str,
    message: Callable[[Record], Json],
) -> Response:
    page = list_page(request, records, fields, kind, operation="op")
    shown = [message(one) for one in page.records]
    return JSONResponse(({name: shown} if shown else {}) | page.fields())


def _reference(request: Request, name: str = "resource_reference_key") -> tuple[str, str]:
    """What kind of thing the list is of, and which one."""
    query = Query(request)
    kind = query.text(f"{name}.type")
    return "" if kind == "UNKNOWN_RESOURCE_TYPE" else kind, query.text(f"{name}.id")


def _references(*found: tuple[str, str, str]) -> list[Json]:
    return [
        {"key": {"type": kind, "id": one}, "relationship": relationship}
        for kind, one, relationship in found
        if one
    ]


def _experiment(record: Experiment) -> Json:
    return set_fields(
        id=record.id,
        name=record.name,
        description=record.description,
        created_at=timestamp(record.created_at),
        resource_references=[
            {
                "key": set_fields(type="NAMESPACE", id=record.namespace),
                "relationship": "OWNER",
            }
        ],
        storage_state=f"STORAGESTATE_{record.storage_state}",
    )


def _version(record: PipelineVersion) -> Json:
    url = record.code_source_url
    return set_fields(
        id=record.id,
        name=record.name,
        created_at=timestamp(record.created_at),
        description=record.description,
        code_source_url=url,
        package_url=set_fields(pipeline_url=url),
        resource_references=_references(("PIPELINE", record.pipeline_id, "OWNER")),
    )


def _run(record: Run) -> Json:
    creator = ("PIPELINE_VERSION", record.pipeline_version_id, "CREATOR")
    if record.recurring_run_id:
        creator = ("JOB", record.recurring_run_id, "CREATOR")
    archived = record.storage_state == "ARCHIVED"
    return set_fields(
        created_at=timestamp(record.created_at),
        id=record.id,
        name=record.display_name,
        service_account=record.service_account,
        storage_state="STORAGESTATE_ARCHIVED" if archived else "",  # available: the value 0
        description=record.description,
        scheduled_at=timestamp(record.scheduled_at),
        finished_at=timestamp(record.finished_at),
        status=_STATES.get(record.state, "Unknown"),
        pipeline_spec=_spec(
            record.pipeline_id, record.document, record.arguments, record.pipeline_root
        ),
        resource_references=_references(
            ("NAMESPACE", record.namespace, "OWNER"),
            ("EXPERIMENT", record.experiment_id, "OWNER"),
            creator,
        ),
    )


def _job(record: RecurringRun) -> Json:
    wanted = record.submission
    creator = ("PIPELINE", wanted.pipeline_id, "CREATOR")
    if wanted.version_id:
        creator = ("PIPELINE_VERSION", wanted.version_id, "CREATOR")
    return set_fields(
        id=record.id,
        name=record.display_name,
        service_account=wanted.service_account,
        description=wanted.description,
        enabled=record.enabled,
        created_at=timestamp(record.created_at),
        status="ENABLED" if record.enabled else "DISABLED",
        updated_at=timestamp(record.updated_at),
        max_concurrency=str(record.max_concurrency),
        no_catchup=record.no_catchup,
        trigger=trigger(record.schedule),
        pipeline_spec=_spec(
            wanted.pipeline_id, wanted.document, wanted.arguments, wanted.pipeline_root
        ),
        resource_references=_references(
            ("NAMESPACE", record.namespace, "OWNER"),
            ("EXPERIMENT", record.experiment_id, "OWNER"),
            creator,
        ),
    )


def _spec(
    pipeline_id: str, document: PipelineDocument, arguments: dict[str, Json], root: str
) -> Json:
    return set_fields(
        pipeline_id=pipeline_id,
        pipeline_manifest=json.dumps(document.to_struct()),
        runtime_config=set_fields(parameters=arguments, pipeline_root=root),
    )
