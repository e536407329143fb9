"""Trial templates by Katib's UI: ConfigMaps with its label, of all namespaces that one may see.

Rules: kubeflow/katib v0.19.0, pkg/ui/v1beta1/{backend,util}.go.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from pytest_kubeflow.local.bodies import parse_json
from pytest_kubeflow.local.katib.access import Access
from pytest_kubeflow.local.katib.config import NAMESPACE
from pytest_kubeflow.local.kube import ApiError, KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import CONFIG_MAPS, NAMESPACES

_LABEL = ("katib.kubeflow.org/component", "trial-templates")


class TrialTemplates:
    """Handlers of requests; they raise ApiError and DeniedError."""

    def __init__(self, client: KubeClient, access: Access) -> None:
        self._client = client
        self._access = access

    async def fetch(self, request: Request) -> Response:
        """All templates that one may see."""
        return await self._listed(request)

    async def add(self, request: Request) -> Response:
        """A new template, in a ConfigMap that is made for the first."""
        body = parse_json(await request.body())
        namespace, name = await self._allowed(request, body, "create")
        try:
            known: Mapping[str, str] = await self._data(name, namespace)
        except ApiError as error:
            if not error.not_found:
                raise
            known = {}
        data = {**known, body["updatedConfigMapPath"]: body["updatedTemplateYaml"]}
        if len(data) == 1:
            await self._client.create(CONFIG_MAPS, _config_map(name, namespace, data))
        else:
            await self._client.replace(CONFIG_MAPS, _config_map(name, namespace, data))
        return await self._listed(request)

    async def edit(self, request: Request) -> Response:
        """Another text, or another name."""
        body = parse_json(await request.body())
        namespace, name = await self._allowed(request, body, "update")
        data = dict(await self._data(name, namespace))
        data.pop(body["configMapPath"], None)
        data[body["updatedConfigMapPath"]] = body["updatedTemplateYaml"]
        await self._client.replace(CONFIG_MAPS, _config_map(name, namespace, data))
        return await self._listed(request)

    async def delete(self, request: Request) -> Response:
        """Remove a template, and its ConfigMap with the last."""
        body = parse_json(await request.body())
        namespace, name = await self._allowed(request, body, "delete")
        data = dict(await self._data(name, namespace))
        data.pop(body["updatedConfigMapPath"], None)
        if data:
            await self._client.replace(CONFIG_MAPS, _config_map(name, namespace, data))
        else:
            await self._client.delete(CONFIG_MAPS, name, namespace)
        return await self._listed(request)

    async def _allowed(self, request: Request, body: Object, verb: str) -> tuple[str, str]:
        namespace, name = body["updatedConfigMapNamespace"], body["updatedConfigMapName"]
        await self._access.require(request, verb, CONFIG_MAPS, namespace, name=name)
        return namespace, name

    async def _data(self, name: str, namespace: str) -> Mapping[str, str]:
        found = await self._client.get(CONFIG_MAPS, name, namespace)
        return found.get("data") or {}

    async def _listed(self, request: Request) -> Response:
        # One that may not be seen is an error there, whatever else there is.
        selector = "=".join(_LABEL)
        items = (await self._client.list(CONFIG_MAPS, label_selector=selector))["items"]
        views = []
        for namespace in (await self._client.list(NAMESPACES))["items"]:
            place = namespace["metadata"]["name"]
            maps = []
            for one in items:
                if one["metadata"]["namespace"] != place:
                    continue
                name = one["metadata"]["name"]
                if place != NAMESPACE:
                    await self._access.require(request, "get", CONFIG_MAPS, place, name=name)
                data = sorted((one.get("data") or {}).items())
                if data:
                    templates = [{"Path": path, "Yaml": text} for path, text in data]
                    maps.append({"ConfigMapName": name, "Templates": templates})
            if maps:
                views.append({"ConfigMapNamespace": place, "ConfigMaps": maps})
        return PlainTextResponse(json.dumps({"Data": views}))


def _config_map(name: str, namespace: str, data: Mapping[str, str]) -> Object:
    metadata = {"name": name, "namespace": namespace, "labels": dict([_LABEL])}
    return {"metadata": metadata, "data": dict(data)}
