"""What launchers report: the end of their task, with its outputs.

The real launcher writes to ML Metadata over gRPC; ours has only the standard library, so it tells
the API, which hands the report to the driver. A report counts only with the token of the pod that
it is about.
"""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pytest_kubeflow.local.pipelines.api.context import Context, read_message
from pytest_kubeflow.local.pipelines.api.errors import Code, RequestError, not_found
from pytest_kubeflow.local.pipelines.driver.report import Report, ReportError

_POD_NAME = "authentication.kubernetes.io/pod-name"

Accept = Callable[[str, str, Report], bool]


class ReportService:
    """`accept(namespace, pod, report)` says whether this pod's report was awaited."""

    def __init__(self, context: Context, accept: Accept) -> None:
        self._context = context
        self._accept = accept

    def routes(self) -> list[Route]:
        path = "/internal/namespaces/{namespace}/pods/{pod}/report"
        return [Route(path, self.put, methods=["PUT"])]

    async def put(self, request: Request) -> Response:
        namespace, pod = request.path_params["namespace"], request.path_params["pod"]
        caller = await self._context.access.token_owner(request)
        own = caller.user.startswith(f"system:serviceaccount:{namespace}:")
        if not own or caller.extra.get(_POD_NAME, [pod]) != [pod]:
            raise RequestError(
                Code.PERMISSION_DENIED, f"{caller.user} may not report for pod {namespace}/{pod}"
            )
        message = await read_message(request, Report.FIELDS)
        try:
            report = Report.from_json(message)
        except ReportError as error:
            raise RequestError(Code.INVALID_ARGUMENT, str(error)) from None
        if not self._accept(namespace, pod, report):
            raise not_found("Task of pod", f"{namespace}/{pod}")
        return JSONResponse({})
