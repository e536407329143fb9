"""RunService. Source: backend/src/apiserver/server/run_server.go, resource/resource_manager.go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pytest_kubeflow.local.kube import ApiError, ApiUnreachableError
from pytest_kubeflow.local.pipelines.api import messages
from pytest_kubeflow.local.pipelines.api.context import Context, find, text_field
from pytest_kubeflow.local.pipelines.api.errors import Code, RequestError, invalid, not_found
from pytest_kubeflow.local.pipelines.api.fields import read_resource, time_field
from pytest_kubeflow.local.pipelines.api.listing import list_page
from pytest_kubeflow.local.pipelines.api.query import Query
from pytest_kubeflow.local.pipelines.api.submission import Submissions, new_run
from pytest_kubeflow.local.pipelines.store import (
    ARCHIVED,
    AVAILABLE,
    FINAL_STATES,
    Run,
    StateChange,
    now,
)
from pytest_kubeflow.local.pipelines.workflows import Workflows

Json = Any
_PATH = "/apis/v2beta1/runs"
FIELDS: Mapping[str, str] = {
    "id": "id",
    "run_id": "id",
    "name": "display_name",
    "display_name": "display_name",
    "created_at": "created_at",
    "finished_at": "finished_at",
    "scheduled_at": "scheduled_at",
    "description": "description",
    "storage_state": "storage_state",
    "status": "state",
    "state": "state",
    "namespace": "namespace",
    "experiment_id": "experiment_id",
    "recurring_run_id": "recurring_run_id",
}


class RunService:
    """Runs: recorded here, made real by a Workflow object each."""

    def __init__(self, context: Context, workflows: Workflows, submissions: Submissions) -> None:
        self._context = context
        self._submissions = submissions
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
        try:
            message = await read_resource(request, messages.RUN_FIELDS)
            name = text_field(message, "display_name")
            if not name:
                raise (
                    invalid("Run name cannot be empty")
                    .concealed("Failed to convert a API run detail to its internal representation")
                    .wrap("CreateJob(job.ToV2())Failed to create a run due to conversion error")
                )
        except RequestError as error:
            raise error from None
        try:
            wanted = await self._submissions.read(request, message, "run")
            await self._authorize(request, "create", wanted.namespace)
            version = "" if wanted.version_id else self._submissions.latest(wanted)[1]
            scheduled = time_field(message, "scheduled_at")
            record = new_run(wanted, name, version_id=version, scheduled_at=scheduled)
            if self._is_lost(record):
                return JSONResponse(messages.run(record))
            record = await self._submissions.submit(record)
            if self._context.faults.active("runs-doubled"):
                again = new_run(wanted, name, version_id=version, scheduled_at=scheduled)
                await self._submissions.submit(again)
        except RequestError as error:
            raise error.wrap("Failed to create a new run") from None
        return JSONResponse(messages.run(record))

    async def get(self, request: Request) -> Response:
        return JSONResponse(messages.run(await self._find(request, "get", "Failed to get a run")))

    async def list(self, request: Request) -> Response:
        query = Query(request)
        namespace = self._context.api_namespace(query.text("namespace"))
        try:
            wanted: dict[str, str] = {}
            if experiment_id := query.text("experiment_id"):
                experiment = self._store.experiments.get(experiment_id)
                if experiment is None:
                    raise not_found("Experiment", experiment_id)
                namespace = experiment.namespace  # whatever namespace the request claims
                wanted = {"experiment_id": experiment_id}
            await self._authorize(request, "list", namespace)
            records = self._store.runs.where(namespace=namespace, **wanted)
            page = list_page(request, records, FIELDS, "Run", faults=self._context.faults)
        except RequestError as error:
            raise error.wrap("Failed to list runs") from None
        shown = [messages.run(one) for one in page.records]
        return JSONResponse(({"runs": shown} if shown else {}) | page.fields())

    async def archive(self, request: Request) -> Response:
        record = await self._find(request, "archive", "Failed to archive a run")
        if not self._context.faults.active("archive-lost"):
            self._store.runs.save(replace(record, storage_state=ARCHIVED))
        return JSONResponse({})

    async def unarchive(self, request: Request) -> Response:
        record = await self._find(request, "unarchive", "Failed to unarchive a run")
        experiment = self._store.experiments.get(record.experiment_id)
        if experiment is None:
            raise (
                not_found("Experiment", record.experiment_id)
                .wrap(f"Failed to unarchive run {record.id} due to experiment fetching error")
                .wrap("Failed to unarchive a run")
            )
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
        if self._context.faults.active("terminate-ignored"):
            return JSONResponse({})
        canceling = self._store.runs.save(_changed(record, "CANCELING"))
        try:
            await self._workflows.terminate(record)
        except ApiUnreachableError:
            # The real server leaves it so, and takes no second request: it would never end.
            if self._store.runs.get(record.id) is canceling:
                self._store.runs.save(record)
            raise
        return JSONResponse({})

    async def retry(self, request: Request) -> Response:
        record = await self._find(request, "retry", "Failed to retry a run")
        if record.state not in {"FAILED", "CANCELED"}:
            raise (
                RequestError(
                    Code.ABORTED,
                    "Workflow must be Failed/Error to retry",
                    cause=f"workflow cannot be retried, the run is {record.state}",
                )
                .wrap(f"Failed to retry run {record.id}")
                .wrap("Failed to retry a run")
            )
        if self._context.faults.active("retry-ignored"):
            return JSONResponse({})
        again = replace(record, generation=record.generation + 1, finished_at=None)
        self._store.runs.save(_changed(again, "PENDING"))
        try:
            await self._workflows.retry(again)
        except (ApiError, ApiUnreachableError) as error:
            if record.id in self._store.runs:
                self._store.runs.save(record)
            why = error.message if isinstance(error, ApiError) else str(error)
            raise RequestError(
                Code.INTERNAL,
                "Internal Server Error",
                cause=f"Failed to retry run {record.id} due to error creating workflow: {why}",
            ).wrap("Failed to retry a run") from None
        return JSONResponse({})

    async def delete(self, request: Request) -> Response:
        record = await self._find(request, "delete", "Failed to delete a run")
        # First of all, so that none is left that nobody can delete any more.
        if not self._context.faults.active("workflows-left"):
            await self._workflows.delete(record)
        if record.id in self._store.runs:
            del self._store.runs[record.id]
        return JSONResponse({})

    def _is_lost(self, record: Run) -> bool:
        """The fault `runs-lost`: others of its experiment have not ended yet."""
        if not self._context.faults.active("runs-lost"):
            return False
        others = self._store.runs.where(experiment_id=record.experiment_id)
        return any(one.state not in FINAL_STATES for one in others)

    async def _find(self, request: Request, verb: str, doing: str) -> Run:
        return await find(
            self._store.runs,
            request.path_params["run_id"],
            "Run",
            lambda one: self._authorize(request, verb, one.namespace),
            doing,
        )

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
