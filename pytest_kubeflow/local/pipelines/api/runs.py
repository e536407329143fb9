"""RunService. Source: backend/src/apiserver/server/run_server.go, resource/resource_manager.go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pytest_kubeflow.local.kube import ApiError
from pytest_kubeflow.local.pipelines.api import messages
from pytest_kubeflow.local.pipelines.api.context import (
    Context,
    accepted,
    read_message,
    refused,
    text_field,
)
from pytest_kubeflow.local.pipelines.api.errors import Code, RequestError, invalid, not_found
from pytest_kubeflow.local.pipelines.api.filters import Getter
from pytest_kubeflow.local.pipelines.api.listing import list_page
from pytest_kubeflow.local.pipelines.spec import PipelineDocument, SpecError, check_arguments
from pytest_kubeflow.local.pipelines.spec.values import whole
from pytest_kubeflow.local.pipelines.store import (
    ARCHIVED,
    AVAILABLE,
    FINAL_STATES,
    PipelineVersion,
    Run,
    StateChange,
    now,
)
from pytest_kubeflow.local.pipelines.workflows import Workflows, workflow_name

Json = Any
_PATH = "/apis/v2beta1/runs"
_FIELDS: Mapping[str, Getter] = {
    "id": lambda record: record.id,
    "run_id": lambda record: record.id,
    "name": lambda record: record.display_name,
    "display_name": lambda record: record.display_name,
    "created_at": lambda record: record.created_at,
    "finished_at": lambda record: record.finished_at or messages.EPOCH,
    "scheduled_at": lambda record: record.scheduled_at,
    "description": lambda record: record.description,
    "storage_state": lambda record: record.storage_state,
    "status": lambda record: record.state,
    "state": lambda record: record.state,
    "namespace": lambda record: record.namespace,
    "experiment_id": lambda record: record.experiment_id,
}


class RunService:
    """Runs: recorded here, made real by a Workflow object each."""

    def __init__(self, context: Context, workflows: Workflows) -> None:
        self._context = context
        self._store = context.store
        self._workflows = workflows

    def routes(self) -> list[Route]:
        one = f"{_PATH}/{{run_id}}"
        return [
            Route(_PATH, self.create, methods=["POST"]),
            Route(_PATH, self.list, methods=["GET"]),
            Route(f"{one}:archive", self.archive, methods=["POST"]),
            Route(f"{one}:unarchive", self.unarchive, methods=["POST"]),
            Route(f"{one}:terminate", self.terminate, methods=["POST"]),
            Route(f"{one}:retry", self.retry, methods=["POST"]),
            Route(one, self.get, methods=["GET"]),
            Route(one, self.delete, methods=["DELETE"]),
        ]

    async def create(self, request: Request) -> Response:
        message = await read_message(request, messages.RUN_FIELDS)
        try:
            record = await self._new(request, message)
            await self._authorize(request, "create", record.namespace)
            self._store.runs.save(record)  # first: news of its Workflow may come at once
            try:
                await self._workflows.create(record)
            except ApiError as error:
                del self._store.runs[record.id]
                raise RequestError(
                    Code.INTERNAL,
                    "Internal Server Error",
                    cause=f"Failed to create a run: error creating its Workflow: {error.message}",
                ) from None
        except RequestError as error:
            raise error.wrap("Failed to create a new run") from None
        experiment = self._store.experiments[record.experiment_id]
        self._store.experiments.save(replace(experiment, last_run_created_at=record.created_at))
        return JSONResponse(messages.run(self._store.runs[record.id]))

    async def get(self, request: Request) -> Response:
        return JSONResponse(messages.run(await self._find(request, "get", "Failed to get a run")))

    async def list(self, request: Request) -> Response:
        query = request.query_params
        namespace = self._context.api_namespace(query.get("namespace", ""))
        try:
            wanted: dict[str, str] = {}
            if experiment_id := query.get("experiment_id", ""):
                experiment = self._store.experiments.get(experiment_id)
                if experiment is None:
                    raise not_found("Experiment", experiment_id)
                namespace = experiment.namespace  # whatever namespace the request claims
                wanted = {"experiment_id": experiment_id}
            await self._authorize(request, "list", namespace)
            records = self._store.runs.where(namespace=namespace, **wanted)
            page = list_page(request, records, _FIELDS, "Run")
        except RequestError as error:
            raise error.wrap("Failed to list runs") from None
        shown = [messages.run(one) for one in page.records]
        return JSONResponse(({"runs": shown} if shown else {}) | page.fields())

    async def archive(self, request: Request) -> Response:
        record = await self._find(request, "archive", "Failed to archive a run")
        self._store.runs.save(replace(record, storage_state=ARCHIVED))
        return JSONResponse({})

    async def unarchive(self, request: Request) -> Response:
        record = await self._find(request, "unarchive", "Failed to unarchive a run")
        experiment = self._store.experiments[record.experiment_id]
        if experiment.storage_state == ARCHIVED:
            raise RequestError(
                Code.FAILED_PRECONDITION,
                f"Failed to unarchive run {record.id} as experiment {experiment.id} "
                "must be un-archived first",
                cause="Unarchive the experiment first to allow the run to be restored",
            ).wrap("Failed to unarchive a run")
        self._store.runs.save(replace(record, storage_state=AVAILABLE))
        return JSONResponse({})

    async def terminate(self, request: Request) -> Response:
        record = await self._find(request, "terminate", "Failed to terminate a run")
        if record.state in FINAL_STATES or record.state == "CANCELING":
            raise invalid(f"Failed to terminate a run {record.id}. Row not found").wrap(
                "Failed to terminate a run"
            )
        self._store.runs.save(_changed(record, "CANCELING"))
        await self._workflows.terminate(record)
        return JSONResponse({})

    async def retry(self, request: Request) -> Response:
        record = await self._find(request, "retry", "Failed to retry a run")
        if record.state not in {"FAILED", "CANCELED"}:
            raise RequestError(
                Code.INTERNAL,
                "Internal Server Error",
                cause=f"Failed to retry run {record.id} as it does not allow retries: "
                f"workflow must be Failed/Error to retry, the run is {record.state}",
            ).wrap("Failed to retry a run")
        again = replace(record, generation=record.generation + 1, finished_at=None, error="")
        self._store.runs.save(_changed(again, "PENDING"))
        try:
            await self._workflows.retry(again)
        except ApiError as error:
            self._store.runs.save(record)
            raise RequestError(
                Code.INTERNAL,
                "Internal Server Error",
                cause=f"Failed to retry run {record.id} due to error creating workflow: "
                f"{error.message}",
            ).wrap("Failed to retry a run") from None
        return JSONResponse({})

    async def delete(self, request: Request) -> Response:
        record = await self._find(request, "delete", "Failed to delete a run")
        del self._store.runs[record.id]
        await self._workflows.delete(record)
        return JSONResponse({})

    async def _new(self, request: Request, message: dict[str, Json]) -> Run:
        name = text_field(message, "display_name")
        if not name:
            raise invalid("The run name is empty. Please specify a valid name").wrap(
                "Failed to create a run due to invalid name"
            )
        experiment_id = text_field(message, "experiment_id")
        if not experiment_id:
            if self._context.multi_user:
                raise invalid("Experiment id can not be empty in multi-user mode").wrap(
                    "Failed to create a run due to invalid experimentId and namespace combination"
                )
            experiment_id = self._store.default_experiment("").id
        experiment = self._store.experiments.get(experiment_id)
        if experiment is None:
            raise not_found("Experiment", experiment_id).wrap(
                f"Failed to fetch namespace for experiment {experiment_id}"
            )
        config = message.get("runtime_config") or {}
        if not isinstance(config, dict) or not isinstance(config.get("parameters") or {}, dict):
            raise invalid("runtime_config must be an object whose parameters are an object")
        if unknown := sorted(config.keys() - {"parameters", "pipeline_root", "pipelineRoot"}):
            raise invalid(f'proto: unknown field "{unknown[0]}"')
        document, version = await self._source(request, message)
        try:
            arguments = whole(config.get("parameters") or {})
        except ValueError as error:
            raise invalid(f"invalid value for runtime_config.parameters: {error}") from None
        try:
            check_arguments(document, arguments)
        except SpecError as error:
            raise refused(error).wrap("invalid pipeline job inputs") from None
        account = "default-editor" if self._context.multi_user else "pipeline-runner"
        record = Run(
            name,
            experiment.id,
            experiment.namespace,
            document,
            arguments,
            text_field(message, "service_account") or account,
            workflow_name(document.name),
            description=text_field(message, "description"),
            pipeline_id=version.pipeline_id if version else "",
            pipeline_version_id=version.id if version else "",
            pipeline_root=str(config.get("pipeline_root") or config.get("pipelineRoot") or ""),
        )
        return replace(record, history=(StateChange("PENDING", record.created_at),))

    async def _source(
        self, request: Request, message: dict[str, Json]
    ) -> tuple[PipelineDocument, PipelineVersion | None]:
        """The pipeline to run: in the request, or by reference to an uploaded one."""
        reference = message.get("pipeline_version_reference") or {}
        if not isinstance(reference, dict):
            raise invalid("pipeline_version_reference must be an object")
        version_id = text_field(reference, "pipeline_version_id")
        version_id = version_id or text_field(message, "pipeline_version_id")
        pipeline_id = text_field(reference, "pipeline_id")
        if version_id or pipeline_id:
            return await self._by_reference(request, pipeline_id, version_id)
        if message.get("pipeline_spec"):
            try:
                return accepted(PipelineDocument.from_struct(message["pipeline_spec"])), None
            except SpecError as error:
                raise refused(error) from None
        raise invalid("Pipeline spec source is missing").wrap(
            "Failed to fetch a template with an empty pipeline spec manifest"
        )

    async def _by_reference(
        self, request: Request, pipeline_id: str, version_id: str
    ) -> tuple[PipelineDocument, PipelineVersion]:
        version: PipelineVersion | None
        if version_id:
            version = self._store.versions.get(version_id)
        else:
            versions = self._store.versions.where(pipeline_id=pipeline_id)
            version = versions[-1] if versions else None  # the latest one
        if version is None:
            raise not_found("PipelineVersion", version_id or pipeline_id)
        if pipeline_id and version.pipeline_id != pipeline_id:
            raise invalid(
                f"Pipeline version {version.id} belongs to pipeline {version.pipeline_id} "
                f"(not {pipeline_id})"
            )
        namespace = self._store.pipelines[version.pipeline_id].namespace
        if namespace:
            await self._context.access.require(request, "get", "pipelines", namespace)
        return version.document, version

    async def _find(self, request: Request, verb: str, doing: str) -> Run:
        run_id = request.path_params["run_id"]
        try:
            record = self._store.runs.get(run_id)
            if record is None:
                raise not_found("Run", run_id)
            await self._authorize(request, verb, record.namespace)
        except RequestError as error:
            raise error.wrap(doing) from None
        # Awaiting the review let others in: what counts is the record as it is now.
        return self._store.runs.get(run_id, record)

    async def _authorize(self, request: Request, verb: str, namespace: str) -> None:
        if self._context.multi_user and not namespace:
            raise invalid("A run cannot have an empty namespace in multi-user mode")
        try:
            await self._context.access.require(request, verb, "runs", namespace)
        except RequestError as error:
            raise error.wrap(
                f"Failed to access run. Check if you have access to namespace {namespace}"
            ) from None


def _changed(record: Run, state: str) -> Run:
    history = (*record.history, StateChange(state, now()))
    return replace(record, state=state, history=history)
