"""The jupyter web app: notebooks of a namespace, under /jupyter.

Routes and fields: crud-web-apps/jupyter/backend/apps of kubeflow/notebooks 1.11. As there, a
Notebook without requests of CPU and memory or without mounts makes the list of all fail.
"""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pytest_kubeflow.local.kube import KubeClient, Resource
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import (
    EVENTS,
    NODES,
    NOTEBOOKS,
    PERSISTENT_VOLUME_CLAIMS,
    POD_DEFAULTS,
    PODS,
)
from pytest_kubeflow.local.kube.times import now
from pytest_kubeflow.local.webapps.crud import (
    HANDLERS,
    USER_HEADER,
    Guard,
    RefusedError,
    described,
    read_body,
    success,
)
from pytest_kubeflow.local.webapps.notebookstatus import STOPPED, processed_status
from pytest_kubeflow.local.webapps.spawner import SERVER_TYPE, Form, read_config

PREFIX = "/jupyter/"
_LAST_ACTIVITY = "notebooks.kubeflow.org/last-activity"


def jupyter_app(client: KubeClient, *, secure_cookies: bool) -> Starlette:
    """An ASGI application for the paths under /jupyter/, without that prefix."""
    guard = Guard(client, prefix=PREFIX, secure=lambda: secure_cookies)
    app, guarded = _Jupyter(client, guard), guard.guarded
    namespace = "/api/namespaces/{namespace}"
    notebooks = f"{namespace}/notebooks"
    one = f"{notebooks}/{{name}}"
    return Starlette(
        routes=[
            Route("/api/config", guarded(app.config), methods=["GET"]),
            Route("/api/gpus", guarded(app.gpus), methods=["GET"]),
            Route(f"{namespace}/pvcs", guarded(app.claims), methods=["GET"]),
            Route(f"{namespace}/poddefaults", guarded(app.pod_defaults), methods=["GET"]),
            Route(notebooks, guarded(app.table), methods=["GET"]),
            Route(notebooks, guarded(app.create), methods=["POST"]),
            Route(one, guarded(app.get), methods=["GET"]),
            Route(one, guarded(app.change), methods=["PATCH"]),
            Route(one, guarded(app.delete), methods=["DELETE"]),
            Route(f"{one}/pod", guarded(app.pod), methods=["GET"]),
            Route(f"{one}/pod/{{pod}}/logs", guarded(app.logs), methods=["GET"]),
            Route(f"{one}/events", guarded(app.events), methods=["GET"]),
            *guard.routes("Jupyter Management UI"),
        ],
        exception_handlers=HANDLERS,
    )


