"""The central dashboard: its page, and what the page asks under /api.

Routes, statuses and messages: centraldashboard/app/api.ts and api_workgroup.ts of
kubeflow/dashboard.
"""

from __future__ import annotations

import re
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from pytest_kubeflow.local.bodies import parse_json
from pytest_kubeflow.local.kube import ApiError, ApiUnreachableError, KubeClient
from pytest_kubeflow.local.kube.resources import CONFIG_MAPS, EVENTS, NAMESPACES, NODES
from pytest_kubeflow.local.webapps.bindings import Binding, Bindings

_USER_HEADER = "kubeflow-userid"
_NOBODY = "anonymous@kubeflow.org"
_EMAIL = re.compile(r"\w+([.-]?\w+)*@\w+([.-]?\w+)*(\.\w{2,3})+")
_SIMPLE_ROLES = {"admin": "owner", "edit": "contributor"}
_CONFIG, _NAMESPACE = "dashboard-config", "kubeflow"
_PAGE = (
    '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
    "<title>Kubeflow Central Dashboard</title></head><body><main-page></main-page></body></html>"
)


def dashboard_app(client: KubeClient) -> Starlette:
    """An ASGI application for what no other one has."""
    dashboard = _Dashboard(client)
    root = "/api/workgroup"
    return Starlette(
        routes=[
            Route(f"{root}/exists", dashboard.exists),
            Route(f"{root}/env-info", dashboard.env_info),
            Route(f"{root}/get-contributors/{{namespace}}", dashboard.contributors),
            Route(f"{root}/add-contributor/{{namespace}}", dashboard.contribute, methods=["POST"]),
            Route(
                f"{root}/remove-contributor/{{namespace}}",
                dashboard.contribute,
                methods=["DELETE"],
            ),
            Route("/api/namespaces", dashboard.namespaces),
            Route("/api/activities/{namespace}", dashboard.activities),
            Route("/api/dashboard-links", dashboard.links),
            Route("/api/{rest:path}", _no_route, methods=["GET", "POST", "DELETE"]),
            Route("/{rest:path}", _page),
        ],
        exception_handlers={ApiError: _refused, ApiUnreachableError: _failed},
    )


class _Dashboard:
    def __init__(self, client: KubeClient) -> None:
        self._client = client
        self._bindings = Bindings(client)

    async def exists(self, request: Request) -> Response:
        user, known = _user(request)
        owned = [one for one in await self._workgroups(request) if one["role"] == "owner"]
        return JSONResponse(
            {
                "hasAuth": known,
                "user": user.partition("@")[0],
                "hasWorkgroup": bool(owned),
                "registrationFlowAllowed": False,
            }
        )

    async def env_info(self, request: Request) -> Response:
        user, known = _user(request)
        nodes = (await self._client.list(NODES))["items"]
        provider = next(
            (node["spec"]["providerID"] for node in nodes if node["spec"].get("providerID")),
            "other://",
        )
        platform = {
            "kubeflowVersion": "unknown",  # as where there is no Application object
            "provider": provider,
            "providerName": provider.partition(":")[0],
            "logoutUrl": "/oauth2/sign_out",
        }
        return JSONResponse(
            {
                "user": user,
                "platform": platform,
                "namespaces": await self._workgroups(request),
                "isClusterAdmin": not known,
            }
        )

    async def contributors(self, request: Request) -> Response:
        return JSONResponse(await self._contributors(request.path_params["namespace"]))

    async def contribute(self, request: Request) -> Response:
        user, known = _user(request)
        if not known:
            message = "Unable to ascertain user identity from request, cannot access route."
            return _error(message, 405)
        namespace = request.path_params["namespace"]
        contributor = _contributor(await request.body())
        if not contributor:
            return _error("Missing contributor field.")
        if _EMAIL.fullmatch(contributor) is None:
            return _error("Contributor doesn't look like a valid email address")
        if not await self._bindings.owns(user, namespace):
            return _error(f"Unable to add new contributor for {namespace}: Forbidden", 403)
        binding = Binding(contributor, namespace, "edit")
        if request.method == "POST":
            await self._bindings.create(binding)
        else:
            await self._bindings.delete(binding)
        return JSONResponse(await self._contributors(namespace))

    async def namespaces(self, _request: Request) -> Response:
        return JSONResponse((await self._client.list(NAMESPACES))["items"])

    async def activities(self, request: Request) -> Response:
        namespace = request.path_params["namespace"]
        mine = {one["namespace"] for one in await self._workgroups(request)}
        if _user(request)[1] and namespace not in mine:
            message = "Access denied. You do not have permission to view activities for namespace "
            return _error(f"{message}'{namespace}'.", 403)
        return JSONResponse((await self._client.list(EVENTS, namespace))["items"])

    async def links(self, _request: Request) -> Response:
        """The menu of the page, as its ConfigMap has it."""
        try:
            found = await self._client.get(CONFIG_MAPS, _CONFIG, _NAMESPACE)
            return JSONResponse(parse_json((found.get("data") or {})["links"].encode()))
        except (ApiError, KeyError, ValueError):
            return _error("Cannot load dashboard menu link", 500)

    async def _contributors(self, namespace: str) -> list[str]:
        found = await self._bindings.find(namespace=namespace, role="edit")
        return [one.user for one in found if one.kind == "User"]

    async def _workgroups(self, request: Request) -> list[dict[str, str]]:
        user, known = _user(request)
        found = await self._bindings.find(user=user if known else "")
        if not known:
            names = dict.fromkeys(one.namespace for one in found)
            return [{"namespace": one, "role": "contributor", "user": user} for one in names]
        return [
            {"user": one.user, "namespace": one.namespace, "role": _SIMPLE_ROLES[one.role]}
            for one in found
            if one.role in _SIMPLE_ROLES
        ]


def _user(request: Request) -> tuple[str, bool]:
    """Who asks, and whether the gateway has said so."""
    user = request.headers.get(_USER_HEADER)
    return (user, True) if user else (_NOBODY, False)


def _contributor(body: bytes) -> str:
    try:
        document: Any = parse_json(body or b"{}")
    except ValueError:
        return ""
    found = document.get("contributor") if isinstance(document, dict) else None
    return found if isinstance(found, str) else ""


def _error(message: str, status: int = 400) -> Response:
    return JSONResponse({"error": message}, status_code=status)


async def _no_route(_: Request) -> Response:
    return _error("Could not find the route you're looking for", 404)


async def _page(_: Request) -> Response:
    return HTMLResponse(_PAGE)


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return _error(error.message, error.code)


async def _failed(_: Request, error: Exception) -> Response:
    return _error(str(error), 500)
