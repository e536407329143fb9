"""Uploads of pipeline packages: multipart forms with one file, everything else in the query.

Source: backend/src/apiserver/server/pipeline_upload_server.go. These two calls are plain HTTP in
the real server, so their errors have the shape of its old API, `error_message` and `error_details`,
or are plain text where a name is too long. Until the package was read they come as text, since the
real server says what they are too late. They tell why for bad input alone; here the details tell
it always, where the real server has the stack of its calls.
"""

from __future__ import annotations

import json
from pathlib import PurePath

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from pytest_kubeflow.local.pipelines.api import messages
from pytest_kubeflow.local.pipelines.api.app import METHODS
from pytest_kubeflow.local.pipelines.api.context import Context, refused
from pytest_kubeflow.local.pipelines.api.errors import Code, RequestError
from pytest_kubeflow.local.pipelines.api.packages import LARGEST, read_package
from pytest_kubeflow.local.pipelines.api.pipelines import PATH, PipelineService
from pytest_kubeflow.local.pipelines.api.tags import parse_tags
from pytest_kubeflow.local.pipelines.api.versions import VersionService
from pytest_kubeflow.local.pipelines.spec import PipelineDocument, SpecError
from pytest_kubeflow.local.pipelines.store import Pipeline

_FILE = "uploadfile"


class UploadService:
    """Takes packages in, as a new pipeline or as a new version of one."""

    def __init__(
        self, context: Context, pipelines: PipelineService, versions: VersionService
    ) -> None:
        self._context = context
        self._pipelines = pipelines
        self._versions = versions

    def routes(self) -> list[Route]:
        return [
            Route(f"{PATH}/upload", self.pipeline, methods=METHODS),
            Route(f"{PATH}/upload_version", self.version, methods=METHODS),
        ]

    async def pipeline(self, request: Request) -> Response:
        doing = "Failed to create a pipeline"
        try:
            content, file_name = await _file(request)
        except RequestError as error:
            return _failure(error, error.external, early=True)
        query = request.query_params
        display_name = query.get("display_name", "")
        name = query.get("name") or display_name or file_name
        namespace = query.get("namespace", "")
        if len(namespace.encode()) > 63:
            return _too_long("Pipeline.Namespace", 63)
        namespace = self._context.api_namespace(namespace)
        try:
            await self._pipelines.authorize_upload(request, namespace)
            tags = parse_tags(query.get("tags", ""))
        except RequestError as error:
            return _failure(error, doing, early=True)
        if len(name.encode()) > 128:
            return _too_long("Pipeline.Name", 128)
        more = {
            "display_name": display_name or name,
            "description": query.get("description", ""),
            "tags": tags,
        }
        try:
            document = _document(content)
            record = self._pipelines.add(
                Pipeline(name, namespace=namespace, **more)  # type: ignore[arg-type]
            )
            self._versions.add(record, name[:127], document, **more)  # type: ignore[arg-type]
        except RequestError as error:
            return _failure(error, f"{doing} and a pipeline version")
        return JSONResponse(messages.pipeline(record))

    async def version(self, request: Request) -> Response:
        doing = "Failed to create a pipeline version"
        query = request.query_params
        pipeline_id = query.get("pipelineid", "")
        try:
            content, file_name = await _file(request)
            record = self._pipeline(pipeline_id)
        except RequestError as error:
            return _failure(error, doing, early=True)
        display_name = query.get("display_name", "")
        name = query.get("name") or display_name or file_name
        if len(name.encode()) > 127:
            return _too_long("PipelineVersion.Name", 127)
        try:
            await self._pipelines.authorize_upload(request, record.namespace)
            self._pipeline(pipeline_id)  # it may have been deleted meanwhile
            tags = parse_tags(query.get("tags", ""))
        except RequestError as error:
            return _failure(error, doing, early=True)
        try:
            made = self._versions.add(
                record,
                name,
                _document(content),
                display_name=display_name or name,
                description=query.get("description", ""),
                tags=tags,  # type: ignore[arg-type]
            )
        except RequestError as error:
            return _failure(error, doing)
        return JSONResponse(messages.pipeline_version(made))

    def _pipeline(self, pipeline_id: str) -> Pipeline:
        record = self._context.store.pipelines.get(pipeline_id)
        if record is None:
            raise RequestError(Code.NOT_FOUND, f"Pipeline {pipeline_id} not found")
        return record


async def _file(request: Request) -> tuple[bytes, str]:
    """The text of the uploaded package, and the name of its file. Raises RequestError."""
    doing = "Failed to read pipeline from file"
    try:
        form = await request.form(max_files=1, max_part_size=LARGEST)
    except HTTPException as error:
        raise RequestError(Code.INTERNAL, doing, cause=str(error.detail)) from None
    try:
        file = form.get(_FILE)
        if not isinstance(file, UploadFile):
            raise RequestError(Code.INTERNAL, doing, cause=f"no file called {_FILE}")
        content = await file.read(LARGEST + 1)
        name = PurePath(file.filename or "").name
    finally:
        await form.close()
    try:
        return read_package(content, name), name
    except RequestError as error:
        cause = error.internal
        raise RequestError(
            Code.INTERNAL, "Failed to read a pipeline spec file", cause=cause
        ) from None


def _document(content: bytes) -> PipelineDocument:
    try:
        return PipelineDocument.parse(content)
    except SpecError as error:
        raise refused(error) from None


def _too_long(field: str, limit: int) -> Response:
    text = f"Invalid input error: {field} length cannot exceed {limit}\n"
    return PlainTextResponse(text, status_code=400)


def _failure(error: RequestError, doing: str, *, early: bool = False) -> Response:
    """`early`: before the real server says that its response is JSON."""
    status = 400 if early else 500
    text = doing
    if error.code is Code.INVALID_ARGUMENT:
        status, text = 400, error.external
    elif error.code is Code.ALREADY_EXISTS:
        status = 409
    body = {"error_message": text, "error_details": f"{doing}: {error.internal}"}
    media_type = "text/plain" if early else "application/json"
    return Response(json.dumps(body), status_code=status, media_type=media_type)
