"""PipelineService: pipelines.

Source: backend/src/apiserver/server/pipeline_server.go. Packages come in by `uploads.py`; the calls
that make the server download one from a URL are refused, as it reaches no network. Shared pipelines
are read by all; who writes one needs the right to do that in the system's namespace. Uploads of
them are open to all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pytest_kubeflow.local.pipelines.api import messages
from pytest_kubeflow.local.pipelines.api.collation import collated
from pytest_kubeflow.local.pipelines.api.context import (
    Context,
    find,
    members,
    read_message,
    text_field,
)
from pytest_kubeflow.local.pipelines.api.errors import Code, RequestError, invalid, not_found
from pytest_kubeflow.local.pipelines.api.fields import read_resource
from pytest_kubeflow.local.pipelines.api.filters import TAGS
from pytest_kubeflow.local.pipelines.api.listing import list_page
from pytest_kubeflow.local.pipelines.api.query import Query
from pytest_kubeflow.local.pipelines.api.tags import checked_tags
from pytest_kubeflow.local.pipelines.settings import SYSTEM_NAMESPACE
from pytest_kubeflow.local.pipelines.store import Pipeline

PATH = "/apis/v2beta1/pipelines"
FIELDS: Mapping[str, str] = {
    "id": "id",
    "pipeline_id": "id",
    "name": "name",
    "display_name": "display_name",
    "created_at": "created_at",
    "description": "description",
    "namespace": "namespace",
    TAGS: "tags",
}


_READING = {"get", "list"}


class PipelineService:
    """Pipelines of a namespace and, where the namespace is empty, those that all share."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._store = context.store

    def routes(self) -> list[Route]:
        one = f"{PATH}/{{pipeline_id}}"
        return [
            Route(PATH, self.create, methods=["POST"]),
            Route(PATH, self.list, methods=["GET"]),
            Route(f"{PATH}/create", self.download, methods=["POST"]),
            Route(f"{PATH}/names/{{name}}", self.get_by_name, methods=["GET"]),
            Route(one, self.get, methods=["GET"]),
            Route(one, self.update, methods=["PATCH"]),
            Route(one, self.delete, methods=["DELETE"]),
        ]

    async def create(self, request: Request) -> Response:
        """A pipeline without a version yet."""
        try:
            message = await read_resource(request, messages.PIPELINE_FIELDS)
            display_name = text_field(message, "display_name")
            namespace = self._context.api_namespace(text_field(message, "namespace"))
            wanted = Pipeline(
                text_field(message, "name") or display_name,
                display_name,
                namespace,
                text_field(message, "description"),
                checked_tags(message.get("tags") or {}),
            )
            if wanted.name:
                await self.authorize(request, "create", namespace)
            record = self.add(wanted)
        except RequestError as error:
            raise error.wrap("Failed to create a pipeline due to server error") from None
        return JSONResponse(messages.pipeline(record))

    async def download(self, request: Request) -> Response:
        """A pipeline with a version from a URL: judged as the real server does, then refused."""
        doing = "Failed to create a pipeline"
        try:
            message = await read_message(request, ("pipeline", "pipeline_version"))
            pipeline = _inner(message, "pipeline", messages.PIPELINE_FIELDS)
            version = _inner(message, "pipeline_version", messages.PIPELINE_VERSION_FIELDS)
            url = text_field(_inner(version, "package_url", ("pipeline_url",)), "pipeline_url")
            namespace = self._context.api_namespace(text_field(pipeline, "namespace"))
            await self.authorize(request, "create", namespace)
            if not _is_url(url):
                raise invalid(f"invalid pipeline spec URL: {url}")
            raise RequestError(
                Code.UNIMPLEMENTED,
                "The embedded Kubeflow downloads no packages: upload the file instead",
            )
        except RequestError as error:
            raise error.wrap(doing) from None

    async def get(self, request: Request) -> Response:
        record = await self.find(request, "get", "Failed to get a pipeline {}. Check error stack")
        return JSONResponse(messages.pipeline(record))

    async def get_by_name(self, request: Request) -> Response:
        name = request.path_params["name"]
        namespace = self._context.api_namespace(Query(request).text("namespace"))
        try:
            await self.authorize(request, "get", namespace)
            found = self._store.pipelines.where(name=name, namespace=namespace)
            if not found:
                raise not_found("Namespace/Pipeline", f"{namespace}/{name}")
        except RequestError as error:
            doing = f"Failed to get a pipeline with name {name} and namespace {namespace}"
            raise error.wrap(f"{doing}. Check error stack.") from None
        return JSONResponse(messages.pipeline(found[0]))

    async def list(self, request: Request) -> Response:
        namespace = self._context.api_namespace(Query(request).text("namespace"))
        try:
            await self.authorize(request, "list", namespace)
            records = self._store.pipelines.where(namespace=namespace)
            if not namespace and self._context.faults.active("pipeline-exposed"):
                records = list(self._store.pipelines.values())
            page = list_page(request, records, FIELDS, "Pipeline", faults=self._context.faults)
        except RequestError as error:
            doing = f"Failed to list pipelines in namespace {namespace}. Check error stack"
            raise error.wrap(doing) from None
        shown = [messages.pipeline(one) for one in page.records]
        return JSONResponse(({"pipelines": shown} if shown else {}) | page.fields())

    async def update(self, request: Request) -> Response:
        """Change the display name or the tags."""
        doing = "Failed to update pipeline {}. Check error stack"
        changes = await read_changes(request, messages.PIPELINE_FIELDS)
        record = await self.find(request, "update", doing)
        return JSONResponse(messages.pipeline(self._keep_pipeline(replace(record, **changes))))

    async def delete(self, request: Request) -> Response:
        doing = "Failed to delete pipeline {}. Check error stack"
        cascade = Query(request).flag("cascade")
        record = await self.find(request, "delete", doing)
        versions = self._store.versions.where(pipeline_id=record.id)
        if versions and not cascade:
            raise invalid(
                f"Failed to delete pipeline with id {record.id} as it has existing pipeline "
                f"versions (e.g. {versions[-1].id}). Set cascade=true to delete all versions"
            ).wrap(doing.format(record.id))
        self._store.delete_pipeline(record.id)
        return JSONResponse({})

    def add(self, record: Pipeline) -> Pipeline:
        """Save a new pipeline. RequestError: a bad name, or one that is taken."""
        if not record.name:
            raise invalid("pipeline's name cannot be empty")
        if len(record.name.encode()) > 128:
            raise invalid("Pipeline.Name length cannot exceed 128")
        there = self._store.pipelines.where(namespace=record.namespace)
        if any(collated(one.name) == collated(record.name) for one in there):
            raise RequestError(
                Code.ALREADY_EXISTS,
                f"Failed to create a new pipeline. The name {record.name} already exists. "
                "Please specify a new name",
            )
        return self._keep_pipeline(record)

    def _keep_pipeline(self, record: Pipeline) -> Pipeline:
        if not self._context.faults.active("pipeline-lost"):
            self._store.pipelines.save(record)
        return record

    async def authorize(self, request: Request, verb: str, namespace: str) -> None:
        """RequestError unless the sender may do this; all may read shared pipelines."""
        if namespace or verb not in _READING:
            where = namespace or SYSTEM_NAMESPACE
            await self._context.access.require(request, verb, "pipelines", where)

    async def authorize_upload(self, request: Request, namespace: str) -> None:
        """RequestError unless the sender may upload there; all may upload shared pipelines."""
        if namespace:
            await self.authorize(request, "create", namespace)

    async def find(self, request: Request, verb: str, doing: str) -> Pipeline:
        """The pipeline that the path names. RequestError: there is none, or no right to it."""
        pipeline_id = request.path_params["pipeline_id"]
        return await find(
            self._store.pipelines,
            pipeline_id,
            "Pipeline",
            lambda one: self.authorize(request, verb, one.namespace),
            doing.format(pipeline_id),
        )


def _inner(message: Mapping[str, Any], name: str, fields: Iterable[str]) -> dict[str, Any]:
    """A message in a message, empty if not set. RequestError."""
    value = message.get(name) or {}
    if not isinstance(value, Mapping):
        raise invalid(f"invalid value for message field {name}")
    return members(value, fields)


def _is_url(text: str) -> bool:
    """As Go's url.ParseRequestURI sees it, roughly: absolute, or a path."""
    return bool(urlsplit(text).scheme) or text.startswith("/")


async def read_changes(request: Request, fields: Iterable[str]) -> dict[str, Any]:
    """What the request changes: an empty display name stays, no tags are a change. RequestError."""
    message = await read_resource(request, fields)
    changes: dict[str, Any] = {}
    if name := text_field(message, "display_name"):
        changes["display_name"] = name
    if (tags := message.get("tags")) is not None:
        changes["tags"] = checked_tags(tags)
    return changes
