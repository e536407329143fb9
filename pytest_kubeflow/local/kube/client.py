"""KubeClient: the verbs of the Kubernetes API over one pooled HTTP connection.

httpx does the transport. The generated `kubernetes` SDK is not used here because its import alone
takes 0.9 s of the 1.5 s that the embedded cluster has to start.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Any, Self

import httpx

from pytest_kubeflow.local.kube.kubeconfig import Credentials
from pytest_kubeflow.local.kube.resources import Resource

Object = dict[str, Any]
PATCH_TYPES = {
    "merge": "application/merge-patch+json",
    "json": "application/json-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "apply": "application/apply-patch+yaml",
}


class ApiError(Exception):
    """The API server answered with a `Status` of failure.

    `code` is the HTTP status, `reason` the machine-readable word (`NotFound`, `Conflict`, ...).
    """

    def __init__(self, code: int, reason: str, message: str) -> None:
        super().__init__(f"{code} {reason}: {message}")
        self.code = code
        self.reason = reason
        self.message = message

    @property
    def not_found(self) -> bool:
        return self.code == 404

    @property
    def conflict(self) -> bool:
        return self.code == 409


class KubeClient:
    """Asynchronous client of one API server; objects are plain dicts."""

    def __init__(self, credentials: Credentials, *, user_agent: str = "embedded-kubeflow") -> None:
        self.credentials = credentials
        self._http = httpx.AsyncClient(
            base_url=credentials.server,
            verify=credentials.ssl_context(),
            headers={"User-Agent": user_agent},
            timeout=httpx.Timeout(30.0, pool=None),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=256),
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self._http.aclose()

    def _authorization(self) -> dict[str, str]:
        credentials = self.credentials
        # A projected token is renewed in place, so its file is read for each request.
        token = (
            credentials.token_file.read_text().strip()
            if credentials.token_file is not None
            else credentials.token
        )
        return {"Authorization": f"Bearer {token}"} if token else {}

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: dict[str, Any] | None = None,
        body: Any = None,
        content_type: str = "application/json",
    ) -> Object:
        """One call that answers JSON. ApiError: it was refused; httpx.HTTPError: no answer."""
        headers = {"Accept": "application/json", **self._authorization()}
        content = None
        if body is not None:
            headers["Content-Type"] = content_type
            content = json.dumps(body).encode()
        response = await self._http.request(
            method, path, params=params, content=content, headers=headers
        )
        if response.is_error:
            raise _api_error(response)
        answer: Object = response.json()
        return answer

    async def get(self, resource: Resource, name: str, namespace: str | None = None) -> Object:
        return await self.request("GET", resource.path(namespace, name))

    async def list(
        self,
        resource: Resource,
        namespace: str | None = None,
        *,
        label_selector: str | None = None,
        field_selector: str | None = None,
    ) -> Object:
        """The whole list object: `items`, and `metadata.resourceVersion` to watch from."""
        return await self.request(
            "GET",
            resource.path(namespace),
            params=_selectors(label_selector, field_selector),
        )

    async def create(self, resource: Resource, obj: Object) -> Object:
        """POST `obj` into the namespace that its metadata names."""
        obj = {"apiVersion": resource.api_version, "kind": resource.kind, **obj}
        namespace = obj["metadata"].get("namespace")
        return await self.request("POST", resource.path(namespace), body=obj)

    async def replace(
        self, resource: Resource, obj: Object, *, subresource: str | None = None
    ) -> Object:
        """PUT `obj`; a stale `metadata.resourceVersion` raises ApiError with reason Conflict."""
        return await self.request("PUT", _object_path(resource, obj, subresource), body=obj)

    async def patch(
        self,
        resource: Resource,
        name: str,
        patch: Any,
        *,
        namespace: str | None = None,
        subresource: str | None = None,
        kind: str = "merge",
        params: dict[str, Any] | None = None,
    ) -> Object:
        """PATCH with a `merge`, `json`, `strategic` or `apply` patch."""
        path = resource.path(namespace, name)
        if subresource:
            path += f"/{subresource}"
        return await self.request(
            "PATCH", path, body=patch, content_type=PATCH_TYPES[kind], params=params
        )

    async def delete(
        self,
        resource: Resource,
        name: str,
        namespace: str | None = None,
        *,
        grace_seconds: int | None = None,
        uid: str | None = None,
        propagation: str | None = None,
    ) -> Object:
        """DELETE one object; with `uid`, only if it is still that one."""
        options: Object = {"apiVersion": "v1", "kind": "DeleteOptions"}
        if grace_seconds is not None:
            options["gracePeriodSeconds"] = grace_seconds
        if uid is not None:
            options["preconditions"] = {"uid": uid}
        if propagation is not None:
            options["propagationPolicy"] = propagation
        return await self.request("DELETE", resource.path(namespace, name), body=options)

    async def logs(self, pod: str, namespace: str, *, container: str) -> str:
        """What a container has written so far. ApiError: there is no log to be had."""
        path = f"/api/v1/namespaces/{namespace}/pods/{pod}/log"
        response = await self._http.get(
            path, params={"container": container}, headers=self._authorization()
        )
        if response.is_error:
            raise _api_error(response)
        return response.text

    async def watch(
        self,
        resource: Resource,
        namespace: str | None = None,
        *,
        resource_version: str,
        label_selector: str | None = None,
        field_selector: str | None = None,
    ) -> AsyncIterator[tuple[str, Object]]:
        """Yield `(type, object)` of one watch until the server ends it, bookmarks included.

        An ERROR event (410 Expired, say) is raised as ApiError.
        """
        params = {
            **_selectors(label_selector, field_selector),
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": resource_version,
        }
        async with self._http.stream(
            "GET",
            resource.path(namespace),
            params=params,
            headers={"Accept": "application/json", **self._authorization()},
            timeout=httpx.Timeout(30.0, read=None, pool=None),
        ) as response:
            if response.is_error:
                await response.aread()
                raise _api_error(response)
            async for line in response.aiter_lines():
                event = json.loads(line)
                if event["type"] == "ERROR":
                    status = event["object"]
                    raise ApiError(
                        status.get("code", 500),
                        status.get("reason", "Unknown"),
                        status.get("message", ""),
                    )
                yield event["type"], event["object"]


def _selectors(labels: str | None, fields: str | None) -> dict[str, str]:
    chosen = {"labelSelector": labels, "fieldSelector": fields}
    return {key: value for key, value in chosen.items() if value}


def _object_path(resource: Resource, obj: Object, subresource: str | None) -> str:
    metadata = obj["metadata"]
    path = resource.path(metadata.get("namespace"), metadata["name"])
    return f"{path}/{subresource}" if subresource else path


def _api_error(response: httpx.Response) -> ApiError:
    try:
        status = response.json()
    except ValueError:
        status = {}
    if not isinstance(status, dict):
        status = {}
    return ApiError(
        response.status_code,
        status.get("reason", response.reason_phrase),
        status.get("message", response.text[:500]),
    )
