"""ExperimentService. Source: backend/src/apiserver/server/experiment_server.go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pytest_kubeflow.local.pipelines.api import messages
from pytest_kubeflow.local.pipelines.api.collation import collated
from pytest_kubeflow.local.pipelines.api.context import Context, find, text_field
from pytest_kubeflow.local.pipelines.api.errors import (
    Code,
    GatewayError,
    RequestError,
    invalid,
)
from pytest_kubeflow.local.pipelines.api.fields import read_resource
from pytest_kubeflow.local.pipelines.api.listing import list_page
from pytest_kubeflow.local.pipelines.api.query import Query
from pytest_kubeflow.local.pipelines.store import (
    ARCHIVED,
    AVAILABLE,
    DEFAULT_EXPERIMENT,
    Experiment,
)

Json = Any

_PATH = "/apis/v2beta1/experiments"
FIELDS: Mapping[str, str] = {
    "id": "id",
    "experiment_id": "id",
    "name": "name",
    "display_name": "name",
    "created_at": "created_at",
    "last_run_created_at": "last_run_created_at",
    "description": "description",
    "namespace": "namespace",
    "storage_state": "storage_state",
}


class ExperimentService:
    """Experiments: groups of runs in a namespace."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._store = context.store

    def routes(self) -> list[Route]:
        one = f"{_PATH}/{{experiment_id}}"
        return [
            Route(_PATH, self.create, methods=["POST"]),
            Route(_PATH, self.list, methods=["GET"]),
            Route(f"{one}:archive", self.archive, methods=["POST"]),
            Route(f"{one}:unarchive", self.unarchive, methods=["POST"]),
            Route(one, self.get, methods=["GET"]),
            Route(one, self.delete, methods=["DELETE"]),
        ]

    async def create(self, request: Request) -> Response:
        try:
            message = await read_resource(request, messages.EXPERIMENT_FIELDS)
            name = _name(message)
        except RequestError as error:
            raise error.wrap(
                "[ExperimentServer]: Failed to create a experiment due to conversion error"
            ) from None
        try:
            namespace = self._context.api_namespace(text_field(message, "namespace"))
            await self._authorize(request, "create", namespace)
            there = self._store.experiments.where(namespace=namespace)
            if any(collated(one.name) == collated(name) for one in there):
                raise RequestError(
                    Code.ALREADY_EXISTS,
                    f"Failed to create a new experiment. The name {name} already exists. "
                    "Please specify a new name",
                )
        except RequestError as error:
            raise error.wrap("Failed to create a experiment") from None
        description = text_field(message, "description")
        record = self._store.experiments.save(Experiment(name, namespace, description))
        return JSONResponse(messages.experiment(record))

    async def get(self, request: Request) -> Response:
        record = await self._find(request, "get", "Failed to fetch experiment")
        return JSONResponse(messages.experiment(record))

    async def list(self, request: Request) -> Response:
        namespace = self._context.api_namespace(Query(request).text("namespace"))
        try:
            await self._authorize(request, "list", namespace)
            self._store.default_experiment(namespace)
            records = self._store.experiments.where(namespace=namespace)
            page = list_page(request, records, FIELDS, "Experiment", faults=self._context.faults)
        except RequestError as error:
            raise error.wrap("List experiments failed") from None
        shown = [messages.experiment(one) for one in page.records]
        return JSONResponse(({"experiments": shown} if shown else {}) | page.fields())

    async def archive(self, request: Request) -> Response:
        if self._is_nobodys(request):
            return JSONResponse({})
        record = await self._find(request, "archive", "Failed to archive experiment")
        if self._context.faults.active("archive-lost"):
            return JSONResponse({})
        self._store.experiments.save(replace(record, storage_state=ARCHIVED))
        for run in self._store.runs.where(experiment_id=record.id):
            self._store.runs.save(replace(run, storage_state=ARCHIVED))
        for recurring in self._store.recurring_runs.where(experiment_id=record.id):
            self._store.recurring_runs.save(replace(recurring, enabled=False))
        return JSONResponse({})

    async def unarchive(self, request: Request) -> Response:
        if self._is_nobodys(request):
            return JSONResponse({})
        record = await self._find(request, "unarchive", "Failed to unarchive experiment")
        self._store.experiments.save(replace(record, storage_state=AVAILABLE))
        return JSONResponse({})

    async def delete(self, request: Request) -> Response:
        record = await self._find(request, "delete", "Failed to delete experiment")
        if record.name == DEFAULT_EXPERIMENT and not self._context.multi_user:
            raise RequestError(
                Code.ABORTED,
                f"Failed to delete experiment {record.id}. "
                "The default experiment cannot be deleted",
            ).wrap("Failed to delete experiment")
        # Its runs and recurring runs stay, in no experiment.
        del self._store.experiments[record.id]
        return JSONResponse({})

    def _is_nobodys(self, request: Request) -> bool:
        """Whether there is no such experiment, and nobody asks: rights alone look for it."""
        key = request.path_params["experiment_id"]
        return not self._context.multi_user and key not in self._store.experiments

    async def _find(self, request: Request, verb: str, doing: str) -> Experiment:
        return await find(
            self._store.experiments,
            request.path_params["experiment_id"],
            "Experiment",
            lambda one: self._authorize(request, verb, one.namespace),
            doing,
        )

    async def _authorize(self, request: Request, verb: str, namespace: str) -> None:
        if self._context.multi_user and not namespace:
            raise invalid("An experiment cannot have an empty namespace in multi-user mode")
        try:
            await self._context.access.require(request, verb, "experiments", namespace)
        except RequestError as error:
            raise error.wrap("Failed to authorize with API") from None


def _name(message: dict[str, Json]) -> str:
    """The name of one that is to be made. RequestError: none, or one that is too long."""
    try:
        name = text_field(message, "display_name", 128, "Experiment.Name")
        if not name:
            raise invalid("Experiment must have a non-empty name")
    except GatewayError:
        raise
    except RequestError as error:
        raise error.concealed("Failed to convert API experiment to model experiment") from None
    return name
