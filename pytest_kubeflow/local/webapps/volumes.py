"""The volumes web app: claims of a namespace, under /volumes.

Routes and fields: crud-web-apps/volumes/backend of kubeflow/notebooks (branch notebooks-v1).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.kube import KubeClient, Resource
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import (
    EVENTS,
    NOTEBOOKS,
    PERSISTENT_VOLUME_CLAIMS,
    PODS,
    PVC_VIEWERS,
)
from pytest_kubeflow.local.webapps.crud import (
    HANDLERS,
    Guard,
    RefusedError,
    answered,
    read_body,
    success,
)
from pytest_kubeflow.local.webapps.viewers import notebooks_with, shown, viewer_name, viewer_of

PREFIX = "/volumes/"
_DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"
_PHASES = {"FailedBinding": "warning", "Provisioning": "waiting"}
_WAITS = (
    "Pending: This volume will be bound when its first consumer is created. "
    "E.g., when you first browse its contents, or attach it to a notebook server"
)

_Handler = Callable[[Request], Awaitable[Response]]


def volumes_app(client: KubeClient, *, secure_cookies: bool, faults: Faults) -> Starlette:
    """An ASGI application for the paths under /volumes/, without that prefix."""
    guard = Guard(
        client,
        prefix=PREFIX,
        secure=lambda: secure_cookies or faults.active("csrf-cookie-secure"),
    )
    volumes = _Volumes(client, guard, faults)
    claims, viewers = (f"/api/namespaces/{{namespace}}/{one}" for one in ("pvcs", "viewers"))

    def guarded(handler: _Handler) -> _Handler:
        async def run(request: Request) -> Response:
            if not faults.active("volumes-open"):
                guard.check(request)
            return await answered(request, handler)

        return run

    return Starlette(
        routes=[
            Route(claims, guarded(volumes.table), methods=["GET"]),
            Route(claims, guarded(volumes.create), methods=["POST"]),
            Route(f"{claims}/{{name}}", guarded(volumes.get), methods=["GET"]),
            Route(f"{claims}/{{name}}", guarded(volumes.delete), methods=["DELETE"]),
            Route(viewers, guarded(volumes.open), methods=["POST"]),
            Route(f"{viewers}/{{name}}", guarded(volumes.close), methods=["DELETE"]),
            Route(f"{claims}/{{name}}/pods", guarded(volumes.pods), methods=["GET"]),
            Route(f"{claims}/{{name}}/events", guarded(volumes.events), methods=["GET"]),
            *guard.routes("Volumes"),
        ],
        exception_handlers=HANDLERS,
    )


class _Volumes:
    def __init__(self, client: KubeClient, guard: Guard, faults: Faults) -> None:
        self._client = client
        self._guard = guard
        self._faults = faults

    async def _namespace(
        self, request: Request, verb: str, resource: Resource = PERSISTENT_VOLUME_CLAIMS
    ) -> str:
        """The namespace that is asked for, if the user may do that there."""
        namespace: str = request.path_params["namespace"]
        if not self._faults.active("volumes-open"):
            await self._guard.require(
                request,
                verb,
                resource.plural,
                namespace,
                api_version=resource.api_version,
            )
        return namespace

    async def table(self, request: Request) -> Response:
        namespace = await self._namespace(request, "list")
        await self._namespace(request, "list", NOTEBOOKS)
        await self._namespace(request, "list", PVC_VIEWERS)
        items, notebooks, viewers = [
            (await self._client.list(one, namespace))["items"]
            for one in (PERSISTENT_VOLUME_CLAIMS, NOTEBOOKS, PVC_VIEWERS)
        ]
        by_name = {one["metadata"]["name"]: one for one in viewers}
        rows = []
        for claim in items:
            name = claim["metadata"]["name"]
            row = {**await self._shown(claim), "notebooks": notebooks_with(name, notebooks)}
            rows.append({**row, "viewer": shown(by_name.get(name))})
        return success(request, "pvcs", rows)

    async def open(self, request: Request) -> Response:
        body = await read_body(request, "name")
        namespace = await self._namespace(request, "create", PVC_VIEWERS)
        await self._client.create(PVC_VIEWERS, viewer_of(body["name"], namespace))
        return success(request, "message", "PVCViewer created successfully.")

    async def close(self, request: Request) -> Response:
        name = request.path_params["name"]
        await self._close(request, name)
        return success(request, "message", f"Viewer {name} successfully deleted.")

    async def _close(self, request: Request, name: str) -> None:
        namespace = await self._namespace(request, "delete", PVC_VIEWERS)
        await self._client.delete(PVC_VIEWERS, name, namespace, propagation="Foreground")

    async def get(self, request: Request) -> Response:
        namespace = await self._namespace(request, "get")
        name = request.path_params["name"]
        claim = await self._client.get(PERSISTENT_VOLUME_CLAIMS, name, namespace)
        return success(request, "pvc", claim)

    async def create(self, request: Request) -> Response:
        body = await read_body(request, "name", "mode", "class", "size", "type")
        namespace = await self._namespace(request, "create")
        spec: Object = {
            "accessModes": [body["mode"]],
            "resources": {"requests": {"storage": body["size"]}},
        }
        if body["class"] != "{empty}":
            spec["storageClassName"] = "" if body["class"] == "{none}" else body["class"]
        metadata = {"name": body["name"], "namespace": namespace}
        await self._client.create(PERSISTENT_VOLUME_CLAIMS, {"metadata": metadata, "spec": spec})
        return success(request, "message", "PVC created successfully.")

    async def delete(self, request: Request) -> Response:
        namespace, name = (
            await self._namespace(request, "list", PODS),
            request.path_params["name"],
        )
        in_use_deleted = self._faults.active("claim-in-use-deleted")
        pods = [] if in_use_deleted else await self._users(namespace, name)
        users = [pod["metadata"]["name"] for pod in pods if viewer_name(pod) is None]
        if users:
            raise RefusedError(
                409, f"Cannot delete PVC '{name}' because it is being used by pods: {users}"
            )
        for viewer in (viewer_name(pod) for pod in pods):
            if viewer is not None and not self._faults.active("viewer-left"):
                await self._close(request, viewer)
        await self._namespace(request, "delete")
        await self._client.delete(PERSISTENT_VOLUME_CLAIMS, name, namespace)
        return success(request, "message", f"PVC {name} successfully deleted.")

    async def pods(self, request: Request) -> Response:
        namespace = await self._namespace(request, "list", PODS)
        return success(request, "pods", await self._users(namespace, request.path_params["name"]))

    async def events(self, request: Request) -> Response:
        namespace = await self._namespace(request, "list", EVENTS)
        return success(
            request, "events", await self._events(namespace, request.path_params["name"])
        )

    async def _users(self, namespace: str, claim: str) -> list[Object]:
        """The pods that have the claim among their volumes."""
        found: list[Object] = []
        for pod in (await self._client.list(PODS, namespace))["items"]:
            volumes = pod["spec"].get("volumes") or []
            sources = [one.get("persistentVolumeClaim") or {} for one in volumes]
            if any(source.get("claimName") == claim for source in sources):
                found.append(pod)
        return found

    async def _events(self, namespace: str, claim: str) -> list[Object]:
        selector = f"involvedObject.kind=PersistentVolumeClaim,involvedObject.name={claim}"
        answer = await self._client.list(EVENTS, namespace, field_selector=selector)
        events: list[Object] = answer["items"]
        return events

    async def _shown(self, claim: Object) -> Object:
        """A line of the app's table."""
        metadata, spec = claim["metadata"], claim["spec"]
        capacity = (claim.get("status") or {}).get("capacity") or spec["resources"]["requests"]
        return {
            "name": metadata["name"],
            "namespace": metadata["namespace"],
            "status": await self._status(claim),
            "age": metadata["creationTimestamp"],
            "capacity": capacity["storage"],
            "modes": spec["accessModes"],
            "class": spec.get("storageClassName"),
        }

    async def _status(self, claim: Object) -> Object:
        metadata = claim["metadata"]
        if metadata.get("deletionTimestamp"):
            return _described("terminating", "Deleting Volume...")
        if (claim.get("status") or {}).get("phase") == "Bound":
            return _described("ready", "Bound")
        events = await self._events(metadata["namespace"], metadata["name"])
        if not events:
            return _described("waiting", "Provisioning Volume...")
        reason, message = events[0]["reason"], events[0].get("message", "")
        if reason == "WaitForFirstConsumer":
            return _described("unavailable", _WAITS, reason)
        kind = "warning" if events[0].get("type") == "Warning" else "ready"
        return _described(_PHASES.get(reason, kind), f"Pending: {message}", reason)


def _described(phase: str, message: str, state: str = "") -> Object:
    return {"phase": phase, "message": message, "state": state}
