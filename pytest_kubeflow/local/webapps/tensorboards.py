"""The tensorboards web app: TensorBoards of a namespace, under /tensorboards.

Routes, fields and words: crud-web-apps/tensorboards/backend of kubeflow/notebooks 1.11.
"""

from __future__ import annotations

from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pytest_kubeflow.local.kube import KubeClient, Resource
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import (
    PERSISTENT_VOLUME_CLAIMS,
    POD_DEFAULTS,
    TENSORBOARDS,
)
from pytest_kubeflow.local.webapps.crud import (
    HANDLERS,
    Guard,
    RefusedError,
    described,
    read_body,
    success,
)

PREFIX = "/tensorboards/"


def tensorboards_app(client: KubeClient, *, secure_cookies: bool) -> Starlette:
    """An ASGI application for the paths under /tensorboards/, without that prefix."""
    guard = Guard(client, prefix=PREFIX, secure=lambda: secure_cookies)
    boards = _Tensorboards(client, guard)
    namespace = "/api/namespaces/{namespace}"
    plural = f"{namespace}/tensorboards"
    return Starlette(
        routes=[
            Route(plural, guard.guarded(boards.table), methods=["GET"]),
            Route(plural, guard.guarded(boards.create), methods=["POST"]),
            Route(f"{plural}/{{name}}", guard.guarded(boards.delete), methods=["DELETE"]),
            Route(f"{namespace}/pvcs", guard.guarded(boards.claims), methods=["GET"]),
            Route(f"{namespace}/poddefaults", guard.guarded(boards.pod_defaults), methods=["GET"]),
            *guard.routes("Tensorboards"),
        ],
        exception_handlers=HANDLERS,
    )


class _Tensorboards:
    def __init__(self, client: KubeClient, guard: Guard) -> None:
        self._client = client
        self._guard = guard

    async def _namespace(
        self, request: Request, verb: str, resource: Resource = TENSORBOARDS
    ) -> str:
        """The namespace that is asked for, if the user may do that there."""
        namespace: str = request.path_params["namespace"]
        await self._guard.require(
            request, verb, resource.plural, namespace, api_version=resource.api_version
        )
        return namespace

    async def table(self, request: Request) -> Response:
        namespace = await self._namespace(request, "list")
        items = (await self._client.list(TENSORBOARDS, namespace))["items"]
        return success(request, "tensorboards", [_shown(one) for one in items])

    async def create(self, request: Request) -> Response:
        body = await read_body(request, "name", "logspath")
        namespace: str = request.path_params["namespace"]
        labels = _labels(body.get("configurations"))
        metadata = {"name": body["name"], "namespace": namespace}
        wanted = {
            "metadata": {**metadata, **({"labels": labels} if labels else {})},
            "spec": {"logspath": body["logspath"]},
        }
        await self._namespace(request, "create")
        await self._client.create(TENSORBOARDS, wanted)
        return success(request, "message", "Tensorboard created successfully.")

    async def delete(self, request: Request) -> Response:
        namespace = await self._namespace(request, "delete")
        name = request.path_params["name"]
        await self._client.delete(TENSORBOARDS, name, namespace, propagation="Foreground")
        return success(request, "message", "Tensorboard deleted successfully.")

    async def claims(self, request: Request) -> Response:
        namespace = await self._namespace(request, "list", PERSISTENT_VOLUME_CLAIMS)
        items = (await self._client.list(PERSISTENT_VOLUME_CLAIMS, namespace))["items"]
        return success(request, "pvcs", [one["metadata"]["name"] for one in items])

    async def pod_defaults(self, request: Request) -> Response:
        namespace = await self._namespace(request, "list", POD_DEFAULTS)
        items = (await self._client.list(POD_DEFAULTS, namespace))["items"]
        return success(request, "poddefaults", [described(one) for one in items])


def _labels(configurations: Any) -> dict[str, str]:
    """Those of the PodDefaults that are chosen."""
    if not isinstance(configurations, list):
        raise RefusedError(400, f"Labels for PodDefaults are not list: {configurations}")
    return {str(label): "true" for label in configurations}


def _shown(board: Object) -> Object:
    """A line of the app's table."""
    metadata = board["metadata"]
    ready = (board.get("status") or {}).get("readyReplicas", 0) == 1
    found = ("ready", "The Tensorboard server is ready to connect")
    if not ready:
        found = ("unavailable", "The Tensorboard server is currently unavailble")
    return {
        "name": metadata["name"],
        "namespace": metadata["namespace"],
        "logspath": board["spec"]["logspath"],
        "age": metadata["creationTimestamp"],
        "status": {"phase": found[0], "message": found[1], "state": ""},
    }
