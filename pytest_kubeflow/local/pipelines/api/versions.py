"""Versions of pipelines. Source: backend/src/apiserver/server/pipeline_server.go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pytest_kubeflow.local.pipelines.api import messages
from pytest_kubeflow.local.pipelines.api.collation import collated
from pytest_kubeflow.local.pipelines.api.context import Context, find
from pytest_kubeflow.local.pipelines.api.errors import Code, RequestError, invalid
from pytest_kubeflow.local.pipelines.api.filters import TAGS
from pytest_kubeflow.local.pipelines.api.listing import list_page
from pytest_kubeflow.local.pipelines.api.pipelines import PATH, PipelineService, read_changes
from pytest_kubeflow.local.pipelines.spec import PipelineDocument
from pytest_kubeflow.local.pipelines.store import Pipeline, PipelineVersion

FIELDS: Mapping[str, str] = {
    "id": "id",
    "pipeline_version_id": "id",
    "name": "name",
    "display_name": "display_name",
    "created_at": "created_at",
    "description": "description",
    TAGS: "tags",
}


class VersionService:
    """Versions of the pipelines that `pipelines` lets the sender see and change."""

    def __init__(self, context: Context, pipelines: PipelineService) -> None:
        self._context = context
        self._store = context.store
        self._pipelines = pipelines

    def routes(self) -> list[Route]:
        versions = f"{PATH}/{{pipeline_id}}/versions"
        one = f"{versions}/{{pipeline_version_id}}"
        return [
            Route(versions, self._pipelines.download, methods=["POST"]),
            Route(versions, self.list, methods=["GET"]),
            Route(one, self.get, methods=["GET"]),
            Route(one, self.update, methods=["PATCH"]),
            Route(one, self.delete, methods=["DELETE"]),
        ]

    async def list(self, request: Request) -> Response:
        record = await self._pipelines.find(
            request, "list", "Failed to list pipeline versions of {}"
        )
        records = self._store.versions.where(pipeline_id=record.id)
        page = list_page(request, records, FIELDS, "PipelineVersion", faults=self._context.faults)
        shown = [messages.pipeline_version(one) for one in page.records]
        return JSONResponse(({"pipeline_versions": shown} if shown else {}) | page.fields())

    async def get(self, request: Request) -> Response:
        version = await self._find(request, "get", "Failed to get a pipeline version {}")
        return JSONResponse(messages.pipeline_version(version))

    async def update(self, request: Request) -> Response:
        """Change the display name or the tags."""
        doing = "Failed to update pipeline version {}. Check error stack"
        changes = await read_changes(request, messages.PIPELINE_VERSION_FIELDS)
        version = await self._find(request, "update", doing)
        version = self._store.versions.save(replace(version, **changes))
        return JSONResponse(messages.pipeline_version(version))

    async def delete(self, request: Request) -> Response:
        doing = "Failed to delete a pipeline version {}"
        del self._store.versions[(await self._find(request, "delete", doing)).id]
        return JSONResponse({})

    def add(
        self, pipeline: Pipeline, name: str, document: PipelineDocument, **more: str
    ) -> PipelineVersion:
        """Save a new version of a pipeline. RequestError: the name is bad or taken."""
        if not name:
            raise invalid("pipeline version's name cannot be empty")
        if len(name.encode()) > 127:
            raise invalid("PipelineVersion.Name length cannot exceed 127")
        there = self._store.versions.where(pipeline_id=pipeline.id)
        if any(collated(one.name) == collated(name) for one in there):
            raise RequestError(
                Code.ALREADY_EXISTS,
                f"Failed to create a new pipeline version. The name {name} already exists. "
                "Specify a new name",
            )
        version = PipelineVersion(pipeline.id, name, document, **more)  # type: ignore[arg-type]
        if not self._context.faults.active("pipeline-lost"):
            self._store.versions.save(version)
        return version

    async def _find(self, request: Request, verb: str, doing: str) -> PipelineVersion:
        """The version that the path names, whichever pipeline it names."""
        version_id = request.path_params["pipeline_version_id"]

        async def authorize(version: PipelineVersion) -> None:
            pipeline = self._store.pipelines[version.pipeline_id]
            await self._pipelines.authorize(request, verb, pipeline.namespace)

        return await find(
            self._store.versions,
            version_id,
            "PipelineVersion",
            authorize,
            doing.format(version_id),
        )
