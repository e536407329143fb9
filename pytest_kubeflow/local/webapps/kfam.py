"""kfam, Kubeflow's access management: bindings of users to profiles, under /kfam/v1.

Routes and statuses: access-management/kfam/api_default.go of kubeflow/dashboard.
"""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from pytest_kubeflow.local.bodies import parse_json
from pytest_kubeflow.local.kube import ApiError, ApiUnreachableError, KubeClient
from pytest_kubeflow.local.webapps.bindings import Binding, Bindings

_USER_HEADER = "kubeflow-userid"


def kfam_app(client: KubeClient) -> Starlette:
    """An ASGI application for paths under /kfam/."""
    bindings = Bindings(client)

    async def read(request: Request) -> Response:
        query = request.query_params
        found = await bindings.find(
            user=query.get("user", ""),
            namespace=query.get("namespace", ""),
            role=query.get("role", ""),
        )
        return JSONResponse({"bindings": [one.to_json() for one in found]})

    async def change(request: Request) -> Response:
        try:
            binding = Binding.parse(parse_json(await request.body()))
        except ValueError as error:
            return PlainTextResponse(str(error), 403)
        user = request.headers.get(_USER_HEADER, "")
        if not await bindings.owns(user, binding.namespace):
            return Response(status_code=403)
        action = bindings.create if request.method == "POST" else bindings.delete
        await action(binding)
        return Response(status_code=200)

    async def is_cluster_admin(_: Request) -> Response:
        # Nobody is one, unless the installation names them.
        return JSONResponse(content=False)

    async def refused(_: Request, error: Exception) -> Response:
        return PlainTextResponse(str(error), 403)

    async def failed(_: Request, error: Exception) -> Response:
        return PlainTextResponse(str(error), 500)

    return Starlette(
        routes=[
            Route("/kfam/v1/bindings", read, methods=["GET"]),
            Route("/kfam/v1/bindings", change, methods=["POST", "DELETE"]),
            Route("/kfam/v1/role/clusteradmin", is_cluster_admin, methods=["GET"]),
        ],
        exception_handlers={ApiError: refused, ApiUnreachableError: failed},
    )
