"""Uploads of pipeline packages: multipart forms with one file, everything else in the query.

Source: backend/src/apiserver/server/pipeline_upload_server.go. These two calls are plain HTTP in
the real server, so their errors have the shape of its old API: `error_message`, `error_details`.
"""

from __future__ import annotations

from pathlib import PurePath

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pytest_kubeflow.local.pipelines.api import messages
from pytest_kubeflow.local.pipelines.api.context import Context, accepted, refused
from pytest_kubeflow.local.pipelines.api.errors import Code, RequestError, invalid
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
            Route(f"{PATH}/upload", self.pipeline, methods=["POST"]),
            Route(f"{PATH}/upload_version", self.version, methods=["POST"]),
        ]

    async def pipeline(self, request: Request) -> Response:
        try:
            document, file_name = await self._package(request)
            query = request.query_params
            display_name = query.get("display_name", "")
            name = query.get("name") or display_name or file_name
            namespace = self._context.api_namespace(query.get("namespace", ""))
            if len(namespace) > 63:
                raise invalid("Pipeline.Namespace length cannot exceed 63")
            more = {
                "display_name": display_name or name,
                "description": query.get("description", ""),
                "tags": parse_tags(query.get("tags", "")),
            }
            record = Pipeline(name, namespace=namespace, **more)  # type: ignore[arg-type]
            if name:
                await self._pipelines.authorize_upload(request, namespace)
            record = self._pipelines.add(record)
            self._versions.add(record, name[:127], document, **more)  # type: ignore[arg-type]
        except RequestError as error:
            return _failure(error, "Failed to create a pipeline and a pipeline version")
        return JSONResponse(messages.pipeline(record))

    async def version(self, request: Request) -> Response:
        try:
            document, file_name = await self._package(request)
            query = request.query_params
            pipeline_id = query.get("pipelineid", "")
            record = self._context.store.pipelines.get(pipeline_id)
            if record is None:
                raise invalid("Failed to create a pipeline version")
            await self._pipelines.authorize_upload(request, record.namespace)
            if pipeline_id not in self._context.store.pipelines:
                raise invalid("Failed to create a pipeline version")  # deleted meanwhile
            display_name = query.get("display_name", "")
            name = query.get("name") or display_name or file_name
            made = self._versions.add(
                record,
                name,
                document,
                display_name=display_name or name,
                description=query.get("description", ""),
                tags=parse_tags(query.get("tags", "")),  # type: ignore[arg-type]
            )
        except RequestError as error:
            return _failure(error, "Failed to create a pipeline version")
        return JSONResponse(messages.pipeline_version(made))

    async def _package(self, request: Request) -> tuple[PipelineDocument, str]:
        try:
            form = await request.form(max_files=1, max_part_size=LARGEST)
        except HTTPException as error:
            raise invalid(f"Failed to read pipeline from file: {error.detail}") from None
        try:
            file = form.get(_FILE)
            if not isinstance(file, UploadFile):
                raise invalid("Failed to read pipeline from file")
            content = await file.read(LARGEST + 1)
            name = PurePath(file.filename or "").name
        finally:
            await form.close()
        try:
            return accepted(PipelineDocument.parse(read_package(content))), name
        except SpecError as error:
            raise refused(error) from None


def _failure(error: RequestError, doing: str) -> Response:
    """The real handlers tell the user why for bad input only; ours also says who may not."""
    if error.code is Code.INVALID_ARGUMENT:
        status, text = 400, error.external
    elif error.code is Code.ALREADY_EXISTS:
        status, text = 409, f"{doing}: {error.external}"
    elif error.code in {Code.UNAUTHENTICATED, Code.PERMISSION_DENIED}:
        status, text = 400, f"{doing}: {error.external}"
    else:
        status, text = 500, doing
    return JSONResponse(
        {"error_message": text, "error_details": f"{doing}: {error.internal}"}, status_code=status
    )