class _Jupyter:
    def __init__(self, client: KubeClient, guard: Guard) -> None:
        self._client = client
        self._guard = guard

    async def _namespace(
        self, request: Request, verb: str, resource: Resource = NOTEBOOKS, *, part: str = ""
    ) -> str:
        """The namespace that is asked for, if the user may do that there."""
        namespace: str = request.path_params["namespace"]
        plural = resource.plural + (f"/{part}" if part else "")
        await self._guard.require(
            request, verb, plural, namespace, api_version=resource.api_version
        )
        return namespace

    async def config(self, request: Request) -> Response:
        return success(request, "config", await read_config(self._client))

    async def gpus(self, request: Request) -> Response:
        """Makers of whose GPUs a node has some."""
        vendors = (await read_config(self._client)).get("gpus", {}).get("value", {})
        installed: set[str] = set()
        for node in (await self._client.list(NODES))["items"]:
            installed.update((node.get("status") or {}).get("capacity") or {})
        keys = [one.get("limitsKey", "") for one in vendors.get("vendors", [])]
        return success(request, "vendors", [one for one in keys if one in installed])

    async def claims(self, request: Request) -> Response:
        namespace = await self._namespace(request, "list", PERSISTENT_VOLUME_CLAIMS)
        items = (await self._client.list(PERSISTENT_VOLUME_CLAIMS, namespace))["items"]
        found = [
            {
                "name": one["metadata"]["name"],
                "size": one["spec"]["resources"]["requests"]["storage"],
                "mode": one["spec"]["accessModes"][0],
            }
            for one in items
        ]
        return success(request, "pvcs", found)

    async def pod_defaults(self, request: Request) -> Response:
        namespace = await self._namespace(request, "list", POD_DEFAULTS)
        items = (await self._client.list(POD_DEFAULTS, namespace))["items"]
        found = [described(one) for one in items]
        return success(request, "poddefaults", found)

    async def table(self, request: Request) -> Response:
        namespace = await self._namespace(request, "list")
        items = (await self._client.list(NOTEBOOKS, namespace))["items"]
        vendors = (await read_config(self._client)).get("gpus", {}).get("value", {})
        names = {one["limitsKey"]: one["uiName"] for one in vendors.get("vendors", [])}
        lines = [await self._line(request, one, names) for one in items]
        return success(request, "notebooks", lines)

    async def get(self, request: Request) -> Response:
        namespace = await self._namespace(request, "get")
        name = request.path_params["name"]
        notebook = await self._client.get(NOTEBOOKS, name, namespace)
        status = await self._status(request, notebook)
        return success(request, "notebook", {**notebook, "processed_status": status})

    async def create(self, request: Request) -> Response:
        body = await read_body(request, "name")
        namespace: str = request.path_params["namespace"]
        user = request.headers.get(USER_HEADER, "")
        form = Form(body, await read_config(self._client), namespace=namespace, user=user)
        notebook, volumes = form.notebook(), form.volumes()
        await self._namespace(request, "create")
        await self._dry_run(NOTEBOOKS, namespace, notebook)
        for volume in volumes:
            if (claim := volume.claim()) is not None:
                await self._namespace(request, "create", PERSISTENT_VOLUME_CLAIMS)
                await self._dry_run(PERSISTENT_VOLUME_CLAIMS, namespace, claim)
        for volume in volumes:
            made, claim = None, volume.claim()
            if claim is not None:
                metadata = {**claim["metadata"], "namespace": namespace}
                wanted = {**claim, "metadata": metadata}
                made = await self._client.create(PERSISTENT_VOLUME_CLAIMS, wanted)
            volume.add_to(notebook, made)
        await self._client.create(NOTEBOOKS, notebook)
        return success(request, "message", "Notebook created successfully.")

    async def _dry_run(self, resource: Resource, namespace: str, obj: Object) -> None:
        typed = {"apiVersion": resource.api_version, "kind": resource.kind, **obj}
        await self._client.request(
            "POST", resource.path(namespace), params={"dryRun": "All"}, body=typed
        )

    async def change(self, request: Request) -> Response:
        body = await read_body(request)
        if "stopped" not in body:
            message = "Request body must include at least one supported key: ['stopped']"
            raise RefusedError(400, message)
        namespace, name = request.path_params["namespace"], request.path_params["name"]
        if body["stopped"]:
            await self._namespace(request, "get")
            known = await self._client.get(NOTEBOOKS, name, namespace)
            if STOPPED in (known["metadata"].get("annotations") or {}):
                raise RefusedError(409, f"Notebook {namespace}/{name} is already stopped.")
        annotations = {STOPPED: now() if body["stopped"] else None}
        await self._namespace(request, "patch")
        patch = {"metadata": {"annotations": annotations}}
        await self._client.patch(NOTEBOOKS, name, patch, namespace=namespace)
        return success(request)

    async def delete(self, request: Request) -> Response:
        namespace = await self._namespace(request, "delete")
        name = request.path_params["name"]
        await self._client.delete(NOTEBOOKS, name, namespace, propagation="Foreground")
        return success(request, "message", f"Notebook {name} successfully deleted.")

    async def pod(self, request: Request) -> Response:
        namespace = await self._namespace(request, "list", PODS)
        selector = f"notebook-name={request.path_params['name']}"
        items = (await self._client.list(PODS, namespace, label_selector=selector))["items"]
        if not items:
            raise RefusedError(404, "No pod detected.")
        return success(request, "pod", items[0])

    async def logs(self, request: Request) -> Response:
        namespace = await self._namespace(request, "get", PODS, part="log")
        pod, name = request.path_params["pod"], request.path_params["name"]
        text = await self._client.logs(pod, namespace, container=name)
        return success(request, "logs", text.split("\n"))

    async def events(self, request: Request) -> Response:
        found = await self._events(request, request.path_params["name"])
        return success(request, "events", found)

    async def _events(self, request: Request, name: str) -> list[Object]:
        namespace = await self._namespace(request, "list", EVENTS)
        selector = f"involvedObject.kind=Notebook,involvedObject.name={name}"
        answer = await self._client.list(EVENTS, namespace, field_selector=selector)
        events: list[Object] = answer["items"]
        return events

    async def _status(self, request: Request, notebook: Object) -> Object:
        async def events() -> list[Object]:
            return await self._events(request, notebook["metadata"]["name"])

        return await processed_status(notebook, events)

    async def _line(self, request: Request, notebook: Object, vendors: dict[str, str]) -> Object:
        """A line of the app's table."""
        metadata = notebook["metadata"]
        container = notebook["spec"]["template"]["spec"]["containers"][0]
        annotations = metadata.get("annotations") or {}
        limits = (container.get("resources") or {}).get("limits") or {}
        gpus = {key: int(limits[key]) for key in vendors if key in limits}
        return {
            "name": metadata["name"],
            "namespace": metadata["namespace"],
            "serverType": annotations.get(SERVER_TYPE),
            "age": metadata["creationTimestamp"],
            "last_activity": annotations.get(_LAST_ACTIVITY, ""),
            "image": container["image"],
            "shortImage": container["image"].split("/")[-1],
            "cpu": container["resources"]["requests"]["cpu"],
            "gpus": {
                "count": sum(gpus.values()),
                "message": ", ".join(f"{limits[key]} {vendors[key]}" for key in gpus),
            },
            "memory": container["resources"]["requests"]["memory"],
            "volumes": [one["name"] for one in container["volumeMounts"]],
            "status": await self._status(request, notebook),
            "metadata": metadata,
        }
